"""A referral's life: which status may follow which, and what an update of a partner does to it.

The tables hold the guards; everything else reads them. A terminal status never reopens. What comes out of order is a
fact all the same: it is recorded and flagged, and moves nothing. The answer that lost a race, to a referral that has
ended, is refused with the status that stands.

A cancellation that was requested is no status: it stands beside one, and the partner may finish its work all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Where a referral stands."""

    REQUESTED = "requested"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    REJECTED = "rejected"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered_in_error"


class Asked(StrEnum):
    """What a partner may say of a referral."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLATION_CONFIRMED = "cancellation_confirmed"


class Ended(StrEnum):
    """Why the hub cancels a referral."""

    NO_RESPONSE = "no_response"
    SUPERSEDED = "superseded"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    AGREEMENT_ENDED = "agreement_ended"
    PARTNER_LEFT = "partner_left"
    MEMBERSHIP_CHANGED = "membership_changed"
    FIRM_CEASED = "firm_ceased"
    FIRM_MERGED = "firm_merged"
    FIRM_REQUEST = "firm_request"
    DUPLICATE = "duplicate"
    FIRM_ERASED = "firm_erased"


PATH = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS)
"""In the order in which a referral passes them; a hold is a halt on the way and no step of it."""

OPEN = frozenset({*PATH, Status.ON_HOLD})

_UNANSWERED = frozenset({Status.REQUESTED, Status.RECEIVED})
_NOT_BEGUN = _UNANSWERED | {Status.ACCEPTED}
_BEGUN = frozenset({Status.IN_PROGRESS, Status.ON_HOLD})

BECOMES: Mapping[Asked, Status] = MappingProxyType(
    {asked: Status(asked) for asked in Asked if asked is not Asked.CANCELLATION_CONFIRMED}
    | {Asked.CANCELLATION_CONFIRMED: Status.CANCELLED}
)
"""What a partner says -> where the referral is then."""

BY_PARTNER: Mapping[Asked, frozenset[Status]] = MappingProxyType(
    {
        Asked.RECEIVED: frozenset({Status.REQUESTED}),
        Asked.ACCEPTED: _UNANSWERED,
        Asked.REJECTED: _NOT_BEGUN,
        Asked.IN_PROGRESS: frozenset({Status.ACCEPTED, *_BEGUN}),
        Asked.ON_HOLD: frozenset({Status.ACCEPTED, Status.IN_PROGRESS}),
        Asked.COMPLETED: _BEGUN,
        Asked.FAILED: _BEGUN,
        Asked.CANCELLATION_CONFIRMED: frozenset(),
    }
)
"""What a partner may say -> from where. From `on_hold` it may also say where the referral was before. Where a
cancellation was requested it may confirm that from `in_progress` and `on_hold`, and from `accepted`, where a hold may
have ended meanwhile."""

BY_PARTNER_FOR_INFORMATION: Mapping[Asked, frozenset[Status]] = MappingProxyType({Asked.COMPLETED: _NOT_BEGUN})
"""Further ways on the front `information`: to inform is to complete, without an acceptance before it."""

BY_HUB: Mapping[Ended, frozenset[Status]] = MappingProxyType(
    {
        Ended.NO_RESPONSE: _NOT_BEGUN,
        Ended.SUPERSEDED: _NOT_BEGUN,
        Ended.CONSENT_WITHDRAWN: _NOT_BEGUN,
        Ended.CONSENT_EXPIRED: _UNANSWERED,
        Ended.AGREEMENT_ENDED: _UNANSWERED,
        Ended.PARTNER_LEFT: _NOT_BEGUN,
        Ended.MEMBERSHIP_CHANGED: frozenset({Status.REQUESTED}),
        Ended.FIRM_CEASED: _NOT_BEGUN,
        Ended.FIRM_MERGED: _NOT_BEGUN,
        Ended.FIRM_REQUEST: _NOT_BEGUN,
        Ended.DUPLICATE: _NOT_BEGUN,
        Ended.FIRM_ERASED: OPEN,
    }
)
"""Why the hub may cancel at once -> from where."""

_RUNS_OFF = frozenset({Ended.CONSENT_EXPIRED, Ended.AGREEMENT_ENDED, Ended.MEMBERSHIP_CHANGED})
BY_HUB_ON_REQUEST: Mapping[Ended, frozenset[Status]] = MappingProxyType(
    {why: _BEGUN for why in Ended if why is not Ended.FIRM_ERASED and why not in _RUNS_OFF}
)
"""Why the hub may ask that work which has begun be ended -> from where. What merely runs out ends nothing that was
accepted, and an erasure does not ask."""

HOLD_CODES = frozenset({"waiting_firm", "waiting_call", "waiting_third_party"})
REJECT_CODES = frozenset(
    {
        "not_member",
        "out_of_territory",
        "out_of_sector",
        "service_unavailable",
        "no_capacity",
        "conflict_of_interest",
        "insufficient_data",
        "already_served",
        "firm_unreachable",
    }
)
FAIL_CODES = frozenset({"firm_withdrew", "firm_unreachable", "not_eligible", "service_ended"})
FIRM_WITHDREW = "firm_withdrew"
REROUTED_FAILURE = "service_ended"
"""The one failure that is the partner's and not the firm's: the need goes to somebody else."""

OUTCOME_CODES = frozenset(
    {
        "informed",
        "trained",
        "export_plan",
        "b2b_meetings",
        "mission",
        "first_order",
        "new_market",
        "finance_granted",
        "policy_issued",
        "foreign_unit_opened",
    }
)


class Flag(StrEnum):
    """What is remarkable about an update that was recorded."""

    LATE = "late"
    OUT_OF_ORDER = "out_of_order"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Moves:
    """The referral changes its status."""


@dataclass(frozen=True, slots=True)
class Stays:
    """The update is a fact that moves nothing: a note, a repeat, or something that comes after its time."""

    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """The update is refused; `message` names the status that stands and where one can go from it."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All of a referral that decides where it may go.

    `resumes` is where it was before a hold. `cancelling` tells whether its cancellation was requested, `ended_for` why
    it ended, if it has.
    """

    status: Status
    front: str
    resumes: Status | None = None
    cancelling: bool = False
    ended_for: str | None = None


def judge(standing: Standing, asked: Asked, *, same_hold: bool = True) -> Moves | Stays | Barred:
    """What an update that says `asked` does to a referral. `same_hold`: a hold that it asks for is the one that
    stands."""
    status = standing.status
    if BECOMES[asked] is status and (asked is not Asked.CANCELLATION_CONFIRMED or standing.cancelling):
        if asked is Asked.ON_HOLD and not same_hold:
            return Barred("the referral is on_hold until another day: first say that the work goes on, then hold again")
        return Stays(None if asked is Asked.IN_PROGRESS else Flag.REPEATED)
    if status not in OPEN:
        why = f" ({standing.ended_for})" if standing.ended_for else ""
        return Barred(f"the referral is {status}{why} and does not change any more")
    if status in _sources(asked, standing):
        return Moves()
    if _is_behind(BECOMES[asked], standing):
        return Stays(Flag.OUT_OF_ORDER)
    if asked is Asked.CANCELLATION_CONFIRMED and not standing.cancelling:
        return Barred(f"the referral is {status} and its cancellation was not requested: there is nothing to confirm")
    ways = ", ".join(way for way in Asked if status in _sources(way, standing))
    return Barred(f"the referral is {status}; from there you can say {ways}, not {asked}")


def _sources(asked: Asked, standing: Standing) -> frozenset[Status]:
    found = BY_PARTNER[asked]
    if standing.front == "information":
        found |= BY_PARTNER_FOR_INFORMATION.get(asked, frozenset())
    if asked is Asked.CANCELLATION_CONFIRMED and standing.cancelling:
        found |= _BEGUN | {Status.ACCEPTED}
    if BECOMES[asked] is standing.resumes:
        found |= {Status.ON_HOLD}
    return found


def _is_behind(asked: Status, standing: Standing) -> bool:
    """Whether the referral has passed this status on its way."""
    here = standing.resumes if standing.status is Status.ON_HOLD else standing.status
    return asked in PATH and here in PATH and PATH.index(asked) < PATH.index(here)
