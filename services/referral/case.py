"""The case of one firm: its needs, its referrals, what happened to them, and what has changed since it was loaded."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from services.referral.lifecycle import OPEN, Ended, Standing, Status
from services.referral.receipt import Decision
from services.referral.request import Query as Query
from services.referral.request import Request
from services.referral.updates import Outcome
from shared.agreement import Agreement
from shared.contracts.classifier import FirmAssessed
from shared.contracts.referrals import Confirmation, OfferedService


class Role(StrEnum):
    """What a partner is to a need: it owns it, it carries out the leg in the market, or it gets a copy and does
    nothing."""

    RESPONSIBLE = "responsible"
    EXECUTOR = "executor"
    SUPPORTING = "supporting"


class NeedState(StrEnum):
    """Where a need stands."""

    WAITING_CONSENT = "waiting_consent"
    WAITING_INFORMATION = "waiting_information"
    """Some of the segments in which the firm may be would give it, and somebody is asked what settles that."""
    WAITING_MEMBERSHIP = "waiting_membership"
    REFERRED = "referred"
    MANUAL = "manual"
    MET = "met"
    UNMET = "unmet"
    WITHDRAWN = "withdrawn"


LEG_REJECTED = "executor_rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a firm needs: (firm, front, import, market). `referral_id` is its latest responsible referral.

    `reason` is `LEG_REJECTED` beside the state `referred` where the leg in the market has lost its executor: a person
    finds another.
    """

    need_id: str
    firm_id: str
    front: str
    import_: bool
    market: str | None
    declared: bool
    state: NeedState
    reason: str | None = None
    referral_id: str | None = None
    excluded: frozenset[str] = frozenset()
    rerouted: int = 0
    closed_at: datetime | None = None
    declared_by: frozenset[str] = frozenset()
    """Who declared it first: when it was handed over, or the first to do so afterwards, where nobody had until then."""
    decided: str | None = None
    """Digest of the latest decision; only what differs from it makes a new receipt. None where none was taken for this
    firm: the task came with one that it has succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One partner's task for a need. `reason` is that of the latest change, where it has a coded one. `part_of` is the
    responsible referral that an executor's or a supporting one belongs to.

    On hold it knows where it was before (`resumes`) and when the hold ends (UTC). `cancellation` is why the partner was
    asked to end its work, if it was: it stands beside the status. `outcomes` are what the partner reported at the end.

    Deadlines (UTC, `clocks` sets them): by when the partner accepts, first contacts the firm, is heard of again, and by
    when its silence confirms a cancellation; and when it is reminded and escalated next, None once that was done.

    Once completed: what the firm says of it, until when (UTC) its link holds, when it spoke or fell silent for good,
    and why it disputes, coded. A copy that was closed with its parent has none of this: nobody is asked about it.
    """

    referral_id: str
    need_id: str
    firm_id: str
    partner: str
    front: str
    import_: bool
    market: str | None
    status: Status
    requested_at: datetime
    changed_at: datetime
    reason: str | None = None
    replaces: str | None = None
    resumes: Status | None = None
    hold_until: datetime | None = None
    cancellation: Ended | None = None
    cancellation_at: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()
    accept_by: datetime | None = None
    contact_by: datetime | None = None
    heard_by: datetime | None = None
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    confirm_by: datetime | None = None
    confirmed_by_firm: Confirmation | None = None
    answer_by: datetime | None = None
    answered_at: datetime | None = None
    disputed_for: str | None = None
    role: Role = Role.RESPONSIBLE
    part_of: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def standing(self) -> Standing:
        """What decides where it may go from here."""
        return Standing(
            status=self.status,
            front=self.front,
            resumes=self.resumes,
            cancelling=self.cancellation is not None,
            ended_for=self.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The firm was asked whether it wants to be served by this body, which says so itself. `confirmed` is None until it
    has answered; its link holds until `answer_by` (UTC)."""

    question_id: str
    firm_id: str
    partner: str
    asked_at: datetime
    answer_by: datetime
    confirmed: bool | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A partner was given a task, by this decision. `replaces` is the referral that this one takes the place of."""

    referral: Referral
    decision: Decision
    replaces: Referral | None
    services: tuple[OfferedService, ...] = ()
    """What the partner offers that fits."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A referral changed its status; `referral` is how it stands now."""

    referral: Referral
    was: Status


@dataclass(frozen=True, slots=True)
class CancellationAsked:
    """The partner was asked to end its work; the referral stands where it stood."""

    referral: Referral


@dataclass(frozen=True, slots=True)
class WishAsked:
    """The firm was asked whether a wish is its own."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class MembershipAsked:
    """A body was asked whether the firm is its member."""

    query: Query


@dataclass(frozen=True, slots=True)
class Answered:
    """The firm has confirmed or disputed a completed referral, or its link has expired; the status stays."""

    referral: Referral


@dataclass(frozen=True, slots=True)
class InformationAsked:
    """Somebody was asked for what is missing of the firm."""

    request: Request


@dataclass(frozen=True, slots=True)
class InformationClosed:
    """The answer to a request is waited for no longer."""

    request: Request


@dataclass(frozen=True, slots=True)
class Reminded:
    """The partner was reminded at `at` of what is awaited; the referral stands where it stood."""

    referral: Referral
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Escalated:
    """What is awaited of the partner went one step up at `at`; the referral stands where it stood."""

    referral: Referral
    reason: str
    at: datetime


Fact: TypeAlias = (
    Opened
    | Moved
    | CancellationAsked
    | Answered
    | WishAsked
    | Reminded
    | Escalated
    | MembershipAsked
    | InformationAsked
    | InformationClosed
)

Outage: TypeAlias = tuple[datetime, datetime]
"""When the service began to be away, and when it was there again (UTC)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When and under what one decides: the cause's id, the database's clock (UTC), its day in Rome, the accord, and
    when the service was away."""

    cause_id: str
    at: datetime
    day: date
    agreement: Agreement
    outages: tuple[Outage, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A decision and what it was taken for; immutable once stored."""

    need_id: str
    firm_id: str
    cause_id: str
    decided_at: datetime
    decision: Decision
    referral_id: str | None


@dataclass(slots=True)
class Case:
    """One firm while its records are worked on. What was changed since loading stands in `touched` and `receipts`."""

    firm_id: str
    assessment: FirmAssessed | None = None
    needs: dict[str, Need] = field(default_factory=dict)
    referrals: dict[str, Referral] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    wishes: dict[str, Wish] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """Ids of needs, referrals, queries, requests and wishes that differ from the store."""
    receipts: list[Receipt] = field(default_factory=list)
    assessed: bool = False
    """Whether `assessment` differs from the store."""
    told: dict[str, str] = field(default_factory=dict)
    """Partner -> digest of what it was last told of the firm's segment and needs."""
    retold: set[str] = field(default_factory=set)
    """Partners whose digest differs from the store."""

    def put(self, changed: Need | Referral | Query | Request | Wish) -> None:
        match changed:
            case Need():
                self.needs[changed.need_id] = changed
                self.touched.add(changed.need_id)
            case Referral():
                self.referrals[changed.referral_id] = changed
                self.touched.add(changed.referral_id)
            case Query():
                self.queries[changed.query_id] = changed
                self.touched.add(changed.query_id)
            case Request():
                self.requests[changed.request_id] = changed
                self.touched.add(changed.request_id)
            case Wish():
                self.wishes[changed.question_id] = changed
                self.touched.add(changed.question_id)
