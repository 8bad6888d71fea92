"""More partitions for what a service says between services: one store's part of `portolano feeds grow`.

A firm's partition is crc32(firm_id) mod P, so that with another P its next record may go elsewhere than its last one.
Its order survives where the old feed was read to its end before anything is written by the new P. Hence, for one writer
at a time and in one transaction: lock the rows of its feeds, which nobody can pass who decides something; wait until
everything that was given out is published and read by every reader; raise P; write into the rows of the feeds which P a
writer has to know from now on; commit. Whoever waited for the lock with the old P in memory gets no number, decides
anew, and knows the new one by then.

The locks are the pause: nothing is switched off that would have to be switched on again, and whatever becomes of the
one who holds them, they end with its session. Each writer grows by itself, since the order of a firm is kept or broken
between one writer and its readers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.postgres.pool import Connection

PATIENCE = "10s"
"""How long a command that stands still may keep the locks: the server ends its session then."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One command for one store. `heads`: the last number of each of its feeds that was given out before."""

    id: str
    was: int
    partitions: int
    heads: Mapping[str, int]
    by: str


@dataclass(frozen=True, slots=True)
class Behind:
    """A feed that is not at rest: how far it was given out, published, and read by `reader`."""

    feed: str
    head: int
    published: int
    reader: str
    read: int

    def __str__(self) -> str:
        if self.published < self.head:
            return f"{self.feed}: number {self.head} was given out, {self.published} is published"
        return f"{self.feed}: number {self.head} is published, {self.reader} has read {self.read}"


async def partitions_of(connection: Connection) -> int:
    """P as the store has it."""
    return int(await connection.fetchval("SELECT partitions FROM layout"))


_MAKE = """INSERT INTO feeds (feed, sequence) SELECT feed, 0 FROM unnest($1::text[]) AS u(feed) ORDER BY feed
ON CONFLICT DO NOTHING"""
_LOCK = "SELECT feed, sequence FROM feeds WHERE feed = ANY($1) ORDER BY feed FOR UPDATE"


async def hold(connection: Connection, feeds: Sequence[str]) -> dict[str, int]:
    """Lock the rows of these feeds, one that was never written too, and give the last number of each. From here to the
    end of the transaction nobody speaks on them. Raises asyncpg's `LockNotAvailableError` after `PATIENCE`."""
    await connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{PATIENCE}'")
    await connection.execute(_MAKE, sorted(feeds))
    return {row["feed"]: row["sequence"] for row in await connection.fetch(_LOCK, sorted(feeds))}


async def heads_of(connection: Connection, feeds: Sequence[str]) -> dict[str, int]:
    """The last number given out of each of these feeds, as of this moment."""
    rows = await connection.fetch("SELECT feed, sequence FROM feeds WHERE feed = ANY($1)", sorted(feeds))
    return {row["feed"]: row["sequence"] for row in rows}


async def behind(
    writer: Connection, heads: Mapping[str, int], topic: str, readers: Mapping[str, Connection]
) -> list[Behind]:
    """Which feeds of `topic` (with prefix) are not yet published and read up to these numbers; empty where all are."""
    rows = await writer.fetch("SELECT feed, published FROM relayed WHERE feed = ANY($1)", list(heads))
    published = {row["feed"]: row["published"] for row in rows}
    found = []
    for reader, store in readers.items():
        rows = await store.fetch("SELECT partition, sequence FROM positions WHERE topic = $1", topic)
        read = {f"{topic}/{row['partition']}": row["sequence"] for row in rows}
        found += [
            Behind(feed, head, published.get(feed, 0), reader, read.get(feed, 0))
            for feed, head in sorted(heads.items())
            if head > min(published.get(feed, 0), read.get(feed, 0))
        ]
    return found


async def grow(connection: Connection, growth: Growth) -> None:
    """Raise P. The feeds are held by this transaction, and nothing of them is unread."""
    await connection.execute("UPDATE layout SET partitions = $1", growth.partitions)
    await connection.execute(
        "UPDATE feeds SET partitions = $2 WHERE feed = ANY($1)", sorted(growth.heads), growth.partitions
    )
    await connection.execute(
        "INSERT INTO growths (id, was, partitions, heads, given_by) VALUES ($1, $2, $3, $4, $5)",
        growth.id,
        growth.was,
        growth.partitions,
        dict(growth.heads),
        growth.by,
    )
