"""What a person at the Region may decide on a need, and what is not theirs to decide."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from services.referral import views
from services.referral.case import CancellationAsked, Case, Moment, Moved, NeedState, Opened, Referral
from services.referral.domain import assess, erase, move
from services.referral.lifecycle import Ended, Status
from services.referral.manual import CANCELS, Assignment, Cancellation, NotPossible, assign, cancel
from services.referral.receipt import Person, Predicate, Rule, Verdict
from shared.contracts.firm import Profile
from shared.feeds.speech import Cause
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, case_with, consent, member, moment, need

ANNA = Person("anna.r", "agreed on the phone with Mr Rossi of the chamber")


def waiting(*to: str, front: str = "finance_and_insurance") -> Case:
    """A firm that has consented to these partners, with a need that waits for consent to the front's owner."""
    case, referrals = case_with(need(front), consents=tuple(map(consent, to)))
    assert referrals == []
    return case


def order(case: Case, partner: str, id: str = "order-1") -> Assignment:
    (need_id,) = case.needs
    return Assignment(id=id, need_id=need_id, partner=partner, person=ANNA)


def assigned(case: Case, partner: str) -> Opened:
    return assign(case, order(case, partner), moment("order-1"))


def only_need(case: Case) -> NeedState:
    (one,) = case.needs.values()
    return one.state


def test_a_person_gives_a_waiting_need_to_whom_the_firm_has_consented() -> None:
    case = waiting("cna")
    opened = assigned(case, "cna")
    assert (opened.referral.partner, opened.referral.status) == ("cna", Status.REQUESTED)
    assert case.referrals == {opened.referral.referral_id: opened.referral}
    assert only_need(case) is NeedState.REFERRED
    assert case.receipts[-1].cause_id == "order-1"
    assert case.receipts[-1].referral_id == opened.referral.referral_id


def test_a_person_gives_what_everybody_has_rejected_to_somebody_else_in_place_of_the_last() -> None:
    case, (chamber,) = case_with(need())
    move(case, chamber, Status.REJECTED, "no_capacity", NOW, moment("second"))
    assert only_need(case) is NeedState.MANUAL
    opened = assigned(case, "cna")
    assert (opened.replaces, opened.referral.replaces) == (case.referrals[chamber.referral_id], chamber.referral_id)


def test_the_receipt_says_who_and_why_and_gives_all_twelve_a_verdict() -> None:
    case, (chamber,) = case_with(need(), consents=(consent("unioncamere"), consent("cna"), consent("aice")))
    move(case, chamber, Status.REJECTED, "no_capacity", NOW, moment("second"))
    decision = assigned(case, "cna").decision
    assert (decision.rule, decision.partner, decision.person) == (Rule.ASSIGNED_BY_PERSON, "cna", ANNA)
    found = {one.partner: (one.verdict, one.predicate) for one in decision.candidates}
    assert set(found) == set(ACCORD.partners)
    assert found["cna"] == (Verdict.SELECTED, Predicate.ASSIGNED_BY_PERSON)
    assert found["aice"] == (Verdict.NOT_SELECTED, Predicate.PERSON_DECIDED)
    assert found["unioncamere"] == (Verdict.NOT_SELECTED, Predicate.REJECTED_EARLIER)
    assert found["claai"] == (Verdict.NOT_SELECTED, Predicate.NO_CONSENT)


def test_no_partner_is_told_which_person_decided_nor_why() -> None:
    case = waiting("cna")
    opened = assigned(case, "cna")
    said = list(views.told([opened], case, Cause("order-1")))
    assert {one.to for one in said} == {None, "cna"}
    told = b"".join(msgspec.json.encode(one.event) for one in said).decode()
    assert "assigned_by_person" in told
    for word in (ANNA.by, ANNA.reason, "phone", "person_decided"):
        assert word not in told


def test_the_receipt_says_when_the_chosen_one_does_not_serve_the_front() -> None:
    assert not ACCORD.serves("cna", "finance_and_insurance")
    step = assigned(waiting("cna"), "cna").decision.path[-1]
    assert step.reason == ("a person at regione chose cna, which does not serve finance_and_insurance by the agreement")


def test_what_a_person_has_given_is_answered_like_any_other_referral() -> None:
    case = waiting("cna", "aice")
    opened = assigned(case, "cna")
    move(case, opened.referral, Status.REJECTED, "out_of_sector", NOW, moment("third"))
    assert only_need(case) is NeedState.WAITING_CONSENT
    with pytest.raises(NotPossible, match="cna has had this need and did not keep it"):
        assign(case, order(case, "cna", "order-2"), moment("order-2"))
    assert assign(case, order(case, "aice", "order-2"), moment("order-2")).referral.replaces


def test_the_same_command_gives_the_same_referral_and_another_command_another() -> None:
    ids = [assign(waiting("cna"), order(waiting("cna"), "cna"), moment(cause)).referral.referral_id for cause in "aab"]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.ACCEPTED, Status.IN_PROGRESS])
def test_a_need_that_somebody_has_stays_with_them_and_nobody_is_named(status: Status) -> None:
    case, (referral,) = case_with(need(), members=(member("cna"),))
    case.put(replace(referral, status=status))
    with pytest.raises(NotPossible, match=f"is referred already: its referral is {status.value}$"):
        assigned(case, "aice")


