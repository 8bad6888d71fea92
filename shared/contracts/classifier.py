"""What the classifier says: the firm's state carried on, with its segment, its needs and what is missing; its end."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from shared.contracts import topics
from shared.contracts.base import Event, FirmId
from shared.contracts.firm import Consent, Membership, Part, Profile, Publisher, SuccessionKind

SegmentStatus = Literal["classified", "provisional", "out_of_target"]


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A firm's place under one version of the agreement.

    `possible` is normative: the segments (`out_of_target` among them) that the known facts allow, in the agreement's
    order; `lowest` and `highest` span its ranked members. `value` is set once one segment is left. `presumptions` names
    what was taken for granted, `warnings` what contradicts itself.
    """

    status: SegmentStatus
    possible: tuple[str, ...]
    presumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    agreement: str
    value: str | None = None
    lowest: str | None = None
    highest: str | None = None


class Need(Part, frozen=True, kw_only=True):
    """One thing that the firm needs: front, direction, market; `declared` by the firm, else given by its segment.

    `declared_by` are the partners (codes, sorted) that say today that the firm declares it; for our own services alone.
    """

    front: str
    import_: bool = msgspec.field(name="import")
    declared: bool
    market: str | None = None
    unit: str | None = None
    declared_at: datetime | None = None
    declared_by: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, bool, str | None]:
        """What makes it one need of the firm: (front, import, market)."""
        return self.front, self.import_, self.market


class Missing(Part, frozen=True, kw_only=True):
    """A fact that would help to settle the segment: where it belongs in a submission (relative to `data`), the year
    that it is about, and the question, ready to be put into a mail."""

    pointer: str
    year: int | None = None
    question_it: str
    question_en: str


class FirmAssessed(Event, frozen=True, kw_only=True):
    """A firm was placed in a segment, its needs derived; `version` and the state are those of the `FirmRegistered`.

    `missing` is the smallest set of facts that settles a provisional segment whatever they turn out to be, the most
    telling question first.
    """

    type: ClassVar[str] = "it.portolano.firm.assessed.v1"
    feed: ClassVar[str] = topics.CLASSIFIER_ASSESSMENTS

    firm_id: FirmId
    version: int
    profile: Profile
    publishers: tuple[Publisher, ...]
    segment: Segment
    needs: tuple[Need, ...]
    memberships: tuple[Membership, ...] = ()
    consents: tuple[Consent, ...] = ()
    missing: tuple[Missing, ...] = ()
    not_members: tuple[str, ...] = ()


class AssessmentRestated(Event, frozen=True, kw_only=True):
    """The firm's last assessment, said once more by a person's command; nothing has changed.

    For whoever has lost it: it puts right what is kept of the assessment, where nothing newer is, and is no reason to
    do anything else. `state` is that `FirmAssessed`, `assessed_at` when it was said first.
    """

    type: ClassVar[str] = "it.portolano.firm.assessment-restated.v1"
    feed: ClassVar[str] = topics.CLASSIFIER_ASSESSMENTS

    firm_id: FirmId
    assessed_at: datetime
    state: FirmAssessed


class AssessmentSucceeded(Event, frozen=True, kw_only=True):
    """Another firm stands for this one from now on: intake's `FirmSucceeded`, passed on in the firm's order.

    The assessment of the old code stays as it was; the successor's comes on its own feed.
    """

    type: ClassVar[str] = "it.portolano.firm.assessment-succeeded.v1"
    feed: ClassVar[str] = topics.CLASSIFIER_ASSESSMENTS

    firm_id: FirmId
    version: int
    successor_id: FirmId
    kind: SuccessionKind
    at: datetime
    said_by: str


class AssessmentErased(Event, frozen=True, kw_only=True):
    """The classifier has forgotten the firm: intake's `FirmErased`, passed on once this store is empty.

    What was assessed before this event is to be forgotten; an assessment with a higher version is a new beginning.
    """

    type: ClassVar[str] = "it.portolano.firm.assessment-erased.v1"
    feed: ClassVar[str] = topics.CLASSIFIER_ASSESSMENTS

    firm_id: FirmId
    version: int
    requested_at: datetime
    requested_by: str
    submission_id: str
