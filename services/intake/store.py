"""Intake's tables: what is read before a batch is decided; `writing.py` has what is written after it.

Every function takes the connection of an open transaction in which the firms' rows are locked. Columns travel as
arrays, one statement for all records of a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

import asyncpg
import msgspec

from services.intake.consents import Purpose, Reported
from services.intake.door import Opened
from services.intake.files import File, Mark, Successor
from services.intake.kinship import Files
from services.intake.merging import Asserted, Source
from shared.contracts.base import FirmId
from shared.contracts.intake import FirmRegistered
from shared.contracts.receipts import SubmissionOutcome
from shared.contracts.rules import Problem
from shared.contracts.submitted import Assertion
from shared.feeds.failures import Outdated
from shared.feeds.speech import Heard
from shared.postgres.pool import Connection

Id = tuple[str, str, str, str]
"""What a submission is deduplicated by: partner, topic, source, id."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An id that is used up: what it said (keyed hash), of which firm, and how it was answered."""

    content_hash: bytes
    firm_id: FirmId
    outcome: SubmissionOutcome
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Known:
    """What was known before the batch, and as the batch is decided, what is known after it.

    `told` has the firms of which something was said: the record that caused it, and the state, None where it is gone.
    """

    submissions: dict[Id, Accepted] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    letters: dict[Id, Heard[Opened]] = field(default_factory=dict)
    told: dict[FirmId, tuple[Heard[Opened], FirmRegistered | None]] = field(default_factory=dict)
    erased: set[FirmId] = field(default_factory=set)
    spoken: set[tuple[FirmId, str]] = field(default_factory=set)
    before: dict[FirmId, File] = field(default_factory=dict)

    def used(self, letter: Heard[Opened]) -> Accepted | None:
        """What the record's id was used for already."""
        key = key_of(letter)
        return None if key is None else self.submissions.get(key)

    def lacks_name(self, letter: Heard[Opened]) -> bool:
        """Whether a refused record would have been its partner's first submission of a firm, and gives no name."""
        unnamed, partner = letter.event.unnamed, letter.partner
        if unnamed is None or partner is None or (unnamed, partner) in self.spoken:
            return False
        file = self.files.by_firm.get(unnamed)
        return file is None or partner not in file.speakers

    def accept(self, letter: Heard[Opened], accepted: Accepted) -> None:
        """Use up the record's id."""
        key = key_of(letter)
        assert key is not None, "an accepted record has source and id"
        self.submissions[key] = accepted
        self.letters[key] = letter

    def tell(self, letter: Heard[Opened], registered: FirmRegistered) -> None:
        """The state that is said of the firm, and the record that caused it."""
        self.told[registered.firm_id] = letter, registered

    def erase(self, letter: Heard[Opened], firm_id: FirmId) -> None:
        """The firm has nothing left that was said of it before, and the record that caused it."""
        self.told[firm_id] = letter, None
        self.erased.add(firm_id)


def key_of(letter: Heard[Opened]) -> Id | None:
    """None where source or id could not be read: such a record is refused and nothing repeats it."""
    if letter.partner is None or letter.event.source is None or letter.event.id is None:
        return None
    return letter.partner, letter.place.topic, letter.event.source, letter.event.id


_SUBMISSIONS = """
SELECT partner, topic, source, id, content_hash, firm_id, outcome
FROM submissions JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS asked (partner, topic, source, id)
     USING (partner, topic, source, id)
"""

_ASSERTIONS = """
SELECT firm_id, partner, submission_id, assertion::text AS assertion FROM assertions WHERE firm_id = ANY($1::uuid[])
"""

_CONSENTS = """
SELECT firm_id, recipient, purpose, reported::text AS reported FROM consents WHERE firm_id = ANY($1::uuid[])
"""

_SPOKEN = """
SELECT firm_id, partner FROM speakers
JOIN unnest($1::uuid[], $2::text[]) AS asked (firm_id, partner) USING (firm_id, partner)
"""

_FILES = """
SELECT f.firm_id, p.version, p.digest, p.sources::text AS sources,
    ARRAY(SELECT partner FROM speakers WHERE firm_id = f.firm_id) AS speakers,
    e.version AS erased_version, e.requested_at, e.partner AS erased_by, e.submission_id AS erased_in,
    s.successor_id, s.codice_fiscale, s.kind, s.at, s.partner AS succeeded_by, s.submission_id AS succeeded_in,
    ARRAY(SELECT firm_id FROM successions WHERE successor_id = f.firm_id) AS predecessors
FROM unnest($1::uuid[]) AS f (firm_id)
LEFT JOIN profiles AS p USING (firm_id)
LEFT JOIN erasures AS e USING (firm_id)
LEFT JOIN successions AS s USING (firm_id)
"""


