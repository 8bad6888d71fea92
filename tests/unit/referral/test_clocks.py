"""Which clocks a referral has, when each is due, and what follows when it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.referral import domain
from services.referral.answers import Outcome, answer
from services.referral.case import (
    LEG_REJECTED,
    Case,
    Escalated,
    Fact,
    InformationAsked,
    InformationClosed,
    MembershipAsked,
    Moment,
    Moved,
    NeedState,
    Opened,
    Outage,
    Referral,
    Reminded,
    Role,
    WishAsked,
)
from services.referral.clocks import Ball, Kind, ball, is_late, judged, running
from services.referral.lifecycle import Ended, Flag, Status
from services.referral.ringing import ring
from tests.unit.referral.builders import ACCORD, NOW, case_with, consent, member, moment, need
from tests.unit.referral.test_answers import update


def end(month: int, day: int, year: int = 2026) -> datetime:
    """The last second of a winter's day in Rome."""
    return datetime(year, month, day, 22, 59, 59, tzinfo=UTC)


def at(when: datetime, *outages: Outage) -> Moment:
    return Moment(f"timer/{when.isoformat()}", when, when.date(), ACCORD, outages)


def asked(front: str = "assistance", **more: object) -> tuple[Case, Referral]:
    """A referral that was requested on Monday, 23 November 2026, of cna's member."""
    case, (referral, *_) = case_with(need(front), members=(member("cna"),), **more)  # type: ignore[arg-type]
    return case, referral


def standing(*steps: Status, when: datetime = NOW) -> tuple[Case, Referral]:
    """Moved by its partner through these, all at once."""
    case, referral = asked()
    for status in steps:
        hold_until = end(12, 4) if status is Status.ON_HOLD else None
        domain.move(case, referral, status, None, when, moment(), hold_until=hold_until)
        referral = case.referrals[referral.referral_id]
    return case, referral


def names(facts: list[Fact]) -> list[str]:
    return [
        f"{type(fact).__name__} {fact.referral.partner}"
        + (f" {fact.referral.status}" if isinstance(fact, Moved) else "")
        for fact in facts
        if not isinstance(fact, MembershipAsked | InformationAsked | InformationClosed | WishAsked)
    ]


def test_a_request_has_the_ladder_of_its_acceptance() -> None:
    case, referral = asked()
    assert [(clock.kind, clock.due_at) for clock in running(case, referral)] == [
        (Kind.REMIND, end(11, 26)),
        (Kind.ESCALATE, end(11, 30)),
        (Kind.REROUTE, end(12, 2)),
    ]


def test_the_ladder_is_climbed_step_by_step_and_ends_at_another_partner() -> None:
    case, referral = asked()
    id = referral.referral_id
    assert ring(case, id, at(end(11, 26) - timedelta(seconds=1))) == []
    told = [names(ring(case, id, at(when))) for when in (end(11, 26), end(11, 30), end(12, 2))]
    assert told == [["Reminded cna"], ["Escalated cna"], ["Moved cna cancelled", "Opened unioncamere"]]
    assert (case.referrals[id].reason, case.needs[referral.need_id].excluded) == (
        "no_response",
        frozenset({"cna"}),
    )


def test_who_was_away_for_the_whole_ladder_climbs_it_in_order_at_once() -> None:
    case, referral = asked()
    facts = ring(case, referral.referral_id, at(end(12, 2)))
    assert names(facts) == ["Reminded cna", "Escalated cna", "Moved cna cancelled", "Opened unioncamere"]
    assert ring(case, referral.referral_id, at(end(12, 3))) == []


def test_to_have_received_a_request_stops_nothing() -> None:
    case, referral = standing(Status.RECEIVED)
    facts = ring(case, referral.referral_id, at(end(12, 2)))
    assert names(facts)[-2:] == ["Moved cna cancelled", "Opened unioncamere"]


