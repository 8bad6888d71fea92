"""The classifier's table: each firm's last assessment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from shared.contracts.base import FirmId
from shared.contracts.classifier import FirmAssessed
from shared.feeds import aside
from shared.postgres.pool import Connection

_DIGESTS = "SELECT firm_id::text, digest FROM assessments WHERE firm_id = ANY($1::uuid[]) AND digest IS NOT NULL"

_SAVE = """
INSERT INTO assessments
    (firm_id, version, status, segment, needs, missing, digest, cause_id, traceparent, assessed_at)
SELECT firm_id, version, status, segment::jsonb, needs::jsonb, missing::jsonb, digest, cause_id, traceparent,
       assessed_at
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[],
            $9::text[], $10::timestamptz[])
     AS made (firm_id, version, status, segment, needs, missing, digest, cause_id, traceparent, assessed_at)
ON CONFLICT (firm_id) DO UPDATE SET version = excluded.version, status = excluded.status, segment = excluded.segment,
    needs = excluded.needs, missing = excluded.missing, digest = excluded.digest, assessed_at = excluded.assessed_at,
    -- What is said once more was caused by what caused it first.
    cause_id = CASE WHEN assessments.digest = excluded.digest THEN assessments.cause_id ELSE excluded.cause_id END,
    traceparent =
        CASE WHEN assessments.digest = excluded.digest THEN assessments.traceparent ELSE excluded.traceparent END
"""

_FORGET = "DELETE FROM assessments WHERE firm_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment, the digest of all that is said with it, and what caused it. `at`: when it was made, where that is
    not now."""

    firm: FirmAssessed
    digest: bytes
    cause_id: str
    traceparent: str | None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version of a firm was assessed, and when."""

    firm_id: FirmId
    version: int
    assessed_at: datetime


_STANDING = """SELECT firm_id, version, assessed_at FROM assessments WHERE firm_id = ANY($1::uuid[]) ORDER BY firm_id"""


async def all_standing(connection: Connection, firm_ids: Sequence[FirmId]) -> list[Standing]:
    """Of each firm that has an assessment, in the order of firms."""
    return [Standing(**dict(row)) for row in await connection.fetch(_STANDING, firm_ids)]


async def standing(connection: Connection, firm_id: FirmId) -> Standing | None:
    return next(iter(await all_standing(connection, [firm_id])), None)


async def digests(connection: Connection, firm_ids: Sequence[FirmId]) -> dict[FirmId, bytes]:
    """Of what was said last of each of these firms, where anything was."""
    return {row["firm_id"]: row["digest"] for row in await connection.fetch(_DIGESTS, firm_ids)}


async def save(connection: Connection, kept: Mapping[FirmId, Assessed | None], at: datetime) -> None:
    """Keep each firm's last assessment; forget the firms that have none any more."""
    gone = [firm_id for firm_id, one in kept.items() if one is None]
    if gone:
        await connection.execute(_FORGET, gone)
        await aside.forget(connection, gone)
    last = [one for one in kept.values() if one is not None]
    if not last:
        return
    await connection.execute(
        _SAVE,
        [one.firm.firm_id for one in last],
        [one.firm.version for one in last],
        [one.firm.segment.status for one in last],
        [msgspec.json.encode(one.firm.segment).decode() for one in last],
        [msgspec.json.encode(one.firm.needs).decode() for one in last],
        [msgspec.json.encode(one.firm.missing).decode() for one in last],
        [one.digest for one in last],
        [one.cause_id for one in last],
        [one.traceparent for one in last],
        [one.at or at for one in last],
    )
