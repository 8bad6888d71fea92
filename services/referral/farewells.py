"""What is said of a firm that asked to be forgotten: on to the notifier, and at the end to the partners."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from services.referral.erasures import Done
from shared.contracts.classifier import AssessmentErased
from shared.contracts.referral import CaseErased
from shared.contracts.referrals import FirmForgotten
from shared.feeds.speech import Cause, Said

_SEGMENT = timedelta(days=1)
"""A topic is deleted by whole segments, and a segment is open for a day."""


def passed_on(asked: AssessmentErased) -> CaseErased:
    """To the notifier, once this store is empty."""
    return CaseErased(
        firm_id=asked.firm_id,
        version=asked.version,
        requested_at=asked.requested_at,
        requested_by=asked.requested_by,
        submission_id=asked.submission_id,
    )


def forgotten(done: Iterable[Done], cause: Cause, at: datetime, keep: timedelta) -> Iterator[Said]:
    """To each partner, in words that name its own referrals alone; `keep` is the longest that a topic of ours has."""
    for one in done:
        event = FirmForgotten(firm_id=one.firm_id, referral_ids=one.referral_ids, copies_until=at + keep + _SEGMENT)
        yield cause.says(event, firm_id=one.firm_id, to=one.partner, subject=one.firm_id)
