"""How the hub ends a referral: at once, by asking, or not at all; what becomes of the need. The grid is written from
the agreement's table, not from the code's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.referral.case import CancellationAsked, Case, Fact, Moved, NeedState, Opened, Referral
from services.referral.domain import assess, cancel, erase, move
from services.referral.lifecycle import Ended, Status
from shared.contracts.firm import Consent, Profile
from tests.unit.referral.builders import NOW, assessed, case_with, consent, member, moment, need

CNA = (member("cna"),)
UNTIL = datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)
GRID = """
                    requested received accepted in_progress on_hold
no_response         ends      ends     ends     asks        asks
superseded          ends      ends     ends     asks        asks
consent_withdrawn   ends      ends     ends     asks        asks
consent_expired     ends      ends     -        -           -
agreement_ended     ends      ends     -        -           -
partner_left        ends      ends     ends     asks        asks
membership_changed  ends      -        -        -           -
firm_ceased         ends      ends     ends     asks        asks
firm_merged         ends      ends     ends     asks        asks
firm_request        ends      ends     ends     asks        asks
duplicate           ends      ends     ends     asks        asks
firm_erased         ends      ends     ends     ends        ends
"""
CLOSED = ("rejected", "completed", "failed", "cancelled", "entered_in_error")


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in GRID.strip().splitlines()]
    found = [(why, status, end) for why, *ends in rows for status, end in zip(head, ends, strict=True)]
    return found + [(why, status, "-") for why, *_ in rows for status in CLOSED]


def standing(status: str) -> tuple[Case, Referral]:
    """A case whose only referral, cna's, stands so."""
    case, (referral,) = case_with(need(), members=CNA)
    resumes = Status.IN_PROGRESS if status == "on_hold" else None
    case.put(replace(referral, status=Status(status), resumes=resumes, hold_until=UNTIL if resumes else None))
    return case, case.referrals[referral.referral_id]


