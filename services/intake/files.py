"""What intake knows of one firm under one code: its file. Pure values.

A file holds what each partner says now, what was reported of consents, who ever spoke of the firm, which code stands
for it now and until when its data were erased. Of each thing the latest word is kept, by the times that partners give,
so that what a file comes to does not depend on the order in which it was told.
"""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from services.intake import consents
from services.intake.consents import Key, Reported
from services.intake.merging import Asserted, Source
from shared.contracts.base import FirmId
from shared.contracts.firm import SuccessionKind


class Successor(msgspec.Struct, frozen=True, kw_only=True):
    """The code that stands for the firm now, since when and why, and who said so in which submission.

    `codice_fiscale` is empty once it was erased.
    """

    firm_id: FirmId
    codice_fiscale: str
    kind: SuccessionKind
    at: datetime
    partner: str
    submission_id: str

    @property
    def rank(self) -> tuple[datetime, str, str]:
        """Which of two words on the succession holds: the later, then the greater partner and id, as in merging."""
        return self.at, self.partner, self.submission_id


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The erasure mark: what was observed until `requested_at` is gone and not taken again.

    `version` is the last one that had been said of the firm when the mark was set.
    """

    requested_at: datetime
    partner: str
    submission_id: str
    version: int


@dataclass(slots=True)
class File:
    """Everything that intake knows of one firm under one code.

    `digest` is that of the state that was said last, empty where nothing of it holds; `sources` say who gave the leaves
    of that state.
    """

    firm_id: FirmId
    asserted: dict[str, Asserted] = field(default_factory=dict)
    reports: dict[Key, Reported] = field(default_factory=dict)
    speakers: set[str] = field(default_factory=set)
    succeeded: Successor | None = None
    erased: Mark | None = None
    version: int = 0
    digest: bytes = b""
    sources: tuple[Source, ...] = ()

    def takes(self, observed_at: datetime) -> bool:
        """Whether something observed then is newer than the erasure mark."""
        return self.erased is None or observed_at > self.erased.requested_at

    def mark(self, mark: Mark) -> bool:
        """Set the mark, if it is a later one, and forget what is not newer; whether it was."""
        if self.erased is not None and mark.requested_at <= self.erased.requested_at:
            return False
        self.erased = msgspec.structs.replace(mark, version=self.version)
        self.asserted = {who: one for who, one in self.asserted.items() if self.takes(one.assertion.observed_at)}
        consents.forget(self.reports, mark.requested_at)
        self.digest, self.sources = b"", ()
        self.strip()
        return True

    def strip(self) -> None:
        """Of a succession that is not newer than the mark keep only where it leads: later erasures follow it."""
        if self.succeeded is not None and not self.takes(self.succeeded.at):
            self.succeeded = msgspec.structs.replace(self.succeeded, codice_fiscale="")
