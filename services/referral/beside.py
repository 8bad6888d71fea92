"""Who comes in beside the responsible partner: supporting bodies, and the executor of a leg in the market. Pure.

A supporting referral is a copy: nothing is to be done, no clock runs, and it is closed with the one that it belongs to.
An executor's is a task of its own, with its own clocks, for as long as somebody is responsible for the need: it goes on
when the need is handed on, and where the executor gives it back or does not answer a person finds another. Neither of
the two moves the need.
"""

from collections.abc import Iterator
from dataclasses import replace

from services.referral.case import LEG_REJECTED, Case, Fact, Moment, Moved, NeedState, Opened, Referral, Role
from services.referral.clocks import started
from services.referral.lifecycle import Ended, Status
from services.referral.offers import offers
from services.referral.receipt import Decision
from shared.contracts import ids

_GIVEN_BACK = frozenset({Status.REJECTED, Status.FAILED, Status.ENTERED_IN_ERROR})


def _is_given_back(leg: Referral) -> bool:
    """Whether its executor will not do it: so it said, it did not answer at all, or it never should have been asked."""
    return leg.status in _GIVEN_BACK or (leg.status is Status.CANCELLED and leg.reason == Ended.NO_RESPONSE)


def open_beside(case: Case, parent: Referral, decision: Decision, moment: Moment) -> Iterator[Opened]:
    """Open what the decision wants beside `parent`. Where the need is handed on, a leg that somebody has, has done or
    gave back gets no second executor by itself; one that was given back stays a person's to place."""
    for partner in decision.supporting:
        yield open_copy(case, parent, partner, decision, moment)
    legs = _legs(case, parent.need_id)
    before = legs if parent.replaces is not None else [leg for leg in legs if leg.is_open]
    if before and _is_given_back(before[-1]):
        case.put(replace(case.needs[parent.need_id], reason=LEG_REJECTED))
    elif decision.executor is not None and not before:
        yield open_leg(case, parent, decision.executor, decision, moment)


def open_copy(case: Case, parent: Referral, partner: str, decision: Decision, moment: Moment) -> Opened:
    """Open a copy of the task for this partner."""
    return _opened(case, parent, partner, Role.SUPPORTING, decision, moment)


def open_leg(case: Case, parent: Referral, partner: str, decision: Decision, moment: Moment) -> Opened:
    """Open the leg in the market with this executor."""
    return _opened(case, parent, partner, Role.EXECUTOR, decision, moment)


def _legs(case: Case, need_id: str) -> list[Referral]:
    """The need's legs in the market, the newest last; none that the hub took back, unless nobody had answered."""
    return [
        one
        for one in case.referrals.values()
        if one.need_id == need_id
        and one.role is Role.EXECUTOR
        and (_is_given_back(one) or one.status is not Status.CANCELLED)
    ]


def _opened(case: Case, parent: Referral, partner: str, role: Role, decision: Decision, moment: Moment) -> Opened:
    copy = Referral(
        referral_id=ids.derive("referral", parent.need_id, moment.cause_id, parent.referral_id, role, partner),
        need_id=parent.need_id,
        firm_id=parent.firm_id,
        partner=partner,
        front=parent.front,
        import_=parent.import_,
        market=parent.market,
        status=Status.REQUESTED,
        requested_at=moment.at,
        changed_at=moment.at,
        role=role,
        part_of=parent.referral_id,
    )
    copy = started(copy, moment.agreement)
    case.put(copy)
    services = offers(copy, case.assessment, moment) if case.assessment is not None else ()
    return Opened(copy, decision, None, services)


def close_copies(case: Case, parent: Referral, moment: Moment) -> list[Fact]:
    """End the copies of a referral that has ended: completed with it, else cancelled for its reason or as superseded.
    Nothing happens while it is open."""
    parent = case.referrals[parent.referral_id]
    if parent.is_open or parent.role is not Role.RESPONSIBLE:
        return []
    status, reason = Status.CANCELLED, parent.reason
    if parent.status is Status.COMPLETED:
        status, reason = Status.COMPLETED, None
    elif parent.status is not Status.CANCELLED:
        reason = Ended.SUPERSEDED.value
    facts: list[Fact] = []
    for copy in list(case.referrals.values()):
        if copy.part_of == parent.referral_id and copy.role is Role.SUPPORTING and copy.is_open:
            ended = replace(copy, status=status, reason=reason, changed_at=moment.at, resumes=None, hold_until=None)
            case.put(ended)
            facts.append(Moved(ended, copy.status))
    return facts


def given_back(case: Case, referral: Referral) -> None:
    """What an ended referral of another role than the responsible one means for its need: a leg that was given back is
    a person's to place anew, as long as the need is somebody's."""
    need = case.needs[referral.need_id]
    if referral.role is Role.EXECUTOR and _is_given_back(referral) and need.state is NeedState.REFERRED:
        case.put(replace(need, reason=LEG_REJECTED))