def kinds(facts: list[Fact]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


def state_of(case: Case, referral: Referral) -> tuple[NeedState, str | None]:
    stands = case.needs[referral.need_id]
    return stands.state, stands.reason


def test_the_grid_has_every_reason_and_every_status() -> None:
    assert {why for why, _, _ in cells()} == set(Ended)
    assert {status for _, status, _ in cells()} == set(Status)


@pytest.mark.parametrize(("why", "status", "end"), cells())
def test_a_reason_reaches_as_far_as_the_table_says(why: str, status: str, end: str) -> None:
    case, referral = standing(status)
    facts = cancel(case, referral, Ended(why), moment("hub"))
    now = case.referrals[referral.referral_id]
    match end:
        case "ends":
            assert facts[0] == Moved(now, Status(status))
            assert (now.status, now.reason, now.hold_until, now.resumes) == (Status.CANCELLED, why, None, None)
        case "asks":
            assert facts == [CancellationAsked(now)]
            asked = replace(referral, cancellation=Ended(why), cancellation_at=NOW, confirm_by=now.confirm_by)
            assert now == asked
            assert state_of(case, referral) == (NeedState.REFERRED, None)
        case _:
            assert (facts, now) == ([], referral)


def test_a_partner_is_asked_once() -> None:
    case, referral = standing("in_progress")
    assert kinds(cancel(case, referral, Ended.CONSENT_WITHDRAWN, moment("one"))) == [CancellationAsked]
    asked = case.referrals[referral.referral_id]
    assert cancel(case, asked, Ended.FIRM_CEASED, moment("two")) == []
    assert case.referrals[referral.referral_id].cancellation is Ended.CONSENT_WITHDRAWN


@pytest.mark.parametrize("status", ["in_progress", "on_hold"])
@pytest.mark.parametrize(
    ("again", "why"),
    [
        (assessed(need(), consents=(), members=CNA, version=2), "consent_withdrawn"),
        (assessed(profile=Profile(codice_fiscale="12345670017", status="ceased"), version=2), "firm_ceased"),
    ],
)
def test_work_that_has_begun_is_ended_by_asking_for_it(status: str, again: object, why: str) -> None:
    case, _ = standing(status)
    (asked,) = assess(case, again, moment("second"))  # type: ignore[arg-type]  # an assessment
    assert isinstance(asked, CancellationAsked)
    assert (asked.referral.status, asked.referral.cancellation) == (Status(status), Ended(why))
    assert assess(case, again, moment("third")) == []  # type: ignore[arg-type]


def confirmed(case: Case, referral: Referral) -> list[Fact]:
    return move(case, case.referrals[referral.referral_id], Status.CANCELLED, None, NOW, moment("confirmed"))


def test_a_confirmed_cancellation_has_the_reason_for_which_it_was_requested_and_the_need_waits() -> None:
    case, referral = standing("on_hold")
    assess(case, assessed(need(), consents=(), members=CNA, version=2), moment("second"))
    (moved,) = confirmed(case, referral)
    assert isinstance(moved, Moved)
    assert (moved.referral.status, moved.referral.reason) == (Status.CANCELLED, "consent_withdrawn")
    assert state_of(case, referral) == (NeedState.WAITING_CONSENT, "consent")


def test_a_need_whose_cancellation_is_confirmed_goes_to_whom_the_firm_consents_now() -> None:
    case, referral = standing("in_progress")
    assess(case, assessed(need(), consents=(consent("unioncamere"),), members=CNA, version=2), moment("second"))
    _, opened = confirmed(case, referral)
    assert isinstance(opened, Opened)
    assert (opened.referral.partner, opened.referral.replaces) == ("unioncamere", referral.referral_id)


def test_a_firm_that_has_ceased_has_no_need_left_when_the_partner_confirms() -> None:
    case, referral = standing("in_progress")
    assess(case, assessed(profile=Profile(codice_fiscale="1", status="ceased"), version=2), moment("second"))
    assert kinds(confirmed(case, referral)) == [Moved]
    assert state_of(case, referral) == (NeedState.WITHDRAWN, "firm_ceased")


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [(Status.COMPLETED, None, NeedState.MET), (Status.FAILED, "firm_withdrew", NeedState.UNMET)],
)
def test_a_partner_may_finish_although_it_was_asked_to_end(
    status: Status, reason: str | None, state: NeedState
) -> None:
    case, referral = standing("in_progress")
    cancel(case, referral, Ended.CONSENT_WITHDRAWN, moment("hub"))
    assert kinds(move(case, case.referrals[referral.referral_id], status, reason, NOW, moment("update"))) == [Moved]
    assert case.referrals[referral.referral_id].cancellation is Ended.CONSENT_WITHDRAWN
    assert state_of(case, referral)[0] is state


def test_a_partner_that_gives_up_what_the_firm_does_not_want_any_more_hands_nothing_on() -> None:
    case, referral = standing("in_progress")
    cancel(case, referral, Ended.FIRM_REQUEST, moment("hub"))
    asked = case.referrals[referral.referral_id]
    assert kinds(move(case, asked, Status.FAILED, "service_ended", NOW, moment("update"))) == [Moved]
    assert state_of(case, referral) == (NeedState.UNMET, "firm_request")


@pytest.mark.parametrize(
    ("why", "state", "goes_to"),
    [
        (Ended.NO_RESPONSE, NeedState.REFERRED, "unioncamere"),
        (Ended.PARTNER_LEFT, NeedState.REFERRED, "unioncamere"),
        (Ended.MEMBERSHIP_CHANGED, NeedState.REFERRED, "cna"),
        (Ended.SUPERSEDED, NeedState.MANUAL, None),
        (Ended.FIRM_REQUEST, NeedState.UNMET, None),
        (Ended.DUPLICATE, NeedState.UNMET, None),
        (Ended.FIRM_MERGED, NeedState.WITHDRAWN, None),
    ],
)
def test_what_becomes_of_a_need_depends_on_why_its_referral_was_cancelled(
    why: Ended, state: NeedState, goes_to: str | None
) -> None:
    case, referral = standing("requested")
    facts = cancel(case, referral, why, moment("hub"))
    assert state_of(case, referral)[0] is state
    assert [fact.referral.partner for fact in facts if isinstance(fact, Opened)] == ([goes_to] if goes_to else [])


