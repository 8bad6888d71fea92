"""Intake's tables: what is read before a batch is decided and written after it.

Every function takes the connection of an open transaction in which the firms' rows are locked. Columns travel as
arrays, one statement for all records of a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import msgspec

from services.intake.consents import Key, Purpose, Reported
from services.intake.domain import File
from services.intake.door import Opened
from services.intake.merging import Asserted
from shared.contracts.base import FirmId
from shared.contracts.intake import FirmRegistered
from shared.contracts.receipts import SubmissionOutcome
from shared.contracts.submissions import Refusal, Submission
from shared.contracts.submitted import Assertion
from shared.feeds.speech import Heard
from shared.postgres.pool import Connection

Id = tuple[str, str, str, str]
"""What a submission is deduplicated by: partner, topic, source, id."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An id that is used up: what it said, of which firm, and how it was answered."""

    content_hash: bytes
    firm_id: FirmId
    outcome: SubmissionOutcome


@dataclass(slots=True)
class Known:
    """What was known before the batch, and as the batch is decided, what is known after it."""

    submissions: dict[Id, Accepted] = field(default_factory=dict)
    files: dict[FirmId, File] = field(default_factory=dict)
    letters: dict[Id, Heard[Opened]] = field(default_factory=dict)
    registered: dict[FirmId, tuple[Heard[Opened], FirmRegistered]] = field(default_factory=dict)
    asserted_before: dict[tuple[FirmId, str], Asserted] = field(default_factory=dict)
    reported_before: dict[tuple[FirmId, Key], Reported] = field(default_factory=dict)

    def file(self, letter: Heard[Opened]) -> File:
        """The file of the firm that the record is about; an empty one for a firm that is new."""
        assert letter.firm_id is not None, "a record that is not refused is about a firm"
        return self.files.setdefault(letter.firm_id, File(letter.firm_id))

    def before(self, letter: Heard[Opened]) -> Accepted | None:
        """What the record's id was used for already."""
        key = key_of(letter)
        return None if key is None else self.submissions.get(key)

    def accept(self, letter: Heard[Opened], accepted: Accepted) -> None:
        """Use up the record's id."""
        key = key_of(letter)
        assert key is not None, "an accepted record has source and id"
        self.submissions[key] = accepted
        self.letters[key] = letter

    def tell(self, letter: Heard[Opened], registered: FirmRegistered) -> None:
        """The state that is said of the firm, and the record that caused it."""
        self.registered[registered.firm_id] = letter, registered


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

_PROFILES = "SELECT firm_id, version, digest FROM profiles WHERE firm_id = ANY($1::uuid[])"


async def load(connection: Connection, letters: Sequence[Heard[Opened]]) -> Known:
    """Everything that the records can touch: their ids, and the files of their firms."""
    known = Known()
    keys = list({key for letter in letters if (key := key_of(letter)) is not None})
    for row in await connection.fetch(_SUBMISSIONS, *_columns(keys, 4)):
        key = (row["partner"], row["topic"], row["source"], row["id"])
        known.submissions[key] = Accepted(row["content_hash"], row["firm_id"], row["outcome"])
    firms = sorted({letter.firm_id for letter in letters if letter.firm_id is not None})
    for row in await connection.fetch(_PROFILES, firms):
        known.files[row["firm_id"]] = File(row["firm_id"], version=row["version"], digest=row["digest"])
    if not known.files:
        return known
    for row in await connection.fetch(_ASSERTIONS, firms):
        asserted = Asserted(row["partner"], row["submission_id"], _assertion(row["assertion"]))
        known.files[row["firm_id"]].asserted[row["partner"]] = asserted
        known.asserted_before[row["firm_id"], row["partner"]] = asserted
    for row in await connection.fetch(_CONSENTS, firms):
        key_of_consent = (row["recipient"], cast(Purpose, row["purpose"]))
        reported = _reported(row["reported"])
        known.files[row["firm_id"]].reports[key_of_consent] = reported
        known.reported_before[row["firm_id"], key_of_consent] = reported
    return known