def test_a_need_that_is_met_is_not_assigned() -> None:
    case, (referral,) = case_with(need("information"))
    move(case, referral, Status.COMPLETED, None, NOW, moment("second"))
    with pytest.raises(NotPossible, match=r"is met: there is nothing to assign$"):
        assigned(case, "aice")


def test_who_is_no_signatory_is_given_nothing() -> None:
    with pytest.raises(NotPossible, match=r"^abi is no signatory; the signatories are regione, .*sacesimest$"):
        assigned(waiting("cna"), "abi")


def test_nothing_is_assigned_while_no_agreement_is_in_force() -> None:
    case = waiting("cna")
    late = date(2031, 1, 1)
    with pytest.raises(NotPossible, match="not in force on 2031-01-01"):
        assign(case, order(case, "cna"), Moment("order-1", NOW, late, ACCORD))


def test_without_the_firms_consent_for_this_partner_nothing_is_handed_over() -> None:
    case = waiting("cna")
    before = (dict(case.needs), dict(case.referrals), list(case.receipts))
    with pytest.raises(NotPossible, match="has not consented to aice: without it nothing is handed over"):
        assigned(case, "aice")
    assert (case.needs, case.referrals, case.receipts) == before


def test_a_consent_that_has_expired_is_none() -> None:
    case, _ = case_with(need("finance_and_insurance"), consents=(consent("cna", expires_at=NOW + timedelta(hours=1)),))
    late = Moment("order-1", NOW + timedelta(hours=2), NOW.date(), ACCORD)
    with pytest.raises(NotPossible, match="consent for cna has expired"):
        assign(case, order(case, "cna"), late)


def test_a_firm_that_has_ceased_is_handed_to_nobody() -> None:
    case = waiting("cna")
    gone = Profile(codice_fiscale="12345670017", status="ceased")
    assess(case, assessed(need("finance_and_insurance"), consents=(consent("cna"),), profile=gone, version=2), moment())
    with pytest.raises(NotPossible, match="the firm has ceased"):
        assigned(case, "cna")


def test_a_firm_that_was_erased_is_handed_to_nobody() -> None:
    case = waiting("cna")
    erase(case, moment("second"))
    case.assessment = None
    with pytest.raises(NotPossible, match="the firm was erased"):
        assigned(case, "cna")


def test_a_need_of_another_firm_is_not_in_the_case() -> None:
    with pytest.raises(LookupError):
        assign(Case(FIRM), Assignment(id="o", need_id="n", partner="cna", person=ANNA), moment())


def back(referral: Referral, why: Ended = Ended.FIRM_REQUEST) -> Cancellation:
    return Cancellation(id="order-1", referral_id=referral.referral_id, why=why, by=ANNA.by)


def at_cna(status: Status) -> tuple[Case, Referral]:
    """A referral of a member of cna that stands so."""
    case, (referral,) = case_with(need(), members=(member("cna"),))
    referral = replace(referral, status=status)
    case.put(referral)
    return case, referral


@pytest.mark.parametrize("why", CANCELS)
@pytest.mark.parametrize("status", [Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED])
def test_a_person_takes_back_what_has_not_begun(status: Status, why: Ended) -> None:
    case, referral = at_cna(status)
    moved, *_ = cancel(case, back(referral, why), moment("order-1"))
    assert isinstance(moved, Moved)
    assert (moved.was, moved.referral.status, moved.referral.reason) == (status, Status.CANCELLED, why.value)


@pytest.mark.parametrize(
    ("why", "state"),
    [
        (Ended.FIRM_REQUEST, NeedState.UNMET),
        (Ended.DUPLICATE, NeedState.UNMET),
        (Ended.SUPERSEDED, NeedState.MANUAL),
        (Ended.PARTNER_LEFT, NeedState.REFERRED),
    ],
)
def test_what_becomes_of_the_need_depends_on_why_it_was_taken_back(why: Ended, state: NeedState) -> None:
    case, referral = at_cna(Status.ACCEPTED)
    cancel(case, back(referral, why), moment("order-1"))
    assert only_need(case) is state


def test_what_was_taken_back_as_superseded_can_be_given_to_somebody_else_by_a_person() -> None:
    case, referral = at_cna(Status.ACCEPTED)
    cancel(case, back(referral, Ended.SUPERSEDED), moment("order-1"))
    opened = assign(case, order(case, "aice", "order-2"), moment("order-2"))
    assert (opened.referral.partner, opened.referral.replaces) == ("aice", referral.referral_id)


def test_work_that_has_begun_is_asked_back_once_and_not_taken() -> None:
    case, referral = at_cna(Status.IN_PROGRESS)
    (asked,) = cancel(case, back(referral), moment("order-1"))
    assert isinstance(asked, CancellationAsked)
    assert (asked.referral.status, asked.referral.cancellation) == (Status.IN_PROGRESS, Ended.FIRM_REQUEST)
    with pytest.raises(NotPossible, match=r"cna was asked already to end referral .* \(firm_request\)"):
        cancel(case, back(referral, Ended.DUPLICATE), moment("order-2"))


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.REJECTED, Status.CANCELLED])
def test_what_has_ended_is_not_taken_back(status: Status) -> None:
    case, referral = at_cna(status)
    with pytest.raises(NotPossible, match=f"is {status.value} and does not change any more$"):
        cancel(case, back(referral), moment("order-1"))
