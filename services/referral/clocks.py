"""Which clocks run for a referral, when each is due, who holds the ball, and what comes late. Pure.

Deadlines stand on the referral, set when it comes where they begin, so that a later version of the agreement changes
none that a partner was told. Only the clocks of where it stands run: on hold all but the hold's own rest, and what was
left of them is left when the work goes on. Where a cancellation was requested nobody is reminded of anything else. A
supporting body's copy has no clock: nothing is awaited of it. After a completion one more clock runs, that of the
firm's link.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from services.referral.case import Case, NeedState, Outage, Referral, Role
from services.referral.lifecycle import Status
from shared.agreement import Agreement, day_of
from shared.contracts.firm import Consent
from shared.contracts.referrals import Confirmation

_UNANSWERED = (Status.REQUESTED, Status.RECEIVED)


class Kind(StrEnum):
    """What a clock calls for, in the order in which clocks due at the same time are heard."""

    HOLD = "hold"
    """The hold ends: the work goes on where it was."""
    CONSENT = "consent"
    """The firm's consent runs out before anybody has accepted."""
    REMIND = "remind"
    ESCALATE = "escalate"
    REROUTE = "reroute"
    """Nobody answered: the need goes to another partner."""
    CANCELLATION = "cancellation"
    """The silence after a requested cancellation confirms it."""
    CONFIRMATION = "confirmation"
    """The link by which the firm could confirm or dispute a completed referral has expired."""


_ORDER = list(Kind)
_JUDGES = frozenset({Kind.ESCALATE, Kind.REROUTE, Kind.CANCELLATION})
"""What is held against a partner: not before it had a day after an outage of ours."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs."""

    kind: Kind
    due_at: datetime


class Ball(StrEnum):
    """To whom the time that passes is attributed."""

    HUB = "hub"
    PARTNER = "partner"
    FIRM = "firm"
    PAUSED = "paused"


class Waits(StrEnum):
    """What a partner is reminded of: the reason of reminders and escalations."""

    ACCEPTANCE = "acceptance_due"
    FIRST_CONTACT = "first_contact_due"
    UPDATE = "update_due"


def running(
    case: Case, referral: Referral, outages: Sequence[Outage] = (), agreement: Agreement | None = None
) -> list[Clock]:
    """The clocks that run for it, in the order in which they are due. With `outages` (and `agreement`): due when they
    are judged."""
    clocks = [
        Clock(kind, judged(at, outages, agreement) if agreement is not None and kind in _JUDGES else at)
        for kind, at in _pending(case, referral)
        if at is not None
    ]
    return sorted(clocks, key=lambda clock: (clock.due_at, _ORDER.index(clock.kind)))


def _pending(case: Case, referral: Referral) -> Iterator[tuple[Kind, datetime | None]]:
    if referral.role is Role.SUPPORTING:
        return
    if not referral.is_open:
        if referral.status is Status.COMPLETED and referral.confirmed_by_firm == "pending":
            yield Kind.CONFIRMATION, referral.answer_by
        return
    if referral.status is Status.ON_HOLD:
        yield Kind.HOLD, referral.hold_until
    if referral.cancellation is not None:
        yield Kind.CANCELLATION, referral.confirm_by
    elif referral.status is not Status.ON_HOLD:
        yield Kind.REMIND, referral.remind_at
        yield Kind.ESCALATE, referral.escalate_at
    if referral.status in _UNANSWERED:
        yield Kind.REROUTE, referral.accept_by
        if case.assessment is not None:
            yield Kind.CONSENT, consent_ends(referral.partner, case.assessment.consents)


def consent_ends(partner: str, consents: Sequence[Consent]) -> datetime | None:
    """When the last consent for this partner runs out; None where one never does, or none was given."""
    ends = [one.expires_at for one in consents if one.to in (partner, "any") and one.purpose == "referral"]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def judged(due_at: datetime, outages: Sequence[Outage], agreement: Agreement) -> datetime:
    """When a deadline is judged: where it fell into an outage of ours, some working days after that one's end."""
    for began_at, ended_at in sorted(outages):
        if began_at < due_at <= ended_at:
            due_at = agreement.working_days.due(ended_at, agreement.deadlines.after_outage)
    return due_at


def started(referral: Referral, agreement: Agreement) -> Referral:
    """A referral that was requested, with the ladder of its acceptance."""
    if referral.role is Role.SUPPORTING:
        return referral
    ladder, at = agreement.deadlines.accept, referral.requested_at
    return replace(
        referral,
        accept_by=agreement.working_days.due(at, ladder.reroute),
        remind_at=agreement.working_days.due(at, ladder.remind),
        escalate_at=agreement.working_days.due(at, ladder.escalate),
    )


