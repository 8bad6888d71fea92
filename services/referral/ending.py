"""How the hub ends a referral: at once, by asking for it, or as a task that never should have been. Pure.

What becomes of the need is left to others, but for its leg in the market, which goes on only while somebody has it.
"""

from collections.abc import Iterator
from dataclasses import replace

from services.referral import clocks
from services.referral.beside import close_copies
from services.referral.case import CancellationAsked, Case, Fact, Moment, Moved, Need, Referral, Role
from services.referral.lifecycle import BY_HUB, BY_HUB_ON_REQUEST, Ended, Status


def open_ones(case: Case) -> Iterator[Referral]:
    """The open referrals, each as it stands when its turn comes: one that ends may end its copies."""
    for referral_id in list(case.referrals):
        if case.referrals[referral_id].is_open:
            yield case.referrals[referral_id]


def take_back(case: Case, referral: Referral, why: Ended, moment: Moment) -> list[Fact]:
    """Cancel a referral or ask for it, as the table has it; the need is left to others."""
    if referral.status in BY_HUB[why]:
        ended = _ended(referral, Status.CANCELLED, why.value, moment)
        case.put(ended)
        return [Moved(ended, referral.status), *close_copies(case, ended, moment)]
    if referral.cancellation is None and referral.status in BY_HUB_ON_REQUEST.get(why, ()):
        asked = replace(referral, cancellation=why, cancellation_at=moment.at)
        asked = clocks.asked_back(asked, moment.at, moment.agreement)
        case.put(asked)
        return [CancellationAsked(asked)]
    return []


def enter_in_error(case: Case, referral: Referral, moment: Moment) -> list[Fact]:
    """The referral never should have been, and neither should its copies, wherever they stand; the need is left to
    others. A task that was in error already stays so."""
    of_it = [
        one for one in case.referrals.values() if one.part_of == referral.referral_id and one.role is Role.SUPPORTING
    ]
    facts: list[Fact] = []
    for one in (referral, *of_it):
        if one.status is not Status.ENTERED_IN_ERROR:
            error = _ended(one, Status.ENTERED_IN_ERROR, None, moment)
            case.put(error)
            facts.append(Moved(error, one.status))
    return facts


def _ended(referral: Referral, status: Status, reason: str | None, moment: Moment) -> Referral:
    return replace(
        referral,
        status=status,
        reason=reason,
        changed_at=moment.at,
        resumes=None,
        hold_until=None,
        remind_at=None,
        escalate_at=None,
    )


def end_leg(case: Case, need: Need, why: Ended | None, moment: Moment) -> Iterator[Fact]:
    """The need is nobody's any more: its leg in the market is taken back as well."""
    for referral in open_ones(case):
        if referral.need_id == need.need_id and referral.role is Role.EXECUTOR:
            yield from take_back(case, referral, why or Ended.SUPERSEDED, moment)
