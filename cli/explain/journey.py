"""What the four stores keep of one firm, put side by side. Values only; `story` tells them.

Receipts are read leniently: a member that is not there is empty, because receipts of every version are kept for good.
"""

from datetime import datetime
from typing import Any

import msgspec


class Known(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what was found."""


class Problem(Known, frozen=True, kw_only=False):
    """What was wrong with a submission or an update, as far as it is kept."""

    rule: str
    pointer: str = ""
    message: str = ""


class Submission(Known, frozen=True):
    """A record that a partner wrote about the firm, and the answer that it got."""

    partner: str
    id: str | None
    source: str | None
    place: str
    at: datetime
    outcome: str
    type: str | None = None
    reference: str | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    traceparent: str | None = None


class Assertion(Known, frozen=True):
    """What one partner says of the firm now. `states` are the members on which it says something."""

    partner: str
    submission_id: str
    observed_at: datetime
    states: tuple[str, ...] = ()
    reference: str | None = None
    member: bool | None = None


class Leaf(Known, frozen=True, kw_only=False):
    """One leaf of the merged profile: its value as JSON, the partners that say so, and those that say otherwise."""

    name: str
    value: Any
    said_by: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()


class Consent(Known, frozen=True, kw_only=False):
    """The firm's authorisation to hand it over: to a partner's code, or to any."""

    to: str
    purpose: str = "referral"
    given_at: datetime | None = None
    expires_at: datetime | None = None


class Membership(Known, frozen=True, kw_only=False):
    """A membership that the association itself told of."""

    partner: str
    since: str | None = None


class Segment(Known, frozen=True, kw_only=False):
    """Where the firm stands under the agreement; `possible` is what the known facts allow."""

    status: str
    possible: tuple[str, ...] = ()
    presumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    agreement: str = ""
    value: str | None = None


class Assessment(Known, frozen=True):
    """The classifier's word on one version of the firm's state."""

    version: int
    at: datetime
    segment: Segment
    needs: tuple[str, ...] = ()
    event_id: str | None = None
    traceparent: str | None = None


class Step(Known, frozen=True, kw_only=False):
    rule: str
    reason: str = ""


class Candidate(Known, frozen=True, kw_only=False):
    partner: str
    verdict: str
    predicate: str = ""


class Tie(Known, frozen=True, kw_only=False):
    members: tuple[str, ...] = ()
    hash: str = ""
    staying: tuple[str, ...] = ()


class Change(Known, frozen=True, kw_only=False):
    fact: str
    partner: str | None = None


class Person(Known, frozen=True, kw_only=False):
    """Who decided in place of the rules, and why in their words."""

    by: str = ""
    reason: str = ""


class Receipt(Known, frozen=True):
    """Why this partner, why none of the others, and what would change it."""

    agreement: str = ""
    outcome: str = ""
    rule: str = ""
    path: tuple[Step, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    would_change_it: tuple[Change, ...] = ()
    partner: str | None = None
    tie: Tie | None = None
    person: Person | None = None


class Decision(Known, frozen=True):
    """A routing decision on a need, with its receipt. `cause_id` is the event that it was taken on."""

    need_id: str
    at: datetime
    cause_id: str
    receipt: Receipt
    referral_id: str | None = None


class Need(Known, frozen=True):
    """Something that the firm needs, and how that stands. `ball` is who holds it while no partner has the need."""

    need_id: str
    what: str
    declared: bool
    state: str
    reason: str | None = None
    referral_id: str | None = None
    ball: str | None = None


class Clock(Known, frozen=True, kw_only=False):
    """A clock that runs for a referral: what it calls for (the referral service's kinds), and when."""

    kind: str
    due_at: datetime


class Referral(Known, frozen=True):
    """One partner's task for a need, as it stands. `cancellation` is why its partner was asked to end its work;
    `confirmed_by_firm` what the firm says of its completion, and `disputed_for` why not; `ball` is hub, partner, firm
    or paused."""

    referral_id: str
    need_id: str
    partner: str
    status: str
    requested_at: datetime
    changed_at: datetime
    reason: str | None = None
    replaces: str | None = None
    hold_until: datetime | None = None
    cancellation: str | None = None
    cancellation_at: datetime | None = None
    confirmed_by_firm: str | None = None
    answered_at: datetime | None = None
    disputed_for: str | None = None
    ball: str | None = None
    clocks: tuple[Clock, ...] = ()


class Query(Known, frozen=True):
    """A body was asked whether the firm is its member; `member` is None until it has answered."""

    query_id: str
    partner: str
    asked_at: datetime
    answer_by: datetime
    member: bool | None = None
    answered_at: datetime | None = None


class Question(Known, frozen=True, kw_only=False):
    """What was asked, in both languages."""

    question_it: str = ""
    question_en: str = ""


class Request(Known, frozen=True):
    """Somebody was asked what is missing of the firm. `closed` is why nobody is waited for any more; `declined` are the
    partner's own words."""

    request_id: str
    partner: str
    asked_at: datetime
    answer_by: datetime
    missing: tuple[Question, ...] = ()
    closed: str | None = None
    closed_at: datetime | None = None
    declined: str | None = None
    declined_at: datetime | None = None


class Command(Known, frozen=True):
    """What a person at the Region ordered of a referral: `kind` is assign, cancel or correct, which `second` agreed
    to. `id` is the cause of what followed."""

    id: str
    kind: str
    referral_id: str
    by: str
    reason: str | None
    at: datetime
    second: str | None = None


class Update(Known, frozen=True):
    """What a partner wrote on a referral, and how it was taken."""

    referral_id: str
    partner: str
    id: str | None
    place: str
    at: datetime
    outcome: str
    asked: str | None = None
    reason: str | None = None
    note: str | None = None
    flags: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class Notification(Known, frozen=True):
    """A message about a referral. Addresses are not told: the recipient is the partner or the firm."""

    referral_id: str
    channel: str
    recipient: str
    purpose: str
    state: str
    message_id: str
    created_at: datetime
    sent_at: datetime | None = None
    code: int | None = None
    tries: int = 0
    traceparent: str | None = None


class Held(Known, frozen=True, kw_only=False):
    """A record about the firm that was set aside in a service, or waits behind such a one."""

    service: str
    id: int
    state: str
    place: str
    failure: str
    since: datetime


class Erasure(Known, frozen=True):
    """That the firm had its data erased: what was observed until `requested_at` is gone and is not taken again.

    `partner` passed the request on. `told_at` is when all four stores were empty and `told` heard of it; None until
    then.
    """

    requested_at: datetime
    partner: str
    submission_id: str
    erased_at: datetime
    told_at: datetime | None = None
    told: tuple[str, ...] = ()


class Succession(Known, frozen=True):
    """Another firm stands for one since `at`, as `partner` told: `successor_id` for `firm_id`."""

    firm_id: str
    successor_id: str
    kind: str
    at: datetime
    partner: str


class Journey(Known, frozen=True):
    """Everything that is kept of one firm. `about` is the referral that was asked for; None where all is told."""

    firm_id: str
    about: str | None = None
    codice_fiscale: str | None = None
    name: str | None = None
    version: int | None = None
    submissions: tuple[Submission, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    profile: tuple[Leaf, ...] = ()
    consents: tuple[Consent, ...] = ()
    memberships: tuple[Membership, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    needs: tuple[Need, ...] = ()
    decisions: tuple[Decision, ...] = ()
    referrals: tuple[Referral, ...] = ()
    queries: tuple[Query, ...] = ()
    requests: tuple[Request, ...] = ()
    commands: tuple[Command, ...] = ()
    updates: tuple[Update, ...] = ()
    notifications: tuple[Notification, ...] = ()
    held: tuple[Held, ...] = ()
    erasure: Erasure | None = None
    successions: tuple[Succession, ...] = ()
