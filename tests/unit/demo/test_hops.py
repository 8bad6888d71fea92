"""The doors: what has passed, who waits, when it is over."""

from dataclasses import replace

from cli.demo.hops import finished, hops, stands_still, totals_of
from cli.demo.stores import View
from tests.unit.demo.builders import ACCORD, Perfect, script


def test_at_the_end_everything_has_passed_every_door() -> None:
    evening = Perfect(script(60))
    doors = hops(evening.ledger, evening.view(), totals_of(evening.script, ACCORD))
    assert all(door.passed == door.due for door in doors)
    assert stands_still(doors) is None


def test_firms_that_referral_has_not_read_wait_before_referral() -> None:
    evening = Perfect(script(60))
    view = replace(evening.view(), routed={}, needs=[], referrals=[], mails=[])
    stuck = stands_still(hops(evening.ledger, view, totals_of(evening.script, ACCORD)))
    assert stuck is not None
    assert (stuck.name, stuck.part, stuck.waiting) == ("referral", "referral", len(evening.script.companies))


def test_records_without_a_receipt_wait_before_intake() -> None:
    evening = Perfect(script(60))
    evening.ledger.receipts.clear()
    stuck = stands_still(hops(evening.ledger, View(), totals_of(evening.script, ACCORD)))
    assert stuck is not None
    assert (stuck.name, stuck.waiting) == ("intake", 60)


def test_a_partners_answer_that_is_not_recorded_waits_before_referral() -> None:
    evening = Perfect(script(60))
    evening.ledger.reply_answers.popitem()
    stuck = stands_still(hops(evening.ledger, evening.view(), totals_of(evening.script, ACCORD)))
    assert stuck is not None
    assert (stuck.name, stuck.waiting) == ("referral", 1)


def test_mails_that_were_not_sent_wait_before_the_mail_door() -> None:
    evening = Perfect(script(60))
    mails = [replace(row, state="pending") if row.state == "sent" else row for row in evening.mails]
    doors = hops(evening.ledger, replace(evening.view(), mails=mails), totals_of(evening.script, ACCORD))
    stuck = stands_still(doors)
    assert stuck is not None
    assert (stuck.name, stuck.part) == ("mail", "notifier")


def over(evening: Perfect, view: View) -> bool:
    return finished(evening.ledger.settled(), list(evening.ledger.firm_ids), view)


def test_a_perfect_evening_is_over() -> None:
    evening = Perfect(script(60))
    assert over(evening, evening.view())


def test_it_is_not_over_while_a_record_is_unread() -> None:
    evening = Perfect(script(60))
    assert not over(evening, replace(evening.view(), unread={"notifier": 1}))


def test_it_is_not_over_while_a_record_is_unpublished() -> None:
    evening = Perfect(script(60))
    assert not over(evening, replace(evening.view(), unpublished={"referral": 1}))


def test_it_is_not_over_while_a_referral_has_not_reached_its_partner() -> None:
    evening = Perfect(script(60))
    settled = evening.ledger.settled()
    assert settled is not None
    missing = settled - {evening.referrals[0].referral_id}
    assert not finished(missing, list(evening.ledger.firm_ids), evening.view())


def test_it_is_not_over_while_a_partner_has_still_to_answer() -> None:
    evening = Perfect(script(60))
    evening.ledger.replied.popitem()
    assert evening.ledger.settled() is None


def test_it_is_not_over_while_a_mail_is_pending() -> None:
    evening = Perfect(script(60))
    mails = [replace(evening.mails[0], state="pending"), *evening.mails[1:]]
    assert not over(evening, replace(evening.view(), mails=mails))