_assertion = msgspec.json.Decoder(Assertion).decode
_reported = msgspec.json.Decoder(Reported).decode


_SAVE_SUBMISSIONS = """
INSERT INTO submissions (partner, topic, source, id, content_hash, type, firm_id, outcome, reference, warnings,
                         partition, record_offset, appended_at, traceparent)
SELECT partner, topic, source, id, content_hash, type, firm_id, outcome, reference, warnings::jsonb,
       partition, record_offset, appended_at, traceparent
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::uuid[], $8::text[],
            $9::text[], $10::text[], $11::int[], $12::bigint[], $13::timestamptz[], $14::text[])
     AS made (partner, topic, source, id, content_hash, type, firm_id, outcome, reference, warnings,
              partition, record_offset, appended_at, traceparent)
"""

_SAVE_ASSERTIONS = """
INSERT INTO assertions (firm_id, partner, submission_id, observed_at, assertion)
SELECT firm_id, partner, submission_id, observed_at, assertion::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
     AS made (firm_id, partner, submission_id, observed_at, assertion)
ON CONFLICT (firm_id, partner) DO UPDATE SET submission_id = excluded.submission_id,
    observed_at = excluded.observed_at, assertion = excluded.assertion
"""

_SAVE_CONSENTS = """
INSERT INTO consents (firm_id, recipient, purpose, reported)
SELECT firm_id, recipient, purpose, reported::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS made (firm_id, recipient, purpose, reported)
ON CONFLICT (firm_id, recipient, purpose) DO UPDATE SET reported = excluded.reported
"""

_SAVE_PROFILES = """
INSERT INTO profiles (firm_id, version, codice_fiscale, digest, state, cause_id, traceparent, registered_at)
SELECT firm_id, version, codice_fiscale, digest, state::jsonb, cause_id, traceparent, $8
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[])
     AS made (firm_id, version, codice_fiscale, digest, state, cause_id, traceparent)
ON CONFLICT (firm_id) DO UPDATE SET version = excluded.version, codice_fiscale = excluded.codice_fiscale,
    digest = excluded.digest, state = excluded.state, cause_id = excluded.cause_id,
    traceparent = excluded.traceparent, registered_at = excluded.registered_at
"""


async def save(connection: Connection, known: Known, at: datetime) -> None:
    """Write what the batch has changed; nothing where it has changed nothing."""
    accepted = [
        (
            *key,
            known.submissions[key].content_hash,
            letter.event.content.envelope.type,
            known.submissions[key].firm_id,
            known.submissions[key].outcome,
            letter.event.content.assertion.reference if isinstance(letter.event.content, Submission) else None,
            _text(letter.event.content.warnings),
            letter.place.partition,
            letter.place.offset,
            letter.at,
            letter.cause.traceparent,
        )
        for key, letter in known.letters.items()
        if not isinstance(letter.event.content, Refusal)
    ]
    if not accepted:
        return
    await connection.execute(_SAVE_SUBMISSIONS, *_columns(accepted, 14))
    assertions = [
        (firm_id, partner, one.submission_id, one.assertion.observed_at, _text(one.assertion))
        for firm_id, file in known.files.items()
        for partner, one in file.asserted.items()
        if known.asserted_before.get((firm_id, partner)) is not one
    ]
    if assertions:
        await connection.execute(_SAVE_ASSERTIONS, *_columns(assertions, 5))
    consents = [
        (firm_id, *key, _text(reported))
        for firm_id, file in known.files.items()
        for key, reported in file.reports.items()
        if known.reported_before.get((firm_id, key)) is not reported
    ]
    if consents:
        await connection.execute(_SAVE_CONSENTS, *_columns(consents, 4))
    profiles = [
        (
            firm_id,
            state.version,
            state.profile.codice_fiscale,
            known.files[firm_id].digest,
            _text(state),
            letter.cause.id,
            letter.cause.traceparent,
        )
        for firm_id, (letter, state) in known.registered.items()
    ]
    if profiles:
        await connection.execute(_SAVE_PROFILES, *_columns(profiles, 7), at)


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    """Rows as the arrays that `unnest` takes, also when there is none."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
