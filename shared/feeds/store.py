"""The SQL of the runtime: positions, firms, numbers, outbox, held records. Functions take a connection with an open
transaction.

The order of locks is the same everywhere, or two of us would deadlock: positions sorted, then firms sorted, then
whatever the handler touches, and the feeds last, sorted.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import msgspec

from shared.contracts.base import FirmId
from shared.feeds.failures import Outgrown
from shared.feeds.numbers import Layout
from shared.feeds.records import Arrived, Packed, pack, unpack
from shared.feeds.sifting import Position
from shared.feeds.speech import Outcome
from shared.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Row:
    """One outbox row: n records of a feed, numbered from `first` on."""

    feed: str
    first: int
    generation: str
    records: list[Packed]

    @property
    def last(self) -> int:
        return self.first + len(self.records) - 1


_POSITIONS = """SELECT topic, partition, topic_id, next_offset, generation, sequence, past, now() AS at FROM positions
WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[])) ORDER BY topic, partition FOR UPDATE"""


async def lock_positions(
    connection: Connection, partitions: Sequence[tuple[str, int]]
) -> tuple[dict[tuple[str, int], Position], datetime]:
    """Lock the rows of these partitions and give them with the database's clock. Rows that do not exist are left out.

    The lock is what fences a stopped process that wakes late: it waits here, and then sees how far the others are.
    """
    wanted = sorted(partitions)
    rows = await connection.fetch(_POSITIONS, [topic for topic, _ in wanted], [part for _, part in wanted])
    at = rows[0]["at"] if rows else datetime.now(UTC)
    return {(row["topic"], row["partition"]): _position(row) for row in rows}, at


async def read_positions(pool: Pool, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], Position]:
    """Positions as they stand, without a lock."""
    rows = await pool.fetch(
        """SELECT topic, partition, topic_id, next_offset, generation, sequence, past FROM positions
        WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[]))""",
        [topic for topic, _ in partitions],
        [partition for _, partition in partitions],
    )
    return {(row["topic"], row["partition"]): _position(row) for row in rows}


async def restart_position(connection: Connection, position: Position) -> None:
    """Go on elsewhere than where the store was: the count of outcomes starts from there too."""
    await connection.execute(
        """UPDATE positions SET topic_id = $3, first_offset = $4 - (applied + repeated + refused + held + discarded),
        next_offset = $4 WHERE topic = $1 AND partition = $2""",
        position.topic,
        position.partition,
        position.topic_id,
        position.next_offset,
    )


def _position(row: asyncpg.Record) -> Position:
    return Position(
        topic=row["topic"],
        partition=row["partition"],
        topic_id=row["topic_id"],
        next_offset=row["next_offset"],
        generation=row["generation"],
        sequence=row["sequence"],
        past=tuple(row["past"]),
    )


_NEW_POSITIONS = """INSERT INTO positions (topic, partition, topic_id, next_offset)
SELECT t, p, i, 0 FROM unnest($1::text[], $2::int[], $3::text[]) AS u(t, p, i) ON CONFLICT DO NOTHING"""


async def begin_positions(connection: Connection, partitions: Mapping[tuple[str, int], str]) -> None:
    """Rows for partitions never read before: from offset 0, with the topic id that the broker gives today."""
    wanted = sorted(partitions)
    topics, parts = [topic for topic, _ in wanted], [part for _, part in wanted]
    await connection.execute(_NEW_POSITIONS, topics, parts, [partitions[key] for key in wanted])


_MOVE = """UPDATE positions p SET next_offset = u.next_offset, generation = u.generation, sequence = u.sequence,
    past = CASE WHEN u.past = '' THEN p.past ELSE string_to_array(u.past, ',') END,
    applied = p.applied + u.applied, repeated = p.repeated + u.repeated, refused = p.refused + u.refused,
    held = p.held + u.held, discarded = p.discarded + u.discarded, moved_at = now()
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::bigint[], $6::text[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
     AS u(topic, partition, next_offset, generation, sequence, past, applied, repeated, refused, held, discarded)
WHERE p.topic = u.topic AND p.partition = u.partition"""


async def move_positions(connection: Connection, moves: Sequence[tuple[Position, Counter[Outcome]]]) -> None:
    """Advance positions and add what the records between ended as."""
    positions = [position for position, _ in moves]
    await connection.execute(
        _MOVE,
        [p.topic for p in positions],
        [p.partition for p in positions],
        [p.next_offset for p in positions],
        [p.generation for p in positions],
        [p.sequence for p in positions],
        [",".join(p.past) for p in positions],
        *[[counts[outcome] for _, counts in moves] for outcome in Outcome],
    )


_MISSING = "INSERT INTO firms (firm_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
_LOCK = "SELECT firm_id, held FROM firms WHERE firm_id = ANY($1::uuid[]) ORDER BY firm_id FOR UPDATE"


async def lock_firms(connection: Connection, firm_ids: Sequence[FirmId]) -> set[FirmId]:
    """Lock the firms' rows in key order, missing ones made first. Gives those that wait behind a held record."""
    if not firm_ids:
        return set()
    wanted = sorted(set(firm_ids))
    rows = await connection.fetch(_LOCK, wanted)
    if len(rows) < len(wanted):
        await connection.execute(_MISSING, wanted)
        rows = await connection.fetch(_LOCK, wanted)
    return {row["firm_id"] for row in rows if row["held"]}


_NUMBER = """WITH want AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::int[], $3::bytea[]) AS w(feed, n, body)),
numbered AS (INSERT INTO feeds AS f (feed, sequence) SELECT feed, n FROM want ORDER BY feed
             ON CONFLICT (feed) DO UPDATE SET sequence = f.sequence + excluded.sequence WHERE f.partitions <= $5
             RETURNING f.feed, f.sequence),
put AS (INSERT INTO outbox (feed, first, n, generation, body)
        SELECT feed, sequence - n + 1, n, $4, body FROM numbered JOIN want USING (feed) RETURNING feed, first)
SELECT feed, first FROM put"""


async def number(connection: Connection, layout: Layout, records: Mapping[str, list[Packed]]) -> list[Row]:
    """Take the next numbers of each feed and write the outbox rows: the last thing that a transaction does.

    Raises `Outgrown` where the store has grown and `layout` is the one of before: the condition stands in the feed's
    row, since under its lock the row is seen as it is, while any other table is seen as of the statement's beginning.
    """
    feeds = sorted(records)
    if not feeds:
        return []
    answers = await connection.fetch(
        _NUMBER,
        feeds,
        [len(records[feed]) for feed in feeds],
        [pack(records[feed]) for feed in feeds],
        layout.generation,
        layout.partitions,
    )
    firsts = {row["feed"]: row["first"] for row in answers}
    unanswered = set(feeds) - set(firsts)
    if unanswered:
        raise Outgrown(
            f"{sorted(unanswered)[0]} is written for more than the {layout.partitions} partitions that are known here"
        )
    return [Row(feed, firsts[feed], layout.generation, records[feed]) for feed in feeds]


_UNPUBLISHED = """SELECT o.feed, o.first, o.generation, o.body
FROM unnest($1::text[], $2::bigint[]) AS u(feed, published),
LATERAL (SELECT feed, first, generation, body FROM outbox
         WHERE outbox.feed = u.feed AND outbox.first + outbox.n - 1 > u.published AND outbox.first > u.published - $4
         ORDER BY outbox.first LIMIT $3) AS o
ORDER BY o.feed, o.first"""

WIDEST = 100_000
"""More records than one row can hold; lets the index find the row that a number lies in."""


async def read_outbox(connection: Connection, published: Mapping[str, int], rows: int = 32) -> list[Row]:
    """The next rows after each feed's cursor, a few per feed; the first may begin before the cursor's next number."""
    feeds = sorted(published)
    found = await connection.fetch(_UNPUBLISHED, feeds, [published[feed] for feed in feeds], rows, WIDEST)
    return [Row(row["feed"], row["first"], row["generation"], unpack(row["body"])) for row in found]


_HOLD = """INSERT INTO held
    (state, topic, partition, record_offset, topic_id, appended_at, firm_id, key, value, headers, failure, reason,
     code_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""


async def hold(
    connection: Connection,
    record: Arrived,
    *,
    state: str,
    topic_id: str,
    firm_id: FirmId | None,
    failure: str,
    reason: str,
    code_version: str,
) -> None:
    """Set a record aside as it came, and count it on its firm, whose later records will queue behind it."""
    await connection.execute(
        _HOLD,
        state,
        record.topic,
        record.partition,
        record.offset,
        topic_id,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
        firm_id,
        record.key,
        record.value,
        msgspec.msgpack.encode(list(record.headers)),
        failure,
        reason,
        code_version,
    )
    if firm_id is not None:
        await connection.execute("UPDATE firms SET held = held + 1 WHERE firm_id = $1", firm_id)
