"""A referral's life: which status may follow which, and what an update of a partner does to it.

One table holds the guards; everything else in this module reads it. A terminal status never
reopens. What comes out of order is a fact all the same: it is recorded and flagged, and moves nothing. The answer that
lost a race, to a referral that has ended, is refused with the status that stands.
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
    REJECTED = "rejected"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Ended(StrEnum):
    """Why the hub cancelled a referral."""

    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    FIRM_CEASED = "firm_ceased"
    FIRM_ERASED = "firm_erased"


OPEN = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS)
"""In the order in which a referral passes them."""

_UNANSWERED = frozenset({Status.REQUESTED, Status.RECEIVED})
_NOT_BEGUN = _UNANSWERED | {Status.ACCEPTED}

BY_PARTNER: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.RECEIVED: frozenset({Status.REQUESTED}),
        Status.ACCEPTED: _UNANSWERED,
        Status.REJECTED: _NOT_BEGUN,
        Status.IN_PROGRESS: frozenset({Status.ACCEPTED, Status.IN_PROGRESS}),
        Status.COMPLETED: frozenset({Status.IN_PROGRESS}),
        Status.FAILED: frozenset({Status.IN_PROGRESS}),
    }
)
"""What a partner may say -> from where."""

BY_PARTNER_FOR_INFORMATION: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {Status.COMPLETED: _NOT_BEGUN | {Status.IN_PROGRESS}}
)
"""Further ways on the front `information`: to inform is to complete, without an acceptance before it."""

BY_HUB: Mapping[Ended, frozenset[Status]] = MappingProxyType(
    {
        Ended.CONSENT_WITHDRAWN: _NOT_BEGUN,
        Ended.CONSENT_EXPIRED: _UNANSWERED,
        Ended.FIRM_CEASED: _NOT_BEGUN,
        Ended.FIRM_ERASED: frozenset(OPEN),
    }
)
"""Why the hub may cancel -> from where. Work that has begun is ended by asking the partner, which is not served yet."""

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


def judge(status: Status, asked: Status, *, front: str, ended_for: str | None = None) -> Moves | Stays | Barred:
    """What an update that asks for `asked` does to a referral in `status`; `ended_for` is why it ended, if it has."""
    if status is asked:
        return Stays(None if asked is Status.IN_PROGRESS else Flag.REPEATED)
    if status not in OPEN:
        why = f" ({ended_for})" if ended_for else ""
        return Barred(f"the referral is {status}{why} and does not change any more")
    if status in _sources(asked, front):
        return Moves()
    if asked in OPEN and OPEN.index(asked) < OPEN.index(status):
        return Stays(Flag.OUT_OF_ORDER)
    ways = ", ".join(way for way in BY_PARTNER if status in _sources(way, front))
    return Barred(f"the referral is {status}; from there it can become {ways}, not {asked}")


def _sources(asked: Status, front: str) -> frozenset[Status]:
    more = BY_PARTNER_FOR_INFORMATION.get(asked, frozenset()) if front == "information" else frozenset()
    return BY_PARTNER.get(asked, frozenset()) | more
