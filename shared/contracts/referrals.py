"""What a partner reads on its referrals topic: tasks, their end, and the one final answer to each of its updates."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from shared.contracts.base import Event, FirmId
from shared.contracts.classifier import Missing, Segment
from shared.contracts.firm import Part, Profile
from shared.contracts.receipts import Position
from shared.contracts.referral import ReportedOutcome as ReportedOutcome
from shared.contracts.referral import Role
from shared.contracts.rules import Problem

Flag = Literal["late", "out_of_order", "repeated"]
Confirmation = Literal["yes", "disputed", "pending", "unanswered"]
"""What the firm says of the outcomes that the partner reported; `pending`: it has not answered yet."""

_FEED = "partners.{partner}.referrals.v1"


class FirmForPartner(Profile, frozen=True, kw_only=True):
    """The merged profile in the inbound form, with our name for the firm. Made by `for_partner`."""

    firm_id: FirmId


def for_partner(profile: Profile, firm_id: FirmId) -> FirmForPartner:
    """The profile as a partner may see it: without declared memberships and the preferred partner."""
    members = {name: getattr(profile, name) for name in profile.__struct_fields__}
    return FirmForPartner(**members | {"declared_memberships": None, "preferred_partner": None}, firm_id=firm_id)


class OfferedService(Part, frozen=True, kw_only=True):
    """A service that fits the need: its code and title in the partner's own list, and where to read of it."""

    code: str
    title: str
    link: str | None = None


class Step(Part, frozen=True, kw_only=True):
    """One step of the routing order that was looked at, and what it found."""

    step: str
    reason: str


class Candidate(Part, frozen=True, kw_only=True):
    """One of the twelve and why it is, or is not, the one; `predicate` names what failed."""

    partner: str
    verdict: str
    predicate: str | None = None


class Tie(Part, frozen=True, kw_only=True):
    """Who stood equal, and the hash that chose (rendezvous over firm id and partner)."""

    members: tuple[str, ...]
    hash: str


class Decision(Part, frozen=True, kw_only=True):
    """A receipt of routing: why this partner, why not the others, under which rule, and what would change it."""

    agreement: str
    rule: str
    path: tuple[Step, ...]
    candidates: tuple[Candidate, ...]
    would_change_it: tuple[str, ...]
    tie: Tie | None = None


class _OfReferral(Event, frozen=True, kw_only=True):
    """What everything about a referral carries."""

    referral_id: str
    status: str
    at: datetime
    accept_by: datetime | None = None
    contact_by: datetime | None = None
    hold_until: datetime | None = None


class ReferralRequested(_OfReferral, frozen=True, kw_only=True):
    """The partner is asked to take a need. `reference` and `replaces` only where they are this partner's own."""

    type: ClassVar[str] = "it.portolano.referral.requested.v1"
    feed: ClassVar[str] = _FEED

    need_id: str
    role: Role
    front: str
    import_: bool = msgspec.field(name="import")
    services: tuple[OfferedService, ...]
    firm: FirmForPartner
    segment: Segment
    decision: Decision
    part_of: str | None = None
    market: str | None = None
    reference: str | None = None
    replaces: str | None = None


class ReferralCancelled(_OfReferral, frozen=True, kw_only=True):
    """The hub took the referral back; `reason` is coded."""

    type: ClassVar[str] = "it.portolano.referral.cancelled.v1"
    feed: ClassVar[str] = _FEED

    reason: str


class ReferralCancellationRequested(_OfReferral, frozen=True, kw_only=True):
    """The partner is asked to end work that has begun; `reason` is coded. It confirms, or finishes all the same."""

    type: ClassVar[str] = "it.portolano.referral.cancellation-requested.v1"
    feed: ClassVar[str] = _FEED

    reason: str


class ReferralReminded(_OfReferral, frozen=True, kw_only=True):
    """Something is awaited of the partner: `reason` is acceptance_due, first_contact_due or update_due."""

    type: ClassVar[str] = "it.portolano.referral.reminded.v1"
    feed: ClassVar[str] = _FEED

    reason: str