def test_a_decision_taken_again_on_the_same_timer_is_the_same() -> None:
    results = []
    for _ in range(2):
        case, referral = asked()
        results.append(ring(case, referral.referral_id, at(end(12, 2))))
    assert results[0] == results[1]


def test_an_acceptance_ends_the_ladder_and_first_contact_is_due_in_ten_working_days() -> None:
    case, referral = standing(Status.ACCEPTED)
    assert [(clock.kind, clock.due_at) for clock in running(case, referral)] == [(Kind.ESCALATE, end(12, 9))]
    (fact,) = ring(case, referral.referral_id, at(end(12, 9)))
    assert fact == Escalated(case.referrals[referral.referral_id], "first_contact_due", end(12, 9))
    assert running(case, case.referrals[referral.referral_id]) == []


def test_a_partner_at_work_may_be_silent_for_sixty_working_days_and_a_note_begins_them_anew() -> None:
    case, referral = standing(Status.ACCEPTED, Status.IN_PROGRESS)
    (reminder, escalation) = running(case, referral)
    assert (reminder.due_at, escalation.due_at) == (end(2, 22, 2027), end(2, 24, 2027))
    domain.touch(case, referral, NOW + timedelta(days=1), moment())
    assert ring(case, referral.referral_id, at(end(2, 22, 2027))) == []
    (fact,) = ring(case, referral.referral_id, at(end(2, 23, 2027)))
    assert isinstance(fact, Reminded)
    assert fact.reason == "update_due"


def test_a_hold_rests_the_clock_and_ends_by_itself() -> None:
    """Three working days of ten are gone when it begins, on Thursday; it ends on Friday, 4 December: six days more."""
    case, referral = standing(Status.ACCEPTED)
    thursday = NOW + timedelta(days=3)
    domain.move(case, referral, Status.ON_HOLD, "waiting_call", thursday, moment(), hold_until=end(12, 4))
    held = case.referrals[referral.referral_id]
    assert [clock.kind for clock in running(case, held)] == [Kind.HOLD]
    (fact,) = ring(case, referral.referral_id, at(end(12, 4)))
    back = case.referrals[referral.referral_id]
    assert fact == Moved(back, Status.ON_HOLD)
    assert (back.status, back.resumes, back.hold_until, back.reason) == (Status.ACCEPTED, None, None, None)
    assert back.contact_by == back.escalate_at == end(12, 17)


def test_a_partner_that_ends_a_hold_itself_was_heard_of() -> None:
    case, referral = standing(Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD)
    domain.move(case, referral, Status.IN_PROGRESS, None, NOW + timedelta(days=1), moment())
    assert case.referrals[referral.referral_id].heard_by == end(2, 23, 2027)


def test_the_silence_after_a_requested_cancellation_confirms_it() -> None:
    case, referral = standing(Status.ACCEPTED, Status.IN_PROGRESS)
    domain.cancel(case, referral, Ended.FIRM_REQUEST, moment())
    (clock,) = running(case, case.referrals[referral.referral_id])
    assert (clock.kind, clock.due_at) == (Kind.CANCELLATION, end(11, 30))
    facts = ring(case, referral.referral_id, at(end(11, 30)))
    assert names(facts) == ["Moved cna cancelled"]
    assert case.referrals[referral.referral_id].reason == "firm_request"


def test_a_hold_may_end_while_its_cancellation_is_still_unanswered() -> None:
    case, referral = standing(Status.ACCEPTED, Status.ON_HOLD)
    domain.cancel(case, referral, Ended.FIRM_REQUEST, moment())
    assert [clock.kind for clock in running(case, case.referrals[referral.referral_id])] == [
        Kind.CANCELLATION,
        Kind.HOLD,
    ]


