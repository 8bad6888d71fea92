"""Copies for supporting bodies and the executor of a leg in the market: opened and ended beside the responsible one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.case import LEG_REJECTED, Case, Fact, Moved, NeedState, Opened, Referral, Role
from services.referral.domain import assess, cancel, move
from services.referral.lifecycle import Ended, Status
from services.referral.manual import Assignment, NotPossible, assign
from services.referral.receipt import Person
from services.referral.updates import Outcome
from tests.unit.referral.builders import FIRM, NOW, assessed, consent, firm, member, moment, need

CNA = (member("cna"),)
LEG = need("assistance", market="AE")


def opened_case(*needs: object) -> tuple[Case, dict[Role, Referral]]:
    case = Case(FIRM)
    facts = assess(case, assessed(*needs, members=CNA, profile=firm()), moment())  # type: ignore[arg-type]  # needs
    return case, {fact.referral.role: fact.referral for fact in facts if isinstance(fact, Opened)}


def moves(facts: list[Fact]) -> list[tuple[Role, Status, str | None]]:
    return [(one.referral.role, one.referral.status, one.referral.reason) for one in facts if isinstance(one, Moved)]


def need_of(case: Case) -> tuple[NeedState, str | None]:
    (only,) = case.needs.values()
    return only.state, only.reason


def test_the_firms_association_gets_a_copy_of_what_an_owner_is_asked_for() -> None:
    _, found = opened_case(need("finance_and_insurance"))
    copy, parent = found[Role.SUPPORTING], found[Role.RESPONSIBLE]
    assert (parent.partner, copy.partner, copy.part_of) == ("sacesimest", "cna", parent.referral_id)
    assert parent.part_of is None


@pytest.mark.parametrize(
    ("status", "reason", "copy"),
    [
        (Status.COMPLETED, None, (Role.SUPPORTING, Status.COMPLETED, None)),
        (Status.FAILED, "firm_withdrew", (Role.SUPPORTING, Status.CANCELLED, "superseded")),
        (Status.REJECTED, "no_capacity", (Role.SUPPORTING, Status.CANCELLED, "superseded")),
    ],
)
def test_a_copy_is_closed_with_its_parent(status: Status, reason: str | None, copy: object) -> None:
    case, found = opened_case(need("finance_and_insurance"))
    outcomes = (Outcome(code="finance_granted"),) if status is Status.COMPLETED else ()
    facts = move(case, found[Role.RESPONSIBLE], status, reason, NOW, moment("update"), outcomes=outcomes)
    assert moves(facts)[:2] == [(Role.RESPONSIBLE, status, reason), copy]
    assert case.referrals[found[Role.SUPPORTING].referral_id].outcomes == ()


def test_a_copy_is_cancelled_for_the_reason_of_its_parent_even_where_the_body_has_begun() -> None:
    case, found = opened_case(need("finance_and_insurance"))
    case.put(replace(found[Role.SUPPORTING], status=Status.IN_PROGRESS))
    facts = cancel(case, found[Role.RESPONSIBLE], Ended.FIRM_REQUEST, moment("order"))
    assert moves(facts) == [
        (Role.RESPONSIBLE, Status.CANCELLED, "firm_request"),
        (Role.SUPPORTING, Status.CANCELLED, "firm_request"),
    ]


def test_the_copies_of_another_need_stay_open() -> None:
    case, found = opened_case(need("institutional_support"), need("finance_and_insurance"))
    finance = found[Role.RESPONSIBLE]
    assert finance.partner == "sacesimest"
    cancel(case, finance, Ended.FIRM_REQUEST, moment("order"))
    copies = {one.front: one.status for one in case.referrals.values() if one.role is Role.SUPPORTING}
    assert copies == {"institutional_support": Status.REQUESTED, "finance_and_insurance": Status.CANCELLED}


def test_a_copy_that_ends_moves_neither_the_need_nor_its_parent() -> None:
    case, found = opened_case(need("finance_and_insurance"))
    facts = move(case, found[Role.SUPPORTING], Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert moves(facts) == [(Role.SUPPORTING, Status.REJECTED, "no_capacity")]
    assert need_of(case) == (NeedState.REFERRED, None)
    assert case.referrals[found[Role.RESPONSIBLE].referral_id].is_open


def test_a_withdrawn_consent_ends_the_copy_alone() -> None:
    case, found = opened_case(need("finance_and_insurance"))
    heard = assessed(need("finance_and_insurance"), members=CNA, consents=(consent("sacesimest"),), version=2)
    (fact,) = assess(case, heard, moment("second"))
    assert moves([fact]) == [(Role.SUPPORTING, Status.CANCELLED, "consent_withdrawn")]
    assert case.referrals[found[Role.RESPONSIBLE].referral_id].is_open
    assert need_of(case) == (NeedState.REFERRED, None)


def test_no_fact_is_told_twice_where_a_withdrawn_consent_ends_parent_and_copy_together() -> None:
    case, _ = opened_case(need("finance_and_insurance"))
    heard = assessed(need("finance_and_insurance"), members=CNA, consents=(), version=2)
    assert sorted(moves(assess(case, heard, moment("second")))) == [
        (Role.RESPONSIBLE, Status.CANCELLED, "consent_withdrawn"),
        (Role.SUPPORTING, Status.CANCELLED, "consent_withdrawn"),
    ]


def test_a_leg_in_the_market_has_an_executor_with_a_task_of_its_own() -> None:
    case, found = opened_case(LEG)
    leg = found[Role.EXECUTOR]
    assert (leg.partner, leg.part_of, leg.market) == ("assocamerestero", found[Role.RESPONSIBLE].referral_id, "AE")
    done = (Outcome(code="b2b_meetings"),)
    case.put(replace(leg, status=Status.IN_PROGRESS))
    facts = move(case, case.referrals[leg.referral_id], Status.COMPLETED, None, NOW, moment("update"), outcomes=done)
    assert moves(facts) == [(Role.EXECUTOR, Status.COMPLETED, None)]
    assert need_of(case) == (NeedState.REFERRED, None)


def test_an_executor_stays_where_the_need_is_handed_on_and_gets_no_second_one_beside_it() -> None:
    case, found = opened_case(LEG)
    facts = move(case, found[Role.RESPONSIBLE], Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert moves(facts) == [(Role.RESPONSIBLE, Status.REJECTED, "no_capacity")]
    assert [fact.referral.role for fact in facts if isinstance(fact, Opened)] == [Role.RESPONSIBLE]
    assert case.referrals[found[Role.EXECUTOR].referral_id].is_open


def test_a_leg_is_taken_back_where_the_need_is_nobodys_any_more() -> None:
    case, found = opened_case(LEG)
    case.put(replace(found[Role.RESPONSIBLE], status=Status.IN_PROGRESS))
    parent = case.referrals[found[Role.RESPONSIBLE].referral_id]
    facts = move(case, parent, Status.FAILED, "firm_withdrew", NOW, moment("update"))
    assert moves(facts)[-1] == (Role.EXECUTOR, Status.CANCELLED, "firm_request")


def given_back() -> tuple[Case, dict[Role, Referral]]:
    case, found = opened_case(LEG)
    assert moves(move(case, found[Role.EXECUTOR], Status.REJECTED, "no_capacity", NOW, moment("update"))) == [
        (Role.EXECUTOR, Status.REJECTED, "no_capacity")
    ]
    return case, found


def order(partner: str, case: Case) -> Assignment:
    (need_id,) = case.needs
    return Assignment(id="order", need_id=need_id, partner=partner, person=Person(by="m.bianchi", reason="it offered"))


def test_a_leg_that_was_given_back_waits_for_a_person_and_the_need_stays_where_it_is() -> None:
    case, _ = given_back()
    assert need_of(case) == (NeedState.REFERRED, LEG_REJECTED)
    again = assess(case, assessed(LEG, members=CNA, profile=firm(), version=2), moment("again"))
    assert (again, need_of(case)) == ([], (NeedState.REFERRED, LEG_REJECTED))


def test_a_leg_that_was_given_back_is_a_persons_wherever_the_need_goes_meanwhile() -> None:
    case, found = given_back()
    facts = move(case, found[Role.RESPONSIBLE], Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert [fact.referral.role for fact in facts if isinstance(fact, Opened)] == [Role.RESPONSIBLE]
    assert need_of(case) == (NeedState.REFERRED, LEG_REJECTED)


def test_a_need_that_is_declared_again_after_its_closing_gets_a_leg_again() -> None:
    case, found = opened_case(LEG)
    for role in (Role.EXECUTOR, Role.RESPONSIBLE):
        case.put(replace(found[role], status=Status.IN_PROGRESS))
        begun, done = case.referrals[found[role].referral_id], (Outcome(code="mission"),)
        move(case, begun, Status.COMPLETED, None, NOW, moment(role.value), outcomes=done)
    assert need_of(case) == (NeedState.MET, None)
    later = NOW + timedelta(days=1)
    again = need("assistance", market="AE", declared_at=later)
    facts = assess(case, assessed(again, members=CNA, profile=firm(), version=2), moment("again"))
    assert [fact.referral.role for fact in facts if isinstance(fact, Opened)] == [Role.RESPONSIBLE, Role.EXECUTOR]


def test_a_person_gives_the_leg_to_another_executor() -> None:
    case, found = given_back()
    opened = assign(case, order("aice", case), moment("order"))
    assert (opened.referral.role, opened.referral.partner) == (Role.EXECUTOR, "aice")
    assert opened.referral.part_of == found[Role.RESPONSIBLE].referral_id
    assert need_of(case) == (NeedState.REFERRED, None)
    assert case.receipts[-1].referral_id == opened.referral.referral_id


def test_a_person_cannot_give_the_leg_to_who_gave_it_back() -> None:
    case, _ = given_back()
    with pytest.raises(NotPossible, match="assocamerestero had the leg"):
        assign(case, order("assocamerestero", case), moment("order"))


def test_a_partner_that_serves_the_firm_keeps_it_in_a_tie_and_a_supporter_does_not() -> None:
    case = Case(FIRM)
    assess(case, assessed(need("training_and_orientation"), profile=firm()), moment())
    (first,) = case.referrals.values()
    other = {"confindustria": "confapi", "confapi": "confindustria"}[first.partner]
    case.put(replace(first, partner=other, status=Status.COMPLETED))
    facts = assess(case, assessed(need("training_and_orientation"), need(), profile=firm(), version=2), moment("again"))
    assert [fact.referral.partner for fact in facts if isinstance(fact, Opened)] == [other]
    case.put(replace(case.referrals[first.referral_id], role=Role.SUPPORTING, part_of="x"))
    more = (need("training_and_orientation"), need(), need("assistance", market="AE"))
    case.put(replace(next(one for one in case.referrals.values() if one.is_open), status=Status.REJECTED))
    facts = assess(case, assessed(*more, profile=firm(), version=3), moment("third"))
    (partner,) = [f.referral.partner for f in facts if isinstance(f, Opened) and f.referral.role is Role.RESPONSIBLE]
    assert partner == first.partner
