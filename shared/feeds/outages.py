"""When this service was away, as far as a deadline is concerned: from the last sign of life to the next one.

A sign of life is a row that whichever process sets once it has its partitions and the broker has answered it. A pause
between two signs longer than `LONGEST_PAUSE` is an outage of the service: nobody heard what partners wrote. All is
measured in real time, and told in the time of the house. It is the service's own word about itself: an outage of the
network between a partner and the broker is not seen here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.feeds.clock import Clock
from shared.postgres.pool import Connection

LONGEST_PAUSE = timedelta(minutes=1)
"""A process that is restarted is back within it."""
KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Outage:
    """Nobody of the service was there after `began_at` and until `ended_at`, both in the time of the house."""

    began_at: datetime
    ended_at: datetime


_LAST = "SELECT beat_at FROM heartbeat FOR UPDATE"
_END = """INSERT INTO outages (began_at, ended_at)
SELECT beat_at, now() FROM heartbeat WHERE now() - beat_at > $1 ON CONFLICT DO NOTHING"""
_BEAT = """INSERT INTO heartbeat (beat_at) VALUES (now())
ON CONFLICT (singleton) DO UPDATE SET beat_at = greatest(heartbeat.beat_at, excluded.beat_at)"""
_ALL = """SELECT began_at, ended_at FROM outages WHERE ended_at > now() - $2::interval
UNION ALL SELECT beat_at, now() FROM heartbeat WHERE now() - beat_at > $1::interval ORDER BY 1"""


async def beat(connection: Connection) -> None:
    """A sign of life; where the last one is too old, the time between is an outage. One process after the other."""
    await connection.execute(_LAST)
    await connection.execute(_END, LONGEST_PAUSE)
    await connection.execute(_BEAT)


async def outages(connection: Connection, clock: Clock) -> tuple[Outage, ...]:
    """All that is known, the one that has just ended included: it counts before the first sign of life after it."""
    rows = await connection.fetch(_ALL, LONGEST_PAUSE, KEPT)
    return tuple(Outage(clock.told(row["began_at"]), clock.told(row["ended_at"])) for row in rows)
