"""The classifier's table: each firm's last assessment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from shared.contracts.classifier import FirmAssessed
from shared.postgres.pool import Connection

_SAVE = """
INSERT INTO assessments (firm_id, version, status, segment, needs, cause_id, traceparent, assessed_at)
SELECT firm_id, version, status, segment::jsonb, needs::jsonb, cause_id, traceparent, $8
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
     AS made (firm_id, version, status, segment, needs, cause_id, traceparent)
ON CONFLICT (firm_id) DO UPDATE SET version = excluded.version, status = excluded.status, segment = excluded.segment,
    needs = excluded.needs, cause_id = excluded.cause_id, traceparent = excluded.traceparent,
    assessed_at = excluded.assessed_at
"""


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment and what caused it."""

    firm: FirmAssessed
    cause_id: str
    traceparent: str | None


async def save(connection: Connection, assessed: Sequence[Assessed], at: datetime) -> None:
    """Keep each firm's last one; of a firm that comes several times, the last in the list."""
    last = list({one.firm.firm_id: one for one in assessed}.values())
    await connection.execute(
        _SAVE,
        [one.firm.firm_id for one in last],
        [one.firm.version for one in last],
        [one.firm.segment.status for one in last],
        [msgspec.json.encode(one.firm.segment).decode() for one in last],
        [msgspec.json.encode(one.firm.needs).decode() for one in last],
        [one.cause_id for one in last],
        [one.traceparent for one in last],
        at,
    )
