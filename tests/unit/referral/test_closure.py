"""What the firm says of a completed referral stands beside it, and never moves it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.referral import closure, domain
from services.referral.case import Answered, Case, Referral, Role
from services.referral.clocks import running
from services.referral.lifecycle import Status
from services.referral.ringing import ring
from services.referral.updates import Outcome
from services.referral.views import told
from shared.contracts.referral import ReferralMoved
from shared.contracts.referrals import ReferralClosed
from shared.feeds.speech import Cause
from tests.unit.referral.builders import ACCORD, NOW, case_with, member, moment, need
from tests.unit.referral.test_clocks import at, end, standing

SECOND = timedelta(seconds=1)
UNTIL = end(12, 23)
"""Twenty working days of Milan after Monday, 23 November 2026: 7 and 8 December are holidays there."""


def completed() -> tuple[Case, Referral]:
    return standing(Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED)


def said(case: Case, referral: Referral) -> tuple[str | None, datetime | None, str | None]:
    now = case.referrals[referral.referral_id]
    return now.confirmed_by_firm, now.answered_at, now.disputed_for


def take(case: Case, referral: Referral, confirmed: bool, when: datetime = NOW, reason: str | None = None) -> bool:
    return bool(closure.take(case, referral.referral_id, confirmed=confirmed, reason=reason, at=when))


def test_a_completed_referral_waits_for_the_firm_for_twenty_working_days() -> None:
    case, referral = completed()
    assert (referral.confirmed_by_firm, referral.answer_by) == ("pending", UNTIL)
    assert ring(case, referral.referral_id, at(UNTIL - SECOND)) == []


@pytest.mark.parametrize(("confirmed", "word"), [(True, "yes"), (False, "disputed")])
def test_the_firms_word_is_kept_and_the_partner_is_told_once_more(confirmed: bool, word: str) -> None:
    case, referral = completed()
    facts = closure.take(case, referral.referral_id, confirmed=confirmed, reason="not_finished", at=NOW)
    assert said(case, referral) == (word, NOW, None if confirmed else "not_finished")
    (one,) = told(facts, case, Cause("x"))
    assert isinstance(one.event, ReferralClosed)
    assert (one.to, one.event.confirmed_by_firm, one.event.status) == ("cna", word, "completed")
    assert case.referrals[referral.referral_id].status is Status.COMPLETED
    assert case.referrals[referral.referral_id].changed_at == referral.changed_at
    assert running(case, case.referrals[referral.referral_id]) == []


def test_silence_until_the_end_of_the_link_is_told_as_unanswered() -> None:
    case, referral = completed()
    facts = ring(case, referral.referral_id, at(UNTIL))
    assert [type(fact) for fact in facts] == [Answered]
    assert said(case, referral) == ("unanswered", UNTIL, None)
    (one,) = told(facts, case, Cause("x"))
    assert isinstance(one.event, ReferralClosed)
    assert (one.event.confirmed_by_firm, one.event.at) == ("unanswered", UNTIL)
    assert ring(case, referral.referral_id, at(UNTIL + SECOND)) == []


def test_an_answer_that_was_given_in_time_counts_though_silence_was_told_before_it_was_heard() -> None:
    case, referral = completed()
    ring(case, referral.referral_id, at(UNTIL))
    assert take(case, referral, True, UNTIL)
    assert said(case, referral) == ("yes", UNTIL, None)


def test_an_answer_from_after_the_end_of_the_link_counts_for_nothing() -> None:
    case, referral = completed()
    assert not take(case, referral, True, UNTIL + SECOND)
    assert said(case, referral) == ("pending", None, None)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_the_first_answer_stands(first: bool, second: bool) -> None:
    case, referral = completed()
    take(case, referral, first)
    before = said(case, referral)
    assert not take(case, referral, second, NOW + SECOND, "other_outcomes")
    assert said(case, referral) == before


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.COMPLETED])
def test_a_firm_has_no_word_on_what_is_not_completed(status: Status) -> None:
    case, referral = completed()
    case.put(replace(case.referrals[referral.referral_id], status=status))
    assert not take(case, referral, True)


def test_a_referral_that_is_not_known_has_no_answer() -> None:
    case, _ = completed()
    assert closure.take(case, "nobody's", confirmed=True, reason=None, at=NOW) == []


def test_an_erasure_ends_the_link_and_what_was_said_before_stays() -> None:
    for answered in (True, False):
        case, referral = completed()
        if answered:
            take(case, referral, True)
        facts = domain.erase(case, moment("erasure"))
        assert [type(fact) for fact in facts] == ([] if answered else [Answered])
        assert said(case, referral)[0] == ("yes" if answered else "unanswered")
        assert not take(case, referral, False)
        assert running(case, case.referrals[referral.referral_id]) == []


def test_a_copy_that_is_closed_with_its_parent_asks_the_firm_for_nothing() -> None:
    case, _ = case_with(need("finance_and_insurance"), members=(member("cna"),))
    by_role = {one.role: one for one in case.referrals.values()}
    parent = by_role[Role.RESPONSIBLE]
    domain.move(case, parent, Status.ACCEPTED, None, NOW, moment())
    domain.move(case, case.referrals[parent.referral_id], Status.IN_PROGRESS, None, NOW, moment())
    facts = domain.move(case, case.referrals[parent.referral_id], Status.COMPLETED, None, NOW, moment())
    copy = case.referrals[by_role[Role.SUPPORTING].referral_id]
    assert (copy.status, copy.confirmed_by_firm, copy.answer_by) == (Status.COMPLETED, None, None)
    closed = {
        one.to: one.event.confirmed_by_firm
        for one in told(facts, case, Cause("x"))
        if isinstance(one.event, ReferralClosed)
    }
    assert closed == {"sacesimest": "pending", "cna": "unanswered"}


def test_the_notifier_is_told_what_was_reported_and_until_when_the_firm_may_answer() -> None:
    case, (referral,) = case_with(need("information"), members=(member("cna"),))
    outcomes = (Outcome(code="informed", market="DE"),)
    facts = domain.move(case, referral, Status.COMPLETED, None, NOW, moment(), outcomes=outcomes)
    moved = next(one.event for one in told(facts, case, Cause("x")) if isinstance(one.event, ReferralMoved))
    assert [(one.code, one.market) for one in moved.outcomes] == [("informed", "DE")]
    assert moved.answer_by == UNTIL == ACCORD.working_days.due(NOW, 20)
    other = domain.move(*_accepted(), moment())
    moved = next(one.event for one in told(other, case, Cause("y")) if isinstance(one.event, ReferralMoved))
    assert (moved.outcomes, moved.answer_by) == ((), None)


def _accepted() -> tuple[Case, Referral, Status, None, datetime]:
    case, (referral,) = case_with(need("information"), members=(member("cna"),))
    return case, referral, Status.ACCEPTED, None, NOW
