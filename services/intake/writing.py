"""What a batch has changed, written: accepted ids, the files of their firms, and what an erasure takes away.

Every function takes the connection of an open transaction in which the firms' rows are locked. Columns travel as
arrays, one statement for all rows of a kind, and none where nothing of the kind has changed.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from services.intake.files import File
from services.intake.store import Known, columns
from shared.contracts.base import FirmId
from shared.contracts.submissions import Refusal, Submission
from shared.feeds import aside
from shared.postgres.pool import Connection


async def save(connection: Connection, known: Known, at: datetime) -> None:
    """Write what the batch has changed; nothing where it has changed nothing."""
    await _save_submissions(connection, known)
    changed = [(known.before[firm_id], file) for firm_id, file in known.files.by_firm.items()]
    await _save_files(connection, changed, at)
    await _save_profiles(connection, known, at)
    if known.erased:
        await _forget(connection, sorted(known.erased))


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

_FORGET_ASSERTIONS = """
DELETE FROM assertions USING unnest($1::uuid[], $2::text[]) AS gone (firm_id, partner)
WHERE assertions.firm_id = gone.firm_id AND assertions.partner = gone.partner
"""

_FORGET_CONSENTS = """
DELETE FROM consents USING unnest($1::uuid[], $2::text[], $3::text[]) AS gone (firm_id, recipient, purpose)
WHERE consents.firm_id = gone.firm_id AND consents.recipient = gone.recipient AND consents.purpose = gone.purpose
"""

_SAVE_SPEAKERS = "INSERT INTO speakers SELECT * FROM unnest($1::uuid[], $2::text[])"

_SAVE_SUCCESSIONS = """
INSERT INTO successions (firm_id, successor_id, codice_fiscale, kind, at, partner, submission_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
ON CONFLICT (firm_id) DO UPDATE SET successor_id = excluded.successor_id, codice_fiscale = excluded.codice_fiscale,
    kind = excluded.kind, at = excluded.at, partner = excluded.partner, submission_id = excluded.submission_id
"""

_SAVE_ERASURES = """
INSERT INTO erasures (firm_id, version, requested_at, partner, submission_id, erased_at)
SELECT *, $6 FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[])
ON CONFLICT (firm_id) DO UPDATE SET version = excluded.version, requested_at = excluded.requested_at,
    partner = excluded.partner, submission_id = excluded.submission_id, erased_at = excluded.erased_at
"""

_SAVE_PROFILES = """
INSERT INTO profiles (firm_id, version, codice_fiscale, digest, state, sources, cause_id, traceparent, registered_at)
SELECT firm_id, version, codice_fiscale, digest, state::jsonb, sources::jsonb, cause_id, traceparent, $9
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[])
     AS made (firm_id, version, codice_fiscale, digest, state, sources, cause_id, traceparent)
ON CONFLICT (firm_id) DO UPDATE SET version = excluded.version, codice_fiscale = excluded.codice_fiscale,
    digest = excluded.digest, state = excluded.state, sources = excluded.sources, cause_id = excluded.cause_id,
    traceparent = excluded.traceparent, registered_at = excluded.registered_at
"""

_SAVE_SOURCES = """
UPDATE profiles SET digest = new.digest, sources = new.sources::jsonb
FROM unnest($1::uuid[], $2::bytea[], $3::text[]) AS new (firm_id, digest, sources)
WHERE profiles.firm_id = new.firm_id
"""


async def _save_submissions(connection: Connection, known: Known) -> None:
    accepted = [
        (
            *key,
            known.submissions[key].content_hash,
            letter.event.content.envelope.type,
            known.submissions[key].firm_id,
            known.submissions[key].outcome,
            letter.event.content.assertion.reference if isinstance(letter.event.content, Submission) else None,
            _text(known.submissions[key].warnings),
            letter.place.partition,
            letter.place.offset,
            letter.at,
            letter.cause.traceparent,
        )
        for key, letter in known.letters.items()
        if not isinstance(letter.event.content, Refusal)
    ]
    if accepted:
        await connection.execute(_SAVE_SUBMISSIONS, *columns(accepted, 14))


Change = tuple[File, File]
"""A file as it was and as it is."""


async def _save_files(connection: Connection, changes: list[Change], at: datetime) -> None:
    assertions = [
        (new.firm_id, partner, one.submission_id, one.assertion.observed_at, _text(one.assertion))
        for old, new in changes
        for partner, one in new.asserted.items()
        if old.asserted.get(partner) is not one
    ]
    consents = [
        (new.firm_id, *key, _text(reported))
        for old, new in changes
        for key, reported in new.reports.items()
        if old.reports.get(key) is not reported
    ]
    speakers = [(new.firm_id, partner) for old, new in changes for partner in sorted(new.speakers - old.speakers)]
    gone_assertions = [(new.firm_id, who) for old, new in changes for who in old.asserted.keys() - new.asserted.keys()]
    gone_consents = [(new.firm_id, *key) for old, new in changes for key in old.reports.keys() - new.reports.keys()]
    for statement, rows, count in (
        (_SAVE_ASSERTIONS, assertions, 5),
        (_SAVE_CONSENTS, consents, 4),
        (_SAVE_SPEAKERS, speakers, 2),
        (_FORGET_ASSERTIONS, gone_assertions, 2),
        (_FORGET_CONSENTS, gone_consents, 3),
        (_SAVE_SUCCESSIONS, list(_successions(changes)), 7),
    ):
        if rows:
            await connection.execute(statement, *columns(rows, count))
    erasures = [
        (new.firm_id, mark.version, mark.requested_at, mark.partner, mark.submission_id)
        for old, new in changes
        if (mark := new.erased) is not None and mark is not old.erased
    ]
    if erasures:
        await connection.execute(_SAVE_ERASURES, *columns(erasures, 5), at)


def _successions(changes: list[Change]) -> Iterator[tuple[object, ...]]:
    for old, new in changes:
        to = new.succeeded
        if to is not None and to is not old.succeeded:
            yield new.firm_id, to.firm_id, to.codice_fiscale, to.kind, to.at, to.partner, to.submission_id


async def _save_profiles(connection: Connection, known: Known, at: datetime) -> None:
    files = known.files.by_firm
    told = [
        (
            firm_id,
            files[firm_id].version,
            None if state is None else state.profile.codice_fiscale,
            files[firm_id].digest,
            None if state is None else _text(state),
            None if state is None else _text(files[firm_id].sources),
            letter.cause.id,
            letter.cause.traceparent,
        )
        for firm_id, (letter, state) in known.told.items()
        if files[firm_id].version
    ]
    if told:
        await connection.execute(_SAVE_PROFILES, *columns(told, 8), at)
    resourced = [
        (firm_id, file.digest, _text(file.sources))
        for firm_id, file in files.items()
        if firm_id not in known.told
        and (file.sources, file.digest) != (known.before[firm_id].sources, known.before[firm_id].digest)
    ]
    if resourced:
        await connection.execute(_SAVE_SOURCES, *columns(resourced, 3))


_FORGET_CONTENTS = "UPDATE submissions SET reference = NULL, warnings = '[]' WHERE firm_id = ANY($1::uuid[])"


async def _forget(connection: Connection, firms: list[FirmId]) -> None:
    """Take away what submissions and held records contained; id, position, outcome and keyed hash stay."""
    await connection.execute(_FORGET_CONTENTS, firms)
    await aside.forget(connection, firms)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
