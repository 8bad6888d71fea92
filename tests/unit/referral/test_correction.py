"""A referral that never should have been: what two persons may enter in error, and what becomes of its need. The grid
is written from the agreement's table."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.referral.case import Case, Fact, Moved, NeedState, Opened, Referral, Role
from services.referral.clocks import running
from services.referral.correction import Correction, correct
from services.referral.domain import assess, cancel, erase, move
from services.referral.lifecycle import Asked as Says
from services.referral.lifecycle import Barred, Ended, Status, judge
from services.referral.manual import Assignment, NotPossible, assign
from services.referral.receipt import Person
from services.referral.views import told
from shared.contracts.firm import Profile
from shared.contracts.referrals import ReferralCancelled
from shared.feeds.speech import Cause
from tests.unit.referral.builders import NOW, assessed, case_with, consent, member, moment, need

ANNA = Person("anna.r", "typed for Mr Rossi's other firm")
CNA = (member("cna"),)
UNTIL = datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)

NEED = """
             its need before  what the rules would say today
             need             the same partner   another partner
requested    referred         manual             unioncamere
received     referred         manual             unioncamere
accepted     referred         manual             unioncamere
in_progress  referred         manual             unioncamere
on_hold      referred         manual             unioncamere
completed    met              manual             unioncamere
failed       unmet            manual             unioncamere
"""
"""Who has the need afterwards: a person where the rules would repeat the error, else whom they name today."""


def order(referral: Referral, second: str = "bruno.v") -> Correction:
    return Correction(id="order-1", referral_id=referral.referral_id, person=ANNA, second=second)


def corrected(case: Case, referral: Referral) -> list[Fact]:
    return correct(case, order(referral), moment("order-1"))


def standing(status: str) -> tuple[Case, Referral]:
    """A case whose only referral, of a member of cna, stands so, with its need as that leaves it."""
    case, (referral,) = case_with(need(), members=CNA)
    match status:
        case "completed":
            move(case, referral, Status.COMPLETED, None, NOW, moment("update"))
        case "failed":
            move(case, referral, Status.FAILED, "firm_withdrew", NOW, moment("update"))
        case _:
            resumes = Status.ACCEPTED if status == "on_hold" else None
            case.put(replace(referral, status=Status(status), resumes=resumes, hold_until=UNTIL if resumes else None))
    return case, case.referrals[referral.referral_id]


def opened(facts: list[Fact]) -> list[Referral]:
    return [fact.referral for fact in facts if isinstance(fact, Opened)]


def only_need(case: Case) -> tuple[NeedState, str | None]:
    (one,) = case.needs.values()
    return one.state, one.reason


def rows() -> list[list[str]]:
    return [line.split() for line in NEED.strip().splitlines()[2:]]


@pytest.mark.parametrize(("status", "before", "same", "other"), rows())
def test_what_was_entered_in_error_is_over_and_its_need_goes_on(
    status: str, before: str, same: str, other: str
) -> None:
    for members, wanted in ((CNA, same), ((), other)):
        case, referral = standing(status)
        assert case.needs[referral.need_id].state == before
        assert case.assessment is not None
        case.assessment = assessed(need(), members=members, version=2)
        facts = corrected(case, referral)
        error = case.referrals[referral.referral_id]
        assert facts[0] == Moved(error, Status(status))
        assert (error.status, error.reason, error.hold_until) == (Status.ENTERED_IN_ERROR, None, None)
        assert running(case, error) == []
        if wanted == "manual":
            assert (opened(facts), only_need(case)) == ([], (NeedState.MANUAL, "entered_in_error"))
        else:
            (new,) = opened(facts)
            assert (new.partner, new.replaces) == (wanted, referral.referral_id)
            assert only_need(case) == (NeedState.REFERRED, None)


@pytest.mark.parametrize("status", ["rejected", "cancelled", "completed", "accepted"])
def test_nobody_goes_on_with_what_is_in_error(status: str) -> None:
    case, referral = standing("requested")
    case.put(replace(referral, status=Status(status)))
    corrected(case, case.referrals[referral.referral_id])
    for says in Says:
        verdict = judge(case.referrals[referral.referral_id].standing, says)
        assert verdict == Barred("the referral is entered_in_error and does not change any more")


def test_two_persons_are_wanted_however_the_name_is_written() -> None:
    case, referral = standing("accepted")
    for second in ("anna.r", "Anna.R"):
        with pytest.raises(NotPossible, match="a second person is to agree"):
            correct(case, order(referral, second), moment("order-1"))
    assert case.referrals[referral.referral_id] is referral


def test_what_is_in_error_already_stays_so() -> None:
    case, referral = standing("accepted")
    corrected(case, referral)
    with pytest.raises(NotPossible, match=r"is entered_in_error already$"):
        corrected(case, referral)


def test_nothing_is_corrected_of_a_firm_that_was_erased() -> None:
    case, referral = standing("accepted")
    erase(case, moment("erased"))
    case.assessment = None
    with pytest.raises(NotPossible, match="the firm was erased"):
        corrected(case, referral)


def test_a_rejection_in_error_lets_the_partner_in_again_and_leaves_the_need_where_it_is() -> None:
    case, referral = standing("requested")
    (_, new) = move(case, referral, Status.REJECTED, "not_member", NOW, moment("update"))
    assert isinstance(new, Opened)
    facts = corrected(case, case.referrals[referral.referral_id])
    (one,) = case.needs.values()
    assert [type(fact) for fact in facts] == [Moved]
    assert (one.state, one.referral_id) == (NeedState.REFERRED, new.referral.referral_id)
    assert (one.excluded, one.rerouted) == (frozenset(), 0)


def test_a_partner_that_rejected_the_need_twice_stays_out_where_one_rejection_was_in_error() -> None:
    case, referral = standing("requested")
    move(case, referral, Status.REJECTED, "not_member", NOW, moment("update"))
    again = replace(referral, referral_id="00000000-0000-8000-8000-0000000000ff", status=Status.REJECTED)
    case.put(again)
    corrected(case, case.referrals[referral.referral_id])
    assert case.needs[referral.need_id].excluded == {"cna"}


def test_a_person_may_give_the_need_to_the_same_partner_again() -> None:
    case, referral = standing("accepted")
    corrected(case, referral)
    given = assign(
        case, Assignment(id="order-2", need_id=referral.need_id, partner="cna", person=ANNA), moment("order-2")
    )
    assert (given.referral.partner, given.referral.replaces) == ("cna", referral.referral_id)


@pytest.mark.parametrize("why", [Ended.FIRM_REQUEST, Ended.DUPLICATE])
def test_what_the_firm_did_not_want_does_not_come_back_because_its_task_was_in_error(why: Ended) -> None:
    case, referral = standing("accepted")
    cancel(case, referral, why, moment("hub"))
    assert opened(corrected(case, case.referrals[referral.referral_id])) == []
    assert only_need(case) == (NeedState.UNMET, why.value)


def test_the_need_of_a_firm_that_has_ceased_stays_withdrawn() -> None:
    case, _ = standing("accepted")
    gone = Profile(codice_fiscale="12345670017", status="ceased")
    assess(case, assessed(profile=gone, version=2), moment("second"))
    (referral,) = case.referrals.values()
    assert opened(corrected(case, referral)) == []
    assert only_need(case) == (NeedState.WITHDRAWN, "firm_ceased")


def test_the_copies_of_what_is_in_error_are_in_error_with_it_even_when_they_were_completed() -> None:
    case, (referral,) = case_with(need("institutional_support"), members=CNA)
    (copy,) = [one for one in case.referrals.values() if one.role is Role.SUPPORTING]
    move(case, referral, Status.ACCEPTED, None, NOW, moment("one"))
    move(case, case.referrals[referral.referral_id], Status.IN_PROGRESS, None, NOW, moment("two"))
    move(case, case.referrals[referral.referral_id], Status.COMPLETED, None, NOW, moment("three"))
    assert case.referrals[copy.referral_id].status is Status.COMPLETED
    corrected(case, case.referrals[referral.referral_id])
    assert {one.status for one in case.referrals.values()} == {Status.ENTERED_IN_ERROR}


def test_a_copy_in_error_leaves_its_task_and_the_need_alone() -> None:
    case, (referral,) = case_with(need("institutional_support"), members=CNA)
    (copy,) = [one for one in case.referrals.values() if one.role is Role.SUPPORTING]
    corrected(case, copy)
    assert case.referrals[referral.referral_id].status is Status.REQUESTED
    assert only_need(case) == (NeedState.REFERRED, None)


def with_leg() -> tuple[Case, Referral, Referral]:
    """A need with a leg in the market, its task and the leg."""
    case, (referral,) = case_with(need(market="AE"), members=CNA)
    (leg,) = [one for one in case.referrals.values() if one.role is Role.EXECUTOR]
    return case, referral, leg


def test_a_leg_in_error_is_a_persons_to_place_who_may_choose_the_same_executor() -> None:
    case, referral, leg = with_leg()
    corrected(case, leg)
    assert only_need(case) == (NeedState.REFERRED, "executor_rejected")
    person = Assignment(id="order-2", need_id=referral.need_id, partner=leg.partner, person=ANNA)
    new = assign(case, person, moment("order-2")).referral
    assert (new.role, new.part_of, new.partner) == (Role.EXECUTOR, referral.referral_id, leg.partner)


def test_a_leg_in_error_that_had_ended_otherwise_asks_for_nobody() -> None:
    case, _, leg = with_leg()
    cancel(case, leg, Ended.SUPERSEDED, moment("hub"))
    corrected(case, case.referrals[leg.referral_id])
    assert only_need(case) == (NeedState.REFERRED, None)


def test_a_need_that_is_none_any_more_takes_its_leg_with_it() -> None:
    case, referral, leg = with_leg()
    assess(case, assessed(members=CNA, version=2), moment("second"))
    corrected(case, case.referrals[referral.referral_id])
    assert only_need(case) == (NeedState.WITHDRAWN, "no_longer_needed")
    assert case.referrals[leg.referral_id].status is Status.CANCELLED


def test_the_partner_reads_that_it_is_in_error_and_not_in_whose_words() -> None:
    case, referral = standing("completed")
    said = [one.event for one in told(corrected(case, referral), case, Cause("order-1"))]
    (end,) = [event for event in said if isinstance(event, ReferralCancelled)]
    assert (end.status, end.reason) == ("entered_in_error", "entered_in_error")
    assert ANNA.reason not in repr(said)


def test_without_a_consent_of_today_the_need_waits_for_one() -> None:
    case, referral = standing("in_progress")
    case.assessment = assessed(need(), members=(), consents=(consent("cna"),), version=2)
    assert opened(corrected(case, referral)) == []
    assert only_need(case)[0] is NeedState.WAITING_CONSENT