def test_what_a_firm_asked_to_end_comes_back_only_when_it_declares_it_again() -> None:
    for declared_at, opened in ((NOW - timedelta(days=1), 0), (NOW + timedelta(days=1), 1)):
        case, referral = standing("accepted")
        cancel(case, referral, Ended.FIRM_REQUEST, moment("hub"))
        again = assessed(need(declared_at=declared_at), members=CNA, version=2)
        assert len(assess(case, again, moment("second"))) == opened


@pytest.mark.parametrize("status", ["requested", "received", "accepted", "in_progress", "on_hold"])
def test_an_erasure_ends_everything_at_once(status: str) -> None:
    case, referral = standing(status)
    assert kinds(erase(case, moment("erased"))) == [Moved]
    assert case.referrals[referral.referral_id].reason == "firm_erased"
    assert state_of(case, referral) == (NeedState.WITHDRAWN, "firm_erased")


@pytest.mark.parametrize("came_from", [Status.ACCEPTED, Status.IN_PROGRESS])
def test_a_hold_remembers_where_it_came_from_and_forgets_it_when_the_work_goes_on(came_from: Status) -> None:
    case, referral = standing(came_from)
    move(case, referral, Status.ON_HOLD, "waiting_firm", NOW, moment("hold"), hold_until=UNTIL)
    held = case.referrals[referral.referral_id]
    assert (held.resumes, held.hold_until, held.reason, held.is_open) == (came_from, UNTIL, "waiting_firm", True)
    move(case, held, came_from, None, NOW, moment("on"))
    back = case.referrals[referral.referral_id]
    assert (back.status, back.resumes, back.hold_until, back.reason) == (came_from, None, None, None)


@pytest.mark.parametrize("status", ["in_progress", "on_hold"])
@pytest.mark.parametrize(
    "now",
    [
        (),
        (consent("cna"),),
        (consent("unioncamere", expires_at=NOW - timedelta(seconds=1)),),
    ],
    ids=["any was revoked", "the next partner's was revoked", "the next partner's has expired"],
)
def test_nothing_is_handed_on_without_a_consent_of_today(status: str, now: tuple[Consent, ...]) -> None:
    case, referral = standing(status)
    assess(case, assessed(need(), consents=now, members=CNA, version=2), moment("revoked"))
    here = case.referrals[referral.referral_id]
    facts = move(case, here, Status.FAILED, "service_ended", NOW, moment("update"))
    assert kinds(facts) == [Moved]
    assert state_of(case, referral)[0] is NeedState.WAITING_CONSENT
    (opened,) = assess(case, assessed(need(), members=CNA, version=3), moment("given again"))
    assert isinstance(opened, Opened)
    assert opened.referral.partner == "unioncamere"


def test_a_consent_that_expires_before_a_rejection_holds_the_need_back() -> None:
    case, (referral,) = case_with(need(), members=CNA, consents=(consent(expires_at=NOW + timedelta(hours=1)),))
    later = replace(moment("update"), at=NOW + timedelta(hours=2))
    assert kinds(move(case, referral, Status.REJECTED, "no_capacity", NOW, later)) == [Moved]
    assert state_of(case, referral)[0] is NeedState.WAITING_CONSENT


def test_a_need_declared_again_without_consent_waits_for_it() -> None:
    case, referral = standing("in_progress")
    move(case, referral, Status.COMPLETED, None, NOW, moment("update"))
    again = need(declared_at=NOW + timedelta(days=1))
    assert assess(case, assessed(again, consents=(), members=CNA, version=2), moment("second")) == []
    assert state_of(case, referral)[0] is NeedState.WAITING_CONSENT


def test_an_erased_need_remembers_no_partner_no_decision_and_no_referral() -> None:
    case, referral = standing("rejected")
    case.put(replace(case.needs[referral.need_id], excluded=frozenset({"cna"}), rerouted=1))
    erase(case, moment("erased"))
    need = case.needs[referral.need_id]
    assert (need.excluded, need.rerouted, need.decided, need.referral_id) == (frozenset(), 0, None, None)
    assert case.receipts == [], "what this very batch has decided is forgotten with it"