def moved(before: Referral, now: Referral, at: datetime, agreement: Agreement) -> Referral:
    """The referral as it stands `now`, with the clocks that begin, go on or end by its move at `at`."""
    if now.role is Role.SUPPORTING:
        return now
    match now.status:
        case Status.REQUESTED | Status.RECEIVED | Status.ON_HOLD:
            return now
        case Status.ACCEPTED if before.status is Status.ON_HOLD:
            return _gone_on(before, now, at, agreement)
        case Status.ACCEPTED:
            contact_by = agreement.working_days.due(at, agreement.deadlines.contact)
            return replace(now, contact_by=contact_by, remind_at=None, escalate_at=contact_by)
        case Status.IN_PROGRESS:
            return heard(now, at, agreement)
        case Status.COMPLETED:
            answer_by = agreement.working_days.due(at, agreement.deadlines.firm_answer)
            now = replace(now, confirmed_by_firm="pending", answer_by=answer_by)
            return replace(now, remind_at=None, escalate_at=None)
        case Status.REJECTED | Status.FAILED | Status.CANCELLED | Status.ENTERED_IN_ERROR:
            return replace(now, remind_at=None, escalate_at=None)
        case _:
            assert_never(now.status)


def resumed(before: Referral, now: Referral, at: datetime, agreement: Agreement) -> Referral:
    """The hold ended by itself at `at`: nobody was heard of, and what was left of the clocks is left."""
    return _gone_on(before, now, at, agreement)


def heard(referral: Referral, at: datetime, agreement: Agreement) -> Referral:
    """The partner at work was heard of: it may be silent again for as long."""
    if referral.role is Role.SUPPORTING:
        return referral
    ladder, silence = agreement.deadlines.accept, agreement.deadlines.no_update
    heard_by = agreement.working_days.due(at, silence)
    escalate_at = agreement.working_days.due(at, silence + ladder.escalate - ladder.remind)
    return replace(referral, heard_by=heard_by, remind_at=heard_by, escalate_at=escalate_at)


def asked_back(referral: Referral, at: datetime, agreement: Agreement) -> Referral:
    """The partner was asked to end its work."""
    if referral.role is Role.SUPPORTING:
        return referral
    return replace(referral, confirm_by=agreement.working_days.due(at, agreement.deadlines.cancellation))


def _gone_on(before: Referral, now: Referral, at: datetime, agreement: Agreement) -> Referral:
    """The clocks that rested, later by the working days of the hold (`before` is as it was on hold)."""
    days = agreement.working_days.between(day_of(before.changed_at), day_of(at))

    def later(due_at: datetime | None) -> datetime | None:
        return agreement.working_days.due(due_at, days) if due_at is not None and days else due_at

    at_work = now.status is Status.IN_PROGRESS
    return replace(
        now,
        contact_by=now.contact_by if at_work else later(now.contact_by),
        heard_by=later(now.heard_by),
        remind_at=later(now.remind_at),
        escalate_at=later(now.escalate_at),
    )


def is_late(referral: Referral, at: datetime, outages: Sequence[Outage], agreement: Agreement) -> bool:
    """Whether what a partner says at `at` comes after the deadline under which the referral stands."""
    match referral.status:
        case Status.REQUESTED | Status.RECEIVED:
            due_at = referral.accept_by
        case Status.ACCEPTED:
            due_at = referral.contact_by
        case Status.IN_PROGRESS:
            due_at = referral.heard_by
        case _:
            due_at = None
    return due_at is not None and at > judged(due_at, outages, agreement)


def awaited(status: Status) -> Waits:
    """What is awaited of a partner whose referral stands so."""
    match status:
        case Status.REQUESTED | Status.RECEIVED:
            return Waits.ACCEPTANCE
        case Status.ACCEPTED:
            return Waits.FIRST_CONTACT
        case _:
            return Waits.UPDATE


def ball(status: Status, reason: str | None = None, confirmed: Confirmation | None = "pending") -> Ball:
    """Who holds the ball where a referral stands so; `reason` is a hold's code.

    After its end the ball is with the hub, which sees to the need; a completed one waits for the firm's word, as long
    as that may come.
    """
    match status:
        case Status.REQUESTED | Status.RECEIVED | Status.ACCEPTED | Status.IN_PROGRESS:
            return Ball.PARTNER
        case Status.ON_HOLD:
            return Ball.FIRM if reason == "waiting_firm" else Ball.PAUSED
        case Status.COMPLETED:
            return Ball.FIRM if confirmed == "pending" else Ball.HUB
        case Status.REJECTED | Status.FAILED | Status.CANCELLED | Status.ENTERED_IN_ERROR:
            return Ball.HUB
        case _:
            assert_never(status)


def ball_of_need(state: NeedState) -> Ball | None:
    """Who holds the ball where no partner has a need: whose word it waits for. None where its task tells, or where
    nothing is awaited of anybody."""
    match state:
        case NeedState.WAITING_CONSENT:
            return Ball.FIRM
        case NeedState.WAITING_MEMBERSHIP:
            return Ball.PARTNER
        case NeedState.WAITING_INFORMATION:
            return Ball.PAUSED
        case NeedState.MANUAL:
            return Ball.HUB
        case NeedState.REFERRED | NeedState.MET | NeedState.UNMET | NeedState.WITHDRAWN:
            return None
        case _:
            assert_never(state)