async def load(connection: Connection, letters: Sequence[Heard[Opened]]) -> Known:
    """Everything that the records can touch: their ids, and the files of their firms.

    Raises `Outdated` where a firm has been linked with one that is not locked since the locks were chosen.
    """
    known = Known()
    keys = list({key for letter in letters if (key := key_of(letter)) is not None})
    for row in await connection.fetch(_SUBMISSIONS, *columns(keys, 4)):
        key = (row["partner"], row["topic"], row["source"], row["id"])
        known.submissions[key] = Accepted(row["content_hash"], row["firm_id"], row["outcome"])
    unnamed = [(one.event.unnamed, one.partner) for one in letters if one.event.unnamed is not None]
    if unnamed:
        # Not locked: what a partner has said is changed by its own records alone, and this is their transaction.
        rows = await connection.fetch(_SPOKEN, *columns(unnamed, 2))
        known.spoken = {(row["firm_id"], row["partner"]) for row in rows}
    firms = sorted({firm for letter in letters if letter.firm_id for firm in (letter.firm_id, *letter.also)})
    if not firms:
        return known
    locked = set(firms)
    found = False
    for row in await connection.fetch(_FILES, firms):
        file = _file(row)
        if not locked.issuperset(row["predecessors"]) or (file.succeeded and file.succeeded.firm_id not in locked):
            raise Outdated(f"firm {file.firm_id} has been linked with another one meanwhile")
        known.files.add(file)
        found = found or bool(file.speakers)
    files = known.files.by_firm
    if found:
        for row in await connection.fetch(_ASSERTIONS, firms):
            asserted = Asserted(row["partner"], row["submission_id"], _assertion(row["assertion"]))
            files[row["firm_id"]].asserted[row["partner"]] = asserted
        for row in await connection.fetch(_CONSENTS, firms):
            key_of_consent = (row["recipient"], cast(Purpose, row["purpose"]))
            files[row["firm_id"]].reports[key_of_consent] = _reported(row["reported"])
    known.before = {firm_id: _copy(file) for firm_id, file in files.items()}
    return known


def _file(row: asyncpg.Record) -> File:
    succeeded = erased = None
    if row["successor_id"] is not None:
        succeeded = Successor(
            firm_id=row["successor_id"],
            codice_fiscale=row["codice_fiscale"],
            kind=row["kind"],
            at=row["at"],
            partner=row["succeeded_by"],
            submission_id=row["succeeded_in"],
        )
    if row["requested_at"] is not None:
        erased = Mark(
            requested_at=row["requested_at"],
            partner=row["erased_by"],
            submission_id=row["erased_in"],
            version=row["erased_version"],
        )
    return File(
        row["firm_id"],
        speakers=set(row["speakers"]),
        succeeded=succeeded,
        erased=erased,
        version=row["version"] or 0,
        digest=row["digest"] or b"",
        sources=_sources(row["sources"]) if row["sources"] else (),
    )


def _copy(file: File) -> File:
    return replace(file, asserted=dict(file.asserted), reports=dict(file.reports), speakers=set(file.speakers))


@dataclass(frozen=True, slots=True)
class Registered:
    """A firm's state as it was said last, and when."""

    state: FirmRegistered
    registered_at: datetime


_STATES = """
SELECT state::text AS state, registered_at FROM profiles
WHERE firm_id = ANY($1::uuid[]) AND state IS NOT NULL ORDER BY firm_id
"""


async def states(connection: Connection, firm_ids: Sequence[FirmId]) -> list[Registered]:
    """What was said last of these firms, in the order of firms."""
    rows = await connection.fetch(_STATES, firm_ids)
    return [Registered(_registered(row["state"]), row["registered_at"]) for row in rows]


_registered = msgspec.json.Decoder(FirmRegistered).decode
_assertion = msgspec.json.Decoder(Assertion).decode
_reported = msgspec.json.Decoder(Reported).decode
_sources = msgspec.json.Decoder(tuple[Source, ...]).decode


def columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    """Rows as the arrays that `unnest` takes, also when there is none."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]
