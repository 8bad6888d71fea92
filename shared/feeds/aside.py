"""Records set aside: the rows of `held`, read for a redrive and closed by it. Functions take a connection, and those
that change something an open transaction.

A firm counts the records that wait on it, a position counts those that are held: whoever opens or closes a row here
moves both counts with it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds.speech import Outcome, Place
from shared.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Closing:
    """Who closes held records and what is noted with them."""

    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A row of `held`, with the attributes of a record that has just arrived."""

    id: int
    firm_id: FirmId | None
    topic: str
    partition: int
    offset: int
    topic_id: str
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def place(self) -> Place:
        return Place(self.topic, self.partition, self.offset)


async def heads(pool: Pool) -> list[int]:
    """Ids of the open records that nothing waits before, oldest first."""
    return [row["id"] for row in await pool.fetch(_HEADS)]


async def open_firm(pool: Pool, id: int) -> FirmId | None:
    """The firm that an open record is about, as far as it is known. Raises `Trouble` where the record is not open."""
    row = await pool.fetchrow("SELECT state, firm_id, closed_by FROM held WHERE id = $1", id)
    if row is None:
        raise Trouble(f"there is no record {id}: `portolano held list` shows what is held")
    if row["state"] not in ("held", "queued"):
        raise Trouble(f"record {id} was {row['state']} by {row['closed_by']}: nothing is left to do")
    firm_id: FirmId | None = row["firm_id"]
    return firm_id


async def waits_behind(connection: "Connection | Pool", firm_ids: Sequence[FirmId], id: int) -> int | None:
    """The first open record of one of these firms that came before record `id`."""
    before: int | None = await connection.fetchval(_BEFORE, list(firm_ids), id)
    return before


async def read(connection: Connection, firm_id: FirmId | None, id: int | None, most: int) -> list[Aside]:
    """The first open records of a firm in their order, or the one of this id."""
    return [_aside(row) for row in await connection.fetch(_OF_FIRM, firm_id, id, most)]


async def look(connection: Connection, id: int) -> Aside:
    """One record, open or not. It must exist."""
    row = await connection.fetchrow("SELECT * FROM held WHERE id = $1", id)
    assert row is not None, "records are closed, never deleted"
    return _aside(row)


async def take(connection: Connection, ids: Sequence[int]) -> list[Aside]:
    """Lock the rows. Whoever closed one between our look and our lock has the right of way: that raises `Trouble`."""
    rows = await connection.fetch(_TAKE, list(ids))
    if len(rows) < len(ids):
        raise Trouble("somebody else has just worked on these records: look at `portolano held list` again")
    return [_aside(row) for row in rows]


async def keep(
    connection: Connection,
    aside: Aside,
    *,
    firm_id: FirmId | None,
    state: str,
    failure: str,
    reason: str,
    code_version: str,
) -> None:
    """Leave the record open with what is known of it now; a firm that it was not counted on counts it from here."""
    await connection.execute(_KEEP, aside.id, firm_id, state, failure, reason, code_version)
    if firm_id != aside.firm_id:
        for firm, more in ((aside.firm_id, -1), (firm_id, 1)):
            await connection.execute(_COUNT, firm, more)


async def close(connection: Connection, aside: Aside, outcome: Outcome, closing: Closing) -> None:
    """End the record as `outcome`: it is counted on its firm no longer, and in its position as what it ended as."""
    state = "discarded" if outcome is Outcome.DISCARDED else "redriven"
    await connection.execute(_CLOSE, aside.id, state, closing.by, closing.note)
    await connection.execute(_COUNT, aside.firm_id, -1)
    moved = Counter({Outcome.HELD: -1, outcome: 1})
    await connection.execute(_RECOUNT, aside.topic, aside.partition, *(moved[each] for each in Outcome))


async def forget(connection: Connection, firm_ids: Sequence[FirmId]) -> None:
    """Take away what closed records of these firms contained; what they are counted by stays.

    Open ones there are none, where the erasure itself travels by the firm: it queues behind them.
    """
    await connection.execute(_FORGET, list(firm_ids), msgspec.msgpack.encode([]))


async def forget_at(connection: Connection, places: Sequence[Place]) -> None:
    """The same for records at these places, open or not: by whoever has just applied one of them, and keeps nothing of
    it."""
    for place in places:
        await connection.execute(_FORGET_AT, place.topic, place.partition, place.offset, msgspec.msgpack.encode([]))


def _aside(row: asyncpg.Record) -> Aside:
    elapsed = row["appended_at"] - datetime(1970, 1, 1, tzinfo=UTC)
    return Aside(
        id=row["id"],
        firm_id=row["firm_id"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["record_offset"],
        topic_id=row["topic_id"],
        timestamp=(elapsed + timedelta(microseconds=500)) // timedelta(milliseconds=1),
        key=row["key"],
        value=row["value"],
        headers=tuple(msgspec.msgpack.decode(row["headers"], type=list[tuple[str, bytes | None]])),
    )


_OPEN = "state IN ('held', 'queued')"
_HEADS = f"""SELECT id FROM held h WHERE {_OPEN} AND NOT EXISTS (
    SELECT FROM held b WHERE b.firm_id = h.firm_id AND b.{_OPEN} AND b.id < h.id) ORDER BY id"""
_BEFORE = f"SELECT id FROM held WHERE firm_id = ANY($1::uuid[]) AND {_OPEN} AND id < $2 ORDER BY id LIMIT 1"
_OF_FIRM = f"SELECT * FROM held WHERE (firm_id = $1 OR id = $2) AND {_OPEN} ORDER BY id LIMIT $3"
_FORGET = f"""UPDATE held SET key = NULL, value = NULL, headers = $2
WHERE firm_id = ANY($1::uuid[]) AND NOT {_OPEN}"""
_FORGET_AT = """UPDATE held SET key = NULL, value = NULL, headers = $4
WHERE topic = $1 AND partition = $2 AND record_offset = $3"""
_TAKE = f"SELECT * FROM held WHERE id = ANY($1::bigint[]) AND {_OPEN} ORDER BY id FOR UPDATE"
_KEEP = """UPDATE held SET firm_id = $2, state = $3, failure = $4, reason = $5, code_version = $6, held_at = now()
WHERE id = $1"""
_CLOSE = "UPDATE held SET state = $2, closed_at = now(), closed_by = $3, closing_note = $4 WHERE id = $1"
_COUNT = "UPDATE firms SET held = held + $2 WHERE firm_id = $1"
_RECOUNT = """UPDATE positions SET applied = applied + $3, repeated = repeated + $4, refused = refused + $5,
    held = held + $6, discarded = discarded + $7 WHERE topic = $1 AND partition = $2"""
