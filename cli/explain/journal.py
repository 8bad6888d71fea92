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
_SPREADS = "SELECT partitions FROM layout UNION SELECT was FROM growths"
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
    sayings: list[Saying] = []
    spreads = [row["partitions"] for row in await connection.fetch(_SPREADS)]
    for partition in sorted({partition_of(firm_id, partitions) for partitions in spreads}):
        async for row in connection.cursor(_ROWS, f"{topic}/{partition}", prefetch=20):
            for record in unpack(row["body"]):
                if record.key == firm_id.encode():
                    envelope = _envelope(record.value)
                    trace = traceparent_of(tuple(record.headers))
                    data = msgspec.json.decode(envelope.data)
                    sayings.append(Saying(envelope.type, envelope.id, envelope.time, trace, data))
    # A firm has one feed at a time; where topics have grown, the one after the other.
    return sorted(sayings, key=lambda saying: saying.at) if len(spreads) > 1 else sayings
