"""What figures are made of: firms and partners' tasks, each with what its past says. Pure.

Days are working days of the agreement's calendar, in which its deadlines count too: the day of the event does not count
itself. Who held the ball is told in days of twenty-four hours, because it adds up to the time that passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from services.referral.clocks import Ball, ball
from services.referral.lifecycle import OPEN, Ended, Status
from shared.agreement import WorkingDays, day_of

UNKNOWN = "unknown"
"""The segment or province of a firm that was erased, the province of one that has told none."""

Answer = Literal["accepted", "rejected", "expired", "open"]
Consent = Literal["publisher_only", "wider", "none"]

_DAY = timedelta(days=1)


class Movement(NamedTuple):
    """A referral stands so from `at` (UTC) on; `reason` is coded."""

    status: str
    reason: str | None
    at: datetime


class Placement(NamedTuple):
    """A firm is in this segment (or provisional, or out_of_target) from `at` (UTC) on."""

    segment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A firm that stands. `placements` in order of time, at least one; `consent` as it holds now."""

    firm_id: str
    province: str
    placements: tuple[Placement, ...]
    consent: Consent

    @property
    def known_since(self) -> date:
        return day_of(self.placements[0].at)

    def segment_at(self, at: datetime) -> str:
        """Where it was placed at this moment; before the first placement, by that one."""
        return next((one.segment for one in reversed(self.placements) if one.at <= at), self.placements[0].segment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One responsible referral and what became of it until now. `firm` is None where it was erased.

    `confirmed` is what the firm said of a completed one (yes, disputed, pending, unanswered). `replaced_at` is the end
    of the referral that this one takes the place of.
    """

    need_id: str
    partner: str
    front: str
    import_: bool
    need_state: str
    movements: tuple[Movement, ...]
    outcomes: tuple[str, ...]
    confirmed: str | None
    firm_id: str
    firm: Firm | None = None
    replaced_at: datetime | None = None

    @property
    def requested_at(self) -> datetime:
        return self.movements[0].at

    @property
    def segment(self) -> str:
        """The firm's when the task was given: what it becomes later is no partner's merit."""
        return self.firm.segment_at(self.requested_at) if self.firm else UNKNOWN

    @property
    def province(self) -> str:
        return self.firm.province if self.firm else UNKNOWN

    @property
    def answer(self) -> Answer:
        """What the partner made of being asked. Silence that ended it counts even after an acceptance; an end by the
        hub or the firm before any answer leaves it open."""
        last = self.movements[-1]
        if last.status == Status.REJECTED:
            return "rejected"
        if last.status == Status.CANCELLED and last.reason == Ended.NO_RESPONSE:
            return "expired"
        return "accepted" if self._first(*_TAKEN) else "open"

    @property
    def contacted(self) -> bool:
        """Whether the partner was in touch with the firm: its first contact, or an information given."""
        return self._first(Status.IN_PROGRESS, Status.COMPLETED) is not None

    @property
    def completed(self) -> bool:
        return self.movements[-1].status == Status.COMPLETED

    def days_to_accept(self, calendar: WorkingDays) -> int | None:
        """From the request to the acceptance."""
        return _days(calendar, self.requested_at, self._first(*_TAKEN))

    def days_to_contact(self, calendar: WorkingDays) -> int | None:
        """From the acceptance to the first contact with the firm; an information given without an acceptance has no
        such time."""
        accepted = self._first(Status.ACCEPTED)
        return _days(calendar, accepted, self._first(Status.IN_PROGRESS, Status.COMPLETED)) if accepted else None

    def days_to_close(self, calendar: WorkingDays) -> int | None:
        """From the request to the partner's word that it is completed or has failed; holds are within."""
        return _days(calendar, self.requested_at, self._first(Status.COMPLETED, Status.FAILED))

    def held(self, by: Ball, now: datetime) -> float:
        """Days for which the ball was with the hub (since the referral that this one replaces had ended), with partner
        or firm, or rested, to the end of the work or to now. What a completed one waits for the firm's word is not
        within."""
        if by is Ball.HUB:
            return (self.requested_at - self.replaced_at) / _DAY if self.replaced_at else 0.0
        held = timedelta()
        ends = [*(one.at for one in self.movements[1:]), now]
        for one, end in zip(self.movements, ends, strict=True):
            if Status(one.status) in OPEN and ball(Status(one.status), one.reason) is by:
                held += end - one.at
        return held / _DAY

    def _first(self, *statuses: Status) -> datetime | None:
        return next((one.at for one in self.movements if one.status in statuses), None)


_TAKEN = (Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD, Status.COMPLETED, Status.FAILED)


def _days(calendar: WorkingDays, begin: datetime, end: datetime | None) -> int | None:
    return calendar.between(day_of(begin), day_of(end)) if end is not None else None


def consent_of(recipients: Sequence[str], publishers: Sequence[str]) -> Consent:
    """Whether the consents that hold name nobody but one body that told of the firm itself."""
    if not recipients:
        return "none"
    return "publisher_only" if len(set(recipients)) == 1 and recipients[0] in publishers else "wider"
