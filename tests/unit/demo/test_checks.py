"""Each check passes on a perfect evening, and fails on the one thing that it is there for."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cli.demo.checks import check_all, latencies, percentile
from cli.demo.evidence import Check, Evidence
from cli.demo.facts import Failed, Got
from cli.demo.firms import Company, Need
from cli.demo.routes import End
from tests.unit.demo.builders import Perfect, heard, script, spoiled

Spoil = Callable[[Perfect], Evidence]


def failed(evidence: Evidence) -> list[Check]:
    return [check for check in check_all(evidence) if not check.good]


def test_a_perfect_evening_passes_every_check() -> None:
    assert failed(Perfect(script(120)).evidence()) == []


def lost_receipt(evening: Perfect) -> Evidence:
    evening.ledger.receipts.popitem()
    return evening.evidence()


def second_receipt(evening: Perfect) -> Evidence:
    for answers in evening.ledger.receipts.values():
        answers.append(answers[0])
        break
    return evening.evidence()


def refusal_of_a_right_record(evening: Perfect) -> Evidence:
    position = next(iter(evening.ledger.receipts))
    problems = [{"pointer": "", "rule": "missing", "message": ""}]
    evening.ledger.receipts[position] = [heard("submission.refused", "receipts", {"problems": problems})]
    return evening.evidence()


def refusal_for_another_reason(evening: Perfect) -> Evidence:
    for position, (answer, *_) in evening.ledger.receipts.items():
        if answer.fact == "submission.refused":
            problems = [{"pointer": "", "rule": "type-unknown", "message": ""}]
            evening.ledger.receipts[position] = [replace(answer, data={"problems": problems})]
            break
    return evening.evidence()


def gap_in_a_feed(evening: Perfect) -> Evidence:
    evening.ledger.apply(Got("cna", replace(heard("referral.reminded", "referrals", {}, 9), missing=3), 1.0))
    return evening.evidence()


def client_that_failed(evening: Perfect) -> Evidence:
    evening.ledger.apply(Failed("cna", "Kafka refuses cna"))
    return evening.evidence()


def firm_behind_in_referral(evening: Perfect) -> Evidence:
    evidence = evening.evidence()
    first = next(iter(evidence.view.routed))
    return spoiled(evidence, registered={**evidence.view.registered, first: 2})


def firm_absent_from_the_classifier(evening: Perfect) -> Evidence:
    evidence = evening.evidence()
    first = next(iter(evidence.view.assessed))
    return spoiled(evidence, assessed={id_: one for id_, one in evidence.view.assessed.items() if id_ != first})


def firm_of_which_nobody_was_asked(evening: Perfect) -> Evidence:
    evening.ledger.inquired.popitem()
    return evening.evidence()


def firm_of_which_somebody_was_asked_twice(evening: Perfect) -> Evidence:
    company, partner = unsettled(evening)
    evening.inquire(company, partner)
    return evening.evidence()


def firm_of_which_another_was_asked(evening: Perfect) -> Evidence:
    company, partner = unsettled(evening)
    evening.ledger.inquired[company.codice_fiscale] = ["cna" if partner != "cna" else "aice"]
    return evening.evidence()


def settled_firm_of_which_somebody_was_asked(evening: Perfect) -> Evidence:
    company = next(one for one in evening.script.companies if one.assessment.status == "classified")
    evening.inquire(company, company.publisher)
    return evening.evidence()


def unsettled(evening: Perfect) -> tuple[Company, str]:
    """A firm whose segment is not settled, and who was asked."""
    code, (partner, *_) = next(iter(evening.ledger.inquired.items()))
    return evening.ledger.companies[code], partner


def test_of_a_firm_that_a_second_partner_settles_its_publisher_may_have_been_asked_before() -> None:
    evening = Perfect(script(60))
    company = next(role.company for role in evening.script.roles if role.title == "told by two partners")
    assert company is not None
    evening.inquire(company, company.publisher)
    assert failed(evening.evidence()) == []


def firm_in_another_segment(evening: Perfect) -> Evidence:
    evidence = evening.evidence()
    id_, one = next(iter(evidence.view.assessed.items()))
    other = replace(one, possible=("no_experience", "light_presence"))
    return spoiled(evidence, assessed={**evidence.view.assessed, id_: other})


def referral_to_another_partner(evening: Perfect) -> Evidence:
    id_, one = next(iter(evening.ledger.requested.items()))
    evening.ledger.requested[id_] = replace(one, partner="claai" if one.partner != "claai" else "cna")
    return evening.evidence()


def referral_that_never_came(evening: Perfect) -> Evidence:
    evening.ledger.requested.popitem()
    return evening.evidence()


def need_that_nobody_has(evening: Perfect) -> Evidence:
    one = next(iter(evening.ledger.requested.values()))
    evening.ledger.requested["x"] = replace(one, referral_id="x", need=Need("institutional_support", import_=True))
    return evening.evidence()


def copy_that_never_came(evening: Perfect) -> Evidence:
    id_ = next(id_ for id_, one in evening.ledger.requested.items() if not one.responsible)
    del evening.ledger.requested[id_]
    return evening.evidence()


def need_left_with_nobody(evening: Perfect) -> Evidence:
    rows = [replace(row, state=End.MANUAL.value) for row in evening.needs]
    return spoiled(evening.evidence(), needs=rows)


def answer_that_was_refused(evening: Perfect) -> Evidence:
    position = next(iter(evening.ledger.reply_answers))
    problems = [{"pointer": "/status", "rule": "status-not-possible", "message": ""}]
    refused = heard("referral.update-refused", "referrals", {"problems": problems})
    evening.ledger.reply_answers[position] = [refused]
    return evening.evidence()


def answer_that_was_not_recorded(evening: Perfect) -> Evidence:
    evening.ledger.reply_answers.popitem()
    return evening.evidence()


def mail_that_is_not_in_the_sink(evening: Perfect) -> Evidence:
    evidence = evening.evidence()
    return replace(evidence, mails=dict(list(evidence.mails.items())[1:]))


def mail_that_was_not_sent(evening: Perfect) -> Evidence:
    rows = [replace(row, state="failed") if place == 0 else row for place, row in enumerate(evening.mails)]
    return spoiled(evening.evidence(), mails=rows)


def firm_whose_word_never_came_back(evening: Perfect) -> Evidence:
    evening.ledger.closed[evening.endings[0].asked.referral_id].pop()
    return evening.evidence()


def firm_whose_word_was_turned_round(evening: Perfect) -> Evidence:
    evening.ledger.closed[evening.endings[1].asked.referral_id][-1] = "yes"
    return evening.evidence()


def partner_that_was_told_twice(evening: Perfect) -> Evidence:
    evening.ledger.closed[evening.endings[0].asked.referral_id].append("yes")
    return evening.evidence()


def page_that_refused(evening: Perfect) -> Evidence:
    evening.endings[0] = replace(evening.endings[0], answered=403)
    return evening.evidence()


def mail_without_a_link(evening: Perfect) -> Evidence:
    evening.endings[0] = replace(evening.endings[0], opened=0, answered=0, trouble="the firm has got no mail")
    return evening.evidence()


def endings_that_were_left_out(evening: Perfect) -> Evidence:
    evening.endings.clear()
    return evening.evidence()


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lost_receipt, "receipts"),
        (second_receipt, "receipts"),
        (refusal_of_a_right_record, "receipts"),
        (refusal_for_another_reason, "receipts"),
        (gap_in_a_feed, "feeds"),
        (client_that_failed, "feeds"),
        (firm_behind_in_referral, "stores"),
        (firm_absent_from_the_classifier, "stores"),
        (firm_in_another_segment, "segments"),
        (firm_of_which_nobody_was_asked, "segments"),
        (firm_of_which_somebody_was_asked_twice, "segments"),
        (firm_of_which_another_was_asked, "segments"),
        (settled_firm_of_which_somebody_was_asked, "segments"),
        (referral_to_another_partner, "routes"),
        (referral_that_never_came, "routes"),
        (need_that_nobody_has, "routes"),
        (copy_that_never_came, "routes"),
        (need_left_with_nobody, "routes"),
        (answer_that_was_refused, "answers"),
        (answer_that_was_not_recorded, "answers"),
        (firm_whose_word_never_came_back, "endings"),
        (firm_whose_word_was_turned_round, "endings"),
        (partner_that_was_told_twice, "endings"),
        (page_that_refused, "endings"),
        (mail_without_a_link, "endings"),
        (endings_that_were_left_out, "endings"),
        (mail_that_is_not_in_the_sink, "mails"),
        (mail_that_was_not_sent, "mails"),
    ],
)
def test_what_is_wrong_is_seen_by_the_check_that_is_there_for_it(spoil: Spoil, check: str) -> None:
    assert check in [one.name for one in failed(spoil(Perfect(script(60))))]


def test_an_evening_without_anything_passes_no_check_that_compares() -> None:
    evening = Perfect(replace(script(60), roles=()))
    assert {"feeds", "segments", "routes", "mails"} <= {one.name for one in failed(evening.evidence())}


def test_latency_is_measured_on_firms_told_once() -> None:
    evening = Perfect(script(60))
    once = {role.company.number for role in evening.script.roles if role.company and role.told_once}
    needs = {(one.company.number, one.need) for one in evening.ledger.requested.values()}
    assert len(latencies(evening.ledger)) == sum(number in once for number, _ in needs)


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(list(range(1, 101)), share) == value


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 0.5) is None
