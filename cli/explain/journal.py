"""What a service has said of one firm, from its journal: each saying with number, id, time and trace.

The journal keeps some days (seven, unless told otherwise); what is older is told from the tables alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from shared.feeds.numbers import partition_of
from shared.feeds.records import Envelope, traceparent_of, unpack
from shared.postgres.pool import Connection

_ROWS = "SELECT body FROM outbox WHERE feed = $1 ORDER BY first"
_envelope = msgspec.json.Decoder(Envelope).decode


@dataclass(frozen=True, slots=True)
class Saying:
    """An event that a service said: its type, its id, when, in which trace, and its data as JSON."""

    type: str
    id: str
    at: datetime
    traceparent: str | None
    data: Any


async def said_of(connection: Connection, topic: str, firm_id: str) -> list[Saying]:
    """What was said of a firm on an internal topic (name with prefix), in the order of its numbers."""
    partitions: int | None = await connection.fetchval("SELECT partitions FROM layout")
    if partitions is None:
        return []
    sayings: list[Saying] = []
    async for row in connection.cursor(_ROWS, f"{topic}/{partition_of(firm_id, partitions)}", prefetch=20):
        for record in unpack(row["body"]):
            if record.key == firm_id.encode():
                envelope = _envelope(record.value)
                trace = traceparent_of(tuple(record.headers))
                data = msgspec.json.decode(envelope.data)
                sayings.append(Saying(envelope.type, envelope.id, envelope.time, trace, data))
    return sayings