def test_a_consent_that_runs_out_ends_what_nobody_has_accepted() -> None:
    tomorrow = NOW + timedelta(days=1)
    case, referral = asked(consents=(consent(expires_at=tomorrow),))
    assert running(case, referral)[0].kind is Kind.CONSENT
    facts = ring(case, referral.referral_id, at(tomorrow))
    assert names(facts) == ["Moved cna cancelled"]
    assert case.referrals[referral.referral_id].reason == "consent_expired"
    accepted, there = asked(consents=(consent(expires_at=tomorrow),))
    domain.move(accepted, there, Status.ACCEPTED, None, NOW, moment())
    assert ring(accepted, there.referral_id, at(tomorrow)) == []


def test_the_last_of_several_consents_counts() -> None:
    days = [NOW + timedelta(days=n) for n in (1, 2)]
    case, referral = asked(consents=(consent(expires_at=days[0]), consent("cna", expires_at=days[1])))
    assert running(case, referral)[0].due_at == days[1]
    lasting, other = asked(consents=(consent(expires_at=days[0]), consent("cna")))
    assert Kind.CONSENT not in {clock.kind for clock in running(lasting, other)}


def test_a_deadline_that_fell_into_an_outage_is_judged_a_working_day_after_it() -> None:
    away = (end(12, 2) - timedelta(hours=1), end(12, 3))
    case, referral = asked()
    facts = ring(case, referral.referral_id, at(end(12, 3), away))
    assert names(facts) == ["Reminded cna", "Escalated cna"]
    assert ring(case, referral.referral_id, at(end(12, 4) - timedelta(seconds=1), away)) == []
    assert names(ring(case, referral.referral_id, at(end(12, 4), away))) == [
        "Moved cna cancelled",
        "Opened unioncamere",
    ]


def test_a_reminder_is_a_help_and_not_put_off_by_an_outage() -> None:
    case, referral = asked()
    facts = ring(case, referral.referral_id, at(end(11, 26), (end(11, 25), end(11, 26))))
    assert names(facts) == ["Reminded cna"]


def test_an_acceptance_after_its_deadline_holds_and_is_flagged_late() -> None:
    case, referral = asked()
    told = update(referral.referral_id)
    given = answer(replace(told, appended_at=end(12, 2) + timedelta(hours=1)), case, {}, at(end(12, 3)))
    assert given.referral is not None
    assert (given.outcome, given.flags, given.referral.status) == (Outcome.RECORDED, (Flag.LATE,), Status.ACCEPTED)


def test_an_outage_puts_off_only_what_falls_into_it() -> None:
    away = (end(12, 1), end(12, 2))
    assert judged(end(12, 1), (away,), ACCORD) == end(12, 1)
    assert judged(end(12, 2), (away,), ACCORD) == end(12, 3)
    assert judged(end(12, 3), (away,), ACCORD) == end(12, 3)
    again = (end(12, 2) + timedelta(hours=1), end(12, 3))
    assert judged(end(12, 2), (again, away), ACCORD) == end(12, 4)


@pytest.mark.parametrize(
    ("steps", "due"),
    [
        ((), end(12, 2)),
        ((Status.RECEIVED,), end(12, 2)),
        ((Status.ACCEPTED,), end(12, 9)),
        ((Status.ACCEPTED, Status.IN_PROGRESS), end(2, 22, 2027)),
    ],
)
def test_what_comes_after_its_deadline_is_late(steps: tuple[Status, ...], due: datetime) -> None:
    _, referral = standing(*steps)
    assert not is_late(referral, due, (), ACCORD)
    assert is_late(referral, due + timedelta(seconds=1), (), ACCORD)
    assert not is_late(referral, due + timedelta(seconds=1), ((NOW, due + timedelta(hours=1)),), ACCORD)


def test_nothing_is_late_on_hold() -> None:
    _, referral = standing(Status.ACCEPTED, Status.ON_HOLD)
    assert not is_late(referral, end(12, 31), (), ACCORD)


