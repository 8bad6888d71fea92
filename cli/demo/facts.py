"""What happens at the partners' desks, as their own clients saw it. `at` is the monotonic clock, in seconds."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from cli.demo.routes import Reaction
from cli.demo.submissions import Submission
from cli.partner.letters import Heard, Position


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission was given to the partner's producer."""

    submission: Submission
    at: float


@dataclass(frozen=True, slots=True)
class Kept:
    """The broker has acknowledged a submission, and this is where it stands."""

    submission: Submission
    position: Position


@dataclass(frozen=True, slots=True)
class Got:
    """The partner read something from one of its own topics: a receipt, a referral, an answer."""

    partner: str
    heard: Heard
    at: float


@dataclass(frozen=True, slots=True)
class Replied:
    """The partner answered a referral, and the broker has its answer."""

    partner: str
    referral_id: str
    reaction: Reaction
    position: Position
    at: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a partner says of a referral after its first answer; `until` is the last day of a hold."""

    referral_id: str
    status: str
    reason: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """The partner said more of a referral, and the broker has it."""

    partner: str
    report: Report
    position: Position
    at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The partner's client can go on no more; `why` is a line for a person."""

    partner: str
    why: str


Fact: TypeAlias = Sent | Kept | Got | Replied | Reported | Failed
