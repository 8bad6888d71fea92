"""Days that pass as they should pass the check, and each thing that goes wrong with a deadline fails it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cli.demo.checks import check_all
from cli.demo.days import milestones
from cli.demo.deadlines import check_deadlines, outstanding
from cli.demo.evidence import Evidence
from cli.demo.heard import Requested
from cli.demo.routes import Said
from tests.unit.demo.builders import ACCORD, DAY_3, DAY_10, NOW, script, spoiled
from tests.unit.demo.days import PerfectDays

Spoil = Callable[[PerfectDays], Evidence]


def silent(evening: PerfectDays) -> Requested:
    return next(
        one
        for one in evening.ledger.requested.values()
        if one.responsible and one.referral_id not in evening.ledger.replied
    )


def accepted(evening: PerfectDays) -> Requested:
    ledger = evening.ledger
    return next(
        one
        for id_, one in ledger.requested.items()
        if id_ in ledger.replied and ledger.replied[id_].said is Said.ACCEPTED and id_ not in ledger.steps
    )


def test_days_that_pass_as_they_should_pass_every_check() -> None:
    assert [check for check in check_all(PerfectDays(script(120)).evidence()) if not check.good] == []


def test_everything_that_a_deadline_can_bring_is_in_the_cast() -> None:
    found = check_deadlines(PerfectDays(script(120)).evidence()).found
    for words in ("reminded", "escalated", "lost the need", "not calling", "asked back", "on hold", "membership"):
        assert words in found


def test_time_is_moved_to_each_figure_of_the_agreement() -> None:
    assert list(milestones(ACCORD)) == [3, 5, 7, 10]


def test_nothing_is_outstanding_before_its_day_and_all_of_it_afterwards() -> None:
    evening = PerfectDays(script(60))
    evening.ledger.steps.clear()
    ends = (DAY_3 - timedelta(seconds=1), DAY_3, DAY_10)
    before, on_the_day, at_the_end = (outstanding(evening.ledger, end, ACCORD) for end in ends)
    assert before < on_the_day < at_the_end


def reminder_that_never_came(evening: PerfectDays) -> Evidence:
    evening.ledger.steps[silent(evening).referral_id].pop(0)
    return evening.evidence()


def second_reminder(evening: PerfectDays) -> Evidence:
    steps = evening.ledger.steps[silent(evening).referral_id]
    steps.append(steps[0])
    return evening.evidence()


def reminder_before_its_time(evening: PerfectDays) -> Evidence:
    steps = evening.ledger.steps[silent(evening).referral_id]
    steps[0] = replace(steps[0], at=DAY_3 - timedelta(days=1))
    return evening.evidence()


def reminder_of_who_had_answered(evening: PerfectDays) -> Evidence:
    one = accepted(evening)
    evening.step(one.partner, one.referral_id, "reminded", "acceptance_due", DAY_3)
    return evening.evidence()


def reminder_of_a_copy(evening: PerfectDays) -> Evidence:
    one = next(one for one in evening.ledger.requested.values() if not one.responsible)
    evening.step(one.partner, one.referral_id, "reminded", "acceptance_due", DAY_3)
    return evening.evidence()


def need_taken_from_who_had_answered(evening: PerfectDays) -> Evidence:
    id_ = accepted(evening).referral_id
    heir = replace(evening.referrals[0], referral_id="heir", partner="regione", replaces=id_)
    return spoiled(evening.evidence(), referrals=[*evening.referrals, heir])


def heir_that_replaces_nothing(evening: PerfectDays) -> Evidence:
    lost = silent(evening).referral_id
    rows = [replace(row, replaces=None) if row.replaces == lost else row for row in evening.referrals]
    return spoiled(evening.evidence(), referrals=rows)


def hold_that_never_ends(evening: PerfectDays) -> Evidence:
    held = next(one.report.referral_id for one in evening.ledger.reports.values() if one.report.status == "on_hold")
    evening.stands(held, "on_hold")
    return evening.evidence()


def body_that_was_not_asked(evening: PerfectDays) -> Evidence:
    evening.ledger.queries.popitem()
    return evening.evidence()


def need_that_did_not_wait_for_the_body(evening: PerfectDays) -> Evidence:
    id_, one = next(
        (id_, one)
        for id_, one in evening.ledger.requested.items()
        if one.company.claims and not one.by.startswith("owner_")
    )
    evening.ledger.requested[id_] = replace(one, asked_at=NOW)
    return evening.evidence()


def other_day_to_accept_by(evening: PerfectDays) -> Evidence:
    one = silent(evening)
    evening.ledger.requested[one.referral_id] = replace(one, accept_by=DAY_3)
    return evening.evidence()


def cancellation_that_silence_did_not_confirm(evening: PerfectDays) -> Evidence:
    for steps in evening.ledger.steps.values():
        if steps[0].fact == "cancellation-requested":
            del steps[1]
    return evening.evidence()


def clock_that_does_not_fire(evening: PerfectDays) -> Evidence:
    return spoiled(evening.evidence(), overdue=1)


@pytest.mark.parametrize(
    "spoil",
    [
        reminder_that_never_came,
        second_reminder,
        reminder_before_its_time,
        reminder_of_who_had_answered,
        reminder_of_a_copy,
        need_taken_from_who_had_answered,
        heir_that_replaces_nothing,
        hold_that_never_ends,
        body_that_was_not_asked,
        need_that_did_not_wait_for_the_body,
        other_day_to_accept_by,
        cancellation_that_silence_did_not_confirm,
        clock_that_does_not_fire,
    ],
)
def test_a_deadline_that_goes_wrong_is_seen(spoil: Spoil) -> None:
    assert not check_deadlines(spoil(PerfectDays(script(60)))).good


def test_a_clock_that_never_fires_is_named_with_the_partner_that_should_have_heard_it() -> None:
    evening = PerfectDays(script(60))
    one = silent(evening)
    evening.ledger.steps[one.referral_id].clear()
    wrong = check_deadlines(evening.evidence()).wrong
    assert any(line.startswith(f"{one.partner}, {one.company.short}") and "not reminded" in line for line in wrong)
