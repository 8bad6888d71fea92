"""The case of one firm: which referrals are opened, moved and ended, and what becomes of the needs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.case import Case, Moved, NeedState, Opened
from services.referral.domain import assess, move, need_id
from services.referral.lifecycle import Status
from shared.contracts.firm import Profile
from tests.unit.referral.builders import FIRM, NOW, assessed, case_with, consent, member, moment, need

CNA = (member("cna"),)


def state_of(case: Case, wanted: object) -> NeedState:
    return case.needs[need_id(FIRM, wanted)].state  # type: ignore[arg-type]  # a need as it was assessed


def test_each_need_is_referred_on_its_own() -> None:
    case, referrals = case_with(need("assistance"), need("finance_and_insurance"), members=CNA)
    assert [one.partner for one in referrals] == ["cna", "sacesimest"]
    assert {one.state for one in case.needs.values()} == {NeedState.REFERRED}
    assert [receipt.referral_id for receipt in case.receipts] == [one.referral_id for one in referrals]


def test_the_same_front_for_two_markets_is_two_needs() -> None:
    _, referrals = case_with(need(market="DE"), need(market="FR"))
    assert len({one.need_id for one in referrals}) == 2


def test_an_open_need_stated_again_opens_nothing() -> None:
    case, _ = case_with(need(), members=CNA)
    assert assess(case, assessed(need(), members=CNA, version=2), moment("second")) == []


def test_deciding_again_gives_the_same_ids() -> None:
    assert case_with(need(), members=CNA)[1] == case_with(need(), members=CNA)[1]


def test_a_need_without_consent_waits_with_a_receipt_and_without_a_referral() -> None:
    case, referrals = case_with(need(), consents=())
    assert (referrals, state_of(case, need())) == ([], NeedState.WAITING_CONSENT)
    assert [receipt.referral_id for receipt in case.receipts] == [None]


def test_a_decision_that_says_nothing_new_leaves_no_second_receipt() -> None:
    case, _ = case_with(need(), consents=())
    assess(case, assessed(need(), consents=(), version=2), moment("second"))
    assert len(case.receipts) == 1


def test_consent_that_comes_later_opens_what_waited_for_it() -> None:
    case, _ = case_with(need(), consents=(), members=CNA)
    (opened,) = assess(case, assessed(need(), members=CNA, version=2), moment("second"))
    assert isinstance(opened, Opened)
    assert (opened.referral.partner, opened.replaces) == ("cna", None)


def test_a_waiting_need_that_is_no_longer_stated_is_withdrawn_and_comes_back_when_it_is() -> None:
    case, _ = case_with(need(), consents=())
    assess(case, assessed(consents=(), version=2), moment("second"))
    assert state_of(case, need()) is NeedState.WITHDRAWN
    assert len(assess(case, assessed(need(), version=3), moment("third"))) == 1


def test_a_need_that_is_being_served_runs_on_when_it_is_no_longer_stated() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    case.put(replace(referral, status=Status.ACCEPTED))
    assert assess(case, assessed(members=CNA, version=2), moment("second")) == []
    assert case.referrals[referral.referral_id].is_open


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED])
def test_a_withdrawn_consent_cancels_what_has_not_begun_and_the_need_waits(status: Status) -> None:
    case, (referral,) = case_with(need(), members=CNA)
    case.put(replace(referral, status=status))
    (moved,) = assess(case, assessed(need(), consents=(), members=CNA, version=2), moment("second"))
    assert isinstance(moved, Moved)
    assert (moved.was, moved.referral.status, moved.referral.reason) == (status, Status.CANCELLED, "consent_withdrawn")
    assert state_of(case, need()) is NeedState.WAITING_CONSENT


def test_an_expired_consent_does_not_end_what_was_accepted() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    case.put(replace(referral, status=Status.ACCEPTED))
    expired = consent(expires_at=NOW - timedelta(days=1))
    assert assess(case, assessed(need(), consents=(expired,), members=CNA, version=2), moment("second")) == []


def test_a_consent_moved_to_another_body_moves_the_need_there() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    moved, opened = assess(
        case, assessed(need(), consents=(consent("unioncamere"),), members=CNA, version=2), moment("second")
    )
    assert isinstance(moved, Moved)
    assert isinstance(opened, Opened)
    assert (opened.referral.partner, opened.referral.replaces) == ("unioncamere", referral.referral_id)


def test_a_firm_that_has_ceased_loses_its_open_referrals() -> None:
    case, _ = case_with(need(), members=CNA)
    (moved,) = assess(
        case, assessed(profile=Profile(codice_fiscale="12345670017", status="ceased"), version=2), moment("second")
    )
    assert isinstance(moved, Moved)
    assert moved.referral.reason == "firm_ceased"
    assert state_of(case, need()) is NeedState.WITHDRAWN


def test_a_rejected_need_goes_to_the_next_and_the_new_referral_names_the_old() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    moved, opened = move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert isinstance(moved, Moved)
    assert isinstance(opened, Opened)
    assert (opened.referral.partner, opened.referral.replaces) == ("unioncamere", referral.referral_id)
    assert opened.replaces is not None
    assert opened.replaces.status is Status.REJECTED


def test_a_need_that_nobody_takes_ends_with_a_person() -> None:
    case, (referral,) = case_with(need())
    facts = move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert len(facts) == 1
    assert state_of(case, need()) is NeedState.MANUAL
    assert assess(case, assessed(need(), version=2), moment("later")) == []


def test_three_rejections_hand_a_need_on_and_the_fourth_gives_it_to_a_person() -> None:
    members = tuple(member(code) for code in ("assolombarda", "confindustria", "confapi", "cna"))
    case, (referral,) = case_with(need(), members=members)
    seen = [referral.partner]
    for n in range(3):
        (_, opened) = move(case, referral, Status.REJECTED, "no_capacity", NOW, moment(f"update {n}"))
        assert isinstance(opened, Opened)
        referral = opened.referral
        seen.append(referral.partner)
    assert len(set(seen)) == 4
    assert len(move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("last"))) == 1
    assert state_of(case, need()) is NeedState.MANUAL
    assert case.needs[referral.need_id].reason == "reroutes"


def test_a_rejected_need_that_the_firm_has_no_more_is_withdrawn() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    assess(case, assessed(members=CNA, version=2), moment("second"))
    assert len(move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))) == 1
    assert state_of(case, need()) is NeedState.WITHDRAWN


def test_completing_meets_the_need() -> None:
    case, (referral,) = case_with(need("information"), members=CNA)
    move(case, referral, Status.COMPLETED, None, NOW, moment("update"))
    assert state_of(case, need("information")) is NeedState.MET


def test_a_failure_of_the_firms_leaves_the_need_unmet_and_one_of_the_partners_reroutes_it() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    assert len(move(case, referral, Status.FAILED, "firm_withdrew", NOW, moment("update"))) == 1
    assert state_of(case, need()) is NeedState.UNMET
    case, (referral,) = case_with(need(), members=CNA)
    assert len(move(case, referral, Status.FAILED, "service_ended", NOW, moment("update"))) == 2


def test_a_closed_need_reopens_only_for_a_declaration_dated_after_its_closing() -> None:
    for declared_at, opened in ((NOW - timedelta(days=1), 0), (NOW + timedelta(days=1), 1)):
        case, (referral,) = case_with(need("information"), members=CNA)
        move(case, referral, Status.COMPLETED, None, NOW, moment("update"))
        again = assessed(need("information", declared_at=declared_at), members=CNA, version=2)
        facts = assess(case, again, moment("second"))
        assert len(facts) == opened
        assert all(isinstance(fact, Opened) and fact.replaces is None for fact in facts)
