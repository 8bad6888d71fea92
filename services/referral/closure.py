"""Two-sided closure: what the firm says of a referral that its partner has reported as completed. Pure.

The firm's word stands beside the status and never moves it. It is given once, by the firm's link; the notifier's page
takes it until the link's end, and what it took counts whenever it is heard here, also after the silence was told: the
firm was shown that its answer is recorded.
"""

from dataclasses import replace
from datetime import datetime

from services.referral.case import Answered, Case, Fact, Referral
from services.referral.lifecycle import Status


def take(case: Case, referral_id: str, *, confirmed: bool, reason: str | None, at: datetime) -> list[Fact]:
    """The firm confirms or disputes, at `at`. Nothing follows where it is not asked any more, or has answered."""
    referral = case.referrals.get(referral_id)
    if referral is None or referral.status is not Status.COMPLETED or referral.answer_by is None:
        return []
    if referral.confirmed_by_firm not in ("pending", "unanswered") or at > referral.answer_by:
        return []
    answered = replace(
        referral,
        confirmed_by_firm="yes" if confirmed else "disputed",
        answered_at=at,
        disputed_for=None if confirmed else reason,
    )
    case.put(answered)
    return [Answered(answered)]


def expire(case: Case, referral: Referral) -> list[Fact]:
    """The link has expired without an answer."""
    if referral.confirmed_by_firm != "pending" or referral.answer_by is None:
        return []
    silent = replace(referral, confirmed_by_firm="unanswered", answered_at=referral.answer_by)
    case.put(silent)
    return [Answered(silent)]


def withdraw(case: Case, at: datetime) -> list[Fact]:
    """The firm is erased: its links hold no longer, and what it has not answered it never will."""
    facts: list[Fact] = []
    for referral in list(case.referrals.values()):
        if referral.answer_by is None:
            continue
        ended = replace(referral, answer_by=None)
        if referral.confirmed_by_firm == "pending":
            ended = replace(ended, confirmed_by_firm="unanswered", answered_at=at)
            if referral.status is Status.COMPLETED:  # of what was entered in error nothing is told any more
                facts.append(Answered(ended))
        case.put(ended)
    return facts
