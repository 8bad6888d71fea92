"""The stored firms as a stream: what intake last said of each, in the order of their ids.

Intake's state and not referral's copy of the assessment: it alone has `observed_at`, by which exports are judged, so
that the segment can be found again; profile, publishers, memberships and consents stand in both. Nothing can be
changed from here: the transaction is read-only, and its role may read and nothing else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cli.explain.stores import opened
from deploy.local.home import Home
from shared.contracts.intake import FirmRegistered
from shared.postgres.pool import Connection

_BATCH = 500
"""Firms that are in memory at once: one round trip to the store."""

_COUNT = """
SELECT count(*) FILTER (WHERE successor.firm_id IS NULL) AS firms, count(successor.firm_id) AS succeeded, now() AS at
FROM profiles LEFT JOIN successions AS successor USING (firm_id) WHERE state IS NOT NULL
"""

_FIRMS = """
SELECT state::text AS state FROM profiles
WHERE state IS NOT NULL AND NOT EXISTS (SELECT 1 FROM successions WHERE successions.firm_id = profiles.firm_id)
ORDER BY firm_id
"""

_DECODER = msgspec.json.Decoder(FirmRegistered)


@dataclass(frozen=True, slots=True)
class Stored:
    """The firms of one snapshot. `succeeded` are left out: another code stands for them. `at` is the store's clock."""

    connection: Connection
    firms: int
    succeeded: int
    at: datetime

    async def read(self) -> AsyncIterator[list[FirmRegistered]]:
        """All of them, some at a time."""
        cursor = await self.connection.cursor(_FIRMS)
        while rows := await cursor.fetch(_BATCH):
            yield [_DECODER.decode(row["state"]) for row in rows]


@asynccontextmanager
async def stored(home: Home, prefix: str = "") -> AsyncIterator[Stored]:
    """A snapshot of intake's firms. Raises `Unreachable` while nobody answers."""
    async with opened(home, "intake", prefix) as connection:
        # A role of the server's own that can read every table and write to none.
        await connection.execute("SET LOCAL ROLE pg_read_all_data")
        counted = await connection.fetchrow(_COUNT)
        assert counted is not None, "an aggregate has a row"
        yield Stored(connection, counted["firms"], counted["succeeded"], counted["at"])
