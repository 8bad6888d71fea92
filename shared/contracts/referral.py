"""What the referral service says to the notifier: a referral was opened, it moved, something of it is awaited."""

from datetime import date, datetime
from typing import ClassVar, Literal

import msgspec

from shared.contracts import topics
from shared.contracts.base import Event, FirmId
from shared.contracts.classifier import Segment
from shared.contracts.firm import Contacts, Part

Role = Literal["responsible", "executor", "supporting"]
"""responsible: owns the need · executor: carries out the leg in the market · supporting: a copy, no clocks."""


class ReportedOutcome(Part, frozen=True, kw_only=True):
    """A result as the partner reported it: its code, the country (ISO 3166 alpha-2, or XK), euro, the day."""

    code: str
    market: str | None = None
    value_eur: float | None = None
    on: date | None = None


class ReferralOpened(Event, frozen=True, kw_only=True):
    """A need was given to a partner. `firm_name` and `contacts` are there as far as telling them needs them."""

    type: ClassVar[str] = "it.portolano.referral.opened.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    referral_id: str
    need_id: str
    partner: str
    role: Role
    front: str
    import_: bool = msgspec.field(name="import")
    segment: Segment
    requested_at: datetime
    market: str | None = None
    firm_name: str | None = None
    contacts: Contacts | None = None
    replaces: str | None = None


class ReferralMoved(Event, frozen=True, kw_only=True):
    """A referral went from one status to another; `reason` is coded where the move has one.

    `status` may also be `cancellation_requested`, which stands beside the one that the referral keeps (`was`).
    `outcomes` and `answer_by` come with `completed`: what the partner reported, and until when the firm may confirm or
    dispute it.
    """

    type: ClassVar[str] = "it.portolano.referral.moved.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    referral_id: str
    partner: str
    was: str
    status: str
    at: datetime
    reason: str | None = None
    firm_name: str | None = None
    contacts: Contacts | None = None
    outcomes: tuple[ReportedOutcome, ...] = ()
    answer_by: datetime | None = None


class ReferralAwaited(Event, frozen=True, kw_only=True):
    """Time has passed, and the partner is reminded of what is awaited of it, or the next step up is told. The referral
    stands where it stood.

    `due_by` is the end of the time that the partner has: for an acceptance the need then goes to another.
    """

    type: ClassVar[str] = "it.portolano.referral.awaited.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    referral_id: str
    partner: str
    step: Literal["reminded", "escalated"]
    awaits: Literal["acceptance_due", "first_contact_due", "update_due"]
    at: datetime
    due_by: datetime | None = None
    firm_name: str | None = None


class PreferenceAsked(Event, frozen=True, kw_only=True):
    """The firm is to say whether it wants to be served by `partner`, which says so itself. Until it has, and if it does
    not by `answer_by`, the wish does not count."""

    type: ClassVar[str] = "it.portolano.firm.preference-asked.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    question_id: str
    partner: str
    answer_by: datetime
    firm_name: str | None = None
    contacts: Contacts | None = None


class ReferralRestated(Event, frozen=True, kw_only=True):
    """What a referral is for, said once more by a person's command; nothing has changed, and nobody is to be told.

    For whoever has lost it. `outcomes`, `answer_by` and `contacts` are there while the firm may still confirm or
    dispute what the partner has reported.
    """

    type: ClassVar[str] = "it.portolano.referral.restated.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    referral_id: str
    partner: str
    role: Role
    front: str
    import_: bool = msgspec.field(name="import")
    market: str | None = None
    outcomes: tuple[ReportedOutcome, ...] = ()
    answer_by: datetime | None = None
    contacts: Contacts | None = None


class PreferenceRestated(Event, frozen=True, kw_only=True):
    """The firm was asked whether it wants to be served by `partner`, and has not answered yet: said once more by a
    person's command, for whoever has lost it. Nobody is to be asked again."""

    type: ClassVar[str] = "it.portolano.firm.preference-restated.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    question_id: str
    partner: str
    answer_by: datetime
    contacts: Contacts | None = None


class CaseErased(Event, frozen=True, kw_only=True):
    """Referral has forgotten the firm: the classifier's `AssessmentErased`, passed on once this store is empty.

    Said for every erased firm, whether it ever had a referral or not: the answer of whoever hears it is the proof that
    the last store is empty as well. A referral that is opened after this event is a new beginning.
    """

    type: ClassVar[str] = "it.portolano.firm.case-erased.v1"
    feed: ClassVar[str] = topics.REFERRAL_EVENTS

    firm_id: FirmId
    version: int
    requested_at: datetime
    requested_by: str
    submission_id: str