class ReferralEscalated(_OfReferral, frozen=True, kw_only=True):
    """What was awaited has not come, and those above the desk should know; `reason` as in a reminder."""

    type: ClassVar[str] = "it.portolano.referral.escalated.v1"
    feed: ClassVar[str] = _FEED

    reason: str


class ReferralClosed(_OfReferral, frozen=True, kw_only=True):
    """The referral was completed with these outcomes; whether the firm confirms them. Said at the completion, and again
    when the firm has answered or its link has expired; `at` is the time of that."""

    type: ClassVar[str] = "it.portolano.referral.closed.v1"
    feed: ClassVar[str] = _FEED

    outcomes: tuple[ReportedOutcome, ...]
    confirmed_by_firm: Confirmation


class MembershipQueried(Event, frozen=True, kw_only=True):
    """A firm declared itself the partner's member: is it? No answer until `answer_by` means no; a later one counts."""

    type: ClassVar[str] = "it.portolano.referral.membership-queried.v1"
    feed: ClassVar[str] = _FEED

    query_id: str
    codice_fiscale: str
    answer_by: datetime


class InformationRequested(Event, frozen=True, kw_only=True):
    """A firm's segment is not settled: the partner is asked to find out what is missing, and tells it in a submission.

    Whoever tells it first settles it. A partner that will not find it out declines; no answer until `answer_by` (UTC)
    means the same, and a later one counts all the same.
    """

    type: ClassVar[str] = "it.portolano.referral.information-requested.v1"
    feed: ClassVar[str] = _FEED

    request_id: str
    firm_id: FirmId
    codice_fiscale: str
    segment: Segment
    missing: tuple[Missing, ...]
    answer_by: datetime
    reference: str | None = None


class NeedStanding(Part, frozen=True, kw_only=True):
    """A need of the firm and where it stands; who serves it is not told."""

    need_id: str
    front: str
    state: str


class FirmStatus(Event, frozen=True, kw_only=True):
    """How a firm of which the partner told us stands: said when it has changed, while the firm's consent covers it."""

    type: ClassVar[str] = "it.portolano.referral.firm-status.v1"
    feed: ClassVar[str] = _FEED

    firm_id: FirmId
    segment: Segment
    needs: tuple[NeedStanding, ...]
    reference: str | None = None


class FirmForgotten(Event, frozen=True, kw_only=True):
    """The firm's personal data are gone from all of our stores: said to whoever asked for it and to every recipient.

    `referral_ids` are this partner's own. Copies that were said before lie on topics and in journals until
    `copies_until` (UTC) at the latest. What the partner does with its own copies is its own duty.
    """

    type: ClassVar[str] = "it.portolano.referral.firm-erased.v1"
    feed: ClassVar[str] = _FEED

    firm_id: FirmId
    referral_ids: tuple[str, ...]
    copies_until: datetime


class _OfUpdate(Event, frozen=True, kw_only=True):
    """What every answer to an update carries; what is the referral's only where it names one of this partner's."""

    position: Position
    at: datetime
    update_id: str | None = None
    referral_id: str | None = None
    status: str | None = None
    accept_by: datetime | None = None
    contact_by: datetime | None = None
    hold_until: datetime | None = None


class UpdateRecorded(_OfUpdate, frozen=True, kw_only=True):
    """The update is on the referral's file; `flags` say how it was taken. `status` is the referral's after it."""

    type: ClassVar[str] = "it.portolano.referral.update-recorded.v1"
    feed: ClassVar[str] = _FEED

    flags: tuple[Flag, ...] = ()


class UpdateRefused(_OfUpdate, frozen=True, kw_only=True):
    """The update changed nothing; all its problems at once. `status` is the referral's as it stands."""

    type: ClassVar[str] = "it.portolano.referral.update-refused.v1"
    feed: ClassVar[str] = _FEED

    problems: tuple[Problem, ...]


class UpdateHeld(_OfUpdate, frozen=True, kw_only=True):
    """Our fault: the update is kept and looked at; the final answer follows."""

    type: ClassVar[str] = "it.portolano.referral.update-held.v1"
    feed: ClassVar[str] = _FEED