def test_a_referral_that_ended_has_no_clock_but_that_of_the_firms_link() -> None:
    for ended in (Status.FAILED, Status.COMPLETED):
        case, referral = standing(Status.ACCEPTED, Status.IN_PROGRESS, ended)
        expected = [(Kind.CONFIRMATION, end(12, 23))] if ended is Status.COMPLETED else []
        assert [(clock.kind, clock.due_at) for clock in running(case, referral)] == expected
    assert ring(case, "nobody's", at(end(12, 31))) == []


def legged(front: str = "assistance") -> tuple[Case, dict[Role, Referral]]:
    case, _ = case_with(need(front, market="AE"), members=(member("cna"),))
    return case, {one.role: one for one in case.referrals.values()}


def test_a_copy_has_no_clock_whatever_its_body_says_of_it() -> None:
    case, found = legged("finance_and_insurance")
    id = found[Role.SUPPORTING].referral_id
    for status in (Status.REQUESTED, Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD):
        copy = case.referrals[id]
        if status is not copy.status:
            domain.move(case, copy, status, None, NOW, moment(), hold_until=end(12, 4))
        if status is Status.IN_PROGRESS:
            domain.touch(case, case.referrals[id], NOW, moment())
        copy = case.referrals[id]
        assert (copy.status, running(case, copy)) == (status, [])
        assert {copy.accept_by, copy.contact_by, copy.heard_by, copy.remind_at, copy.escalate_at} == {None}
        assert not is_late(copy, end(12, 31, 2028), (), ACCORD)


def test_an_executor_that_does_not_answer_loses_the_leg_and_a_person_places_it_anew() -> None:
    case, found = legged()
    leg, parent = found[Role.EXECUTOR], found[Role.RESPONSIBLE]
    domain.move(case, parent, Status.ACCEPTED, None, NOW, moment())
    facts = ring(case, leg.referral_id, at(end(12, 2)))
    assert names(facts) == [
        "Reminded assocamerestero",
        "Escalated assocamerestero",
        "Moved assocamerestero cancelled",
    ]
    asked = case.needs[leg.need_id]
    assert (asked.state, asked.reason, asked.excluded) == (NeedState.REFERRED, LEG_REJECTED, frozenset())
    again = domain.move(case, case.referrals[parent.referral_id], Status.REJECTED, "no_capacity", NOW, moment("no"))
    assert [fact.referral.role for fact in again if isinstance(fact, Opened)] == [Role.RESPONSIBLE]
    assert case.needs[leg.need_id].reason == LEG_REJECTED, "nor is it asked again by itself"


def test_every_status_says_who_holds_the_ball() -> None:
    assert {status: ball(status) for status in Status} == {
        Status.REQUESTED: Ball.PARTNER,
        Status.RECEIVED: Ball.PARTNER,
        Status.ACCEPTED: Ball.PARTNER,
        Status.IN_PROGRESS: Ball.PARTNER,
        Status.ON_HOLD: Ball.PAUSED,
        Status.COMPLETED: Ball.FIRM,
        Status.REJECTED: Ball.HUB,
        Status.FAILED: Ball.HUB,
        Status.CANCELLED: Ball.HUB,
        Status.ENTERED_IN_ERROR: Ball.HUB,
    }
    assert ball(Status.ON_HOLD, "waiting_firm") is Ball.FIRM
    assert {ball(Status.COMPLETED, None, said) for said in ("yes", "disputed", "unanswered", None)} == {Ball.HUB}


def test_a_referral_from_before_there_were_clocks_has_none() -> None:
    case, referral = asked()
    bare = replace(referral, accept_by=None, remind_at=None, escalate_at=None)
    case.put(bare)
    assert running(case, bare) == []
    assert not is_late(bare, end(12, 31), (), ACCORD)


def test_the_partner_that_gets_it_next_has_the_whole_ladder_again() -> None:
    case, referral = asked()
    opened = ring(case, referral.referral_id, at(end(12, 2)))[-1]
    assert isinstance(opened, Opened)
    assert opened.referral.accept_by == end(12, 15)
