"""What the classifier says: the firm's state carried on, with the segment it stands in and the needs that follow."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from shared.contracts import topics
from shared.contracts.base import Event, FirmId
from shared.contracts.firm import Consent, Membership, Part, Profile, Publisher

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
    """One thing that the firm needs: front, direction, market; `declared` by the firm, else given by its segment."""

    front: str
    import_: bool = msgspec.field(name="import")
    declared: bool
    market: str | None = None
    unit: str | None = None
    declared_at: datetime | None = None

    @property
    def key(self) -> tuple[str, bool, str | None]:
        """What makes it one need of the firm: (front, import, market)."""
        return self.front, self.import_, self.market


class FirmAssessed(Event, frozen=True, kw_only=True):
    """A firm was placed in a segment, its needs derived; `version` and the state are those of the `FirmRegistered`."""

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
