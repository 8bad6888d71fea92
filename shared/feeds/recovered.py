"""The tables of a recovery, and what Kafka has that the store has not. Functions that write take a connection with an
open transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.errors import Trouble
from shared.feeds.records import Arrived, Numbering, Packed, numbering_of, pack, unpack
from shared.feeds.script import Own, own_record
from shared.postgres.pool import Connection

NUMBERING = ("ce_sequence", "ce_generation", "ce_fork")
ROW = 500
"""Records of one outbox row."""


@dataclass(frozen=True, slots=True)
class Lost:
    """One feed: the last number that the store knows, and what Kafka has beyond it."""

    feed: str
    head: int
    records: Sequence[Arrived]

    @property
    def top(self) -> int:
        return self.head + len(self.records)


def lost_of(feed: str, head: int, records: Sequence[Arrived]) -> Lost:
    """What a partition has beyond `head`, each number once. Raises `Trouble` where one is not there any more."""
    beyond: list[Arrived] = []
    for record in records:
        numbering = numbering_of(record.headers)
        if numbering is None or numbering.sequence <= head + len(beyond):
            continue
        if numbering.sequence != head + len(beyond) + 1:
            told = f"number {head + len(beyond) + 1} is not in Kafka any more, {numbering.sequence} is"
            raise Trouble(f"{feed}: {told}: this copy is older than what Kafka keeps; put a newer one in place")
        beyond.append(record)
    return Lost(feed, head, beyond)


def own_records(lost: Sequence[Lost], prefix: str) -> list[Own]:
    """All that was lost, in the order of each feed."""
    return [own_record(one.feed, *rest, prefix) for one in lost for rest in _numbered(one)]


def _numbered(lost: Lost) -> Iterator[tuple[int, str, Packed]]:
    for sequence, record in enumerate(lost.records, lost.head + 1):
        numbering = numbering_of(record.headers)
        assert numbering is not None, "picked by its number"
        headers = [(name, value) for name, value in record.headers if name not in NUMBERING and value is not None]
        yield sequence, numbering.generation, Packed(record.key, record.value or b"", headers)


_UNDER_WAY = "SELECT generation FROM recoveries WHERE ended_at IS NULL"


async def under_way(connection: Connection) -> str | None:
    """The generation that a recovery has opened which has not come to its end; None where there is none."""
    generation: str | None = await connection.fetchval(_UNDER_WAY)
    return generation


_JOURNAL = """INSERT INTO outbox (day, feed, first, n, generation, said_at, body)
SELECT CASE WHEN to_regclass('outbox_' || to_char(day, 'YYYYMMDD')) IS NULL THEN current_date ELSE day END,
       feed, first, n, generation, said_at, body
FROM unnest($1::date[], $2::text[], $3::bigint[], $4::int[], $5::text[], $6::timestamptz[], $7::bytea[])
     AS u (day, feed, first, n, generation, said_at, body)"""
_HEADS = """INSERT INTO feeds (feed, sequence) SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (feed) DO UPDATE SET sequence = excluded.sequence"""
_CURSORS = """INSERT INTO relayed (feed, published) SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (feed) DO UPDATE SET published = excluded.published"""
_REMEMBER = (
    "INSERT INTO recovered (feed, sequence, event_id) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])"
)
_OPEN = """INSERT INTO recoveries (ordered_by, generation, read_back, silent_since) VALUES ($1, $2, $3, $4)"""
_CLOCKS = "SELECT max(nextval('timer_versions')) FROM generate_series(1, $1::bigint)"


async def take_back(
    connection: Connection, lost: Sequence[Lost], own: Sequence[Own], heads: Mapping[str, int], by: str
) -> str:
    """Bring the lost numbers into the journal, sequences and cursors to where they were, and open a generation that
    forks off there; which it is. `heads` are those of all feeds of the service."""
    rows = [row for one in lost for row in _rows(one)]
    await connection.execute(_JOURNAL, *[list(column) for column in zip(*rows, strict=True)] or [[]] * 7)
    tops = dict(heads) | {one.feed: one.top for one in lost}
    feeds = sorted(one.feed for one in lost if one.records)
    await connection.execute(_HEADS, feeds, [tops[feed] for feed in feeds])
    await connection.execute(_CURSORS, feeds, [tops[feed] for feed in feeds])
    await connection.execute(
        _REMEMBER, [one.feed for one in own], [one.sequence for one in own], [one.event_id for one in own]
    )
    for generation, forks in _strange(lost).items():
        sql = "INSERT INTO generations (generation, forks) VALUES ($1, $2) ON CONFLICT (generation) DO NOTHING"
        await connection.execute(sql, generation, forks)
    opened: str = await connection.fetchval(
        """INSERT INTO generations (generation, forks) VALUES (replace(gen_random_uuid()::text, '-', ''), $1)
        RETURNING generation""",
        {feed: top for feed, top in sorted(tops.items()) if top},
    )
    heard = max((record.timestamp for one in lost for record in one.records), default=None)
    silent_since = None if heard is None else datetime.fromtimestamp(heard / 1000, UTC)
    await connection.execute(_OPEN, by, opened, len(own), silent_since)
    # Versions that were given in the lost life name what they caused: none is given again.
    given = max((one.clock for one in own if one.clock is not None), default=0)
    reached = await connection.fetchval("SELECT nextval('timer_versions')")
    if given > reached:
        await connection.fetchval(_CLOCKS, given - reached)
    # Until the end of the recovery it is decided as of then: the time since is no outage yet.
    await connection.execute("UPDATE heartbeat SET beat_at = now() + interval '100 years'")
    return opened


def _rows(lost: Lost) -> Iterator[tuple[date, str, int, int, str, datetime, bytes]]:
    """The outbox rows of a feed, each of one generation and one day."""
    together: list[Packed] = []
    first, key = 0, ("", datetime.min.date())
    at = datetime.min
    for (sequence, generation, packed), record in zip(_numbered(lost), lost.records, strict=True):
        said_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        if together and (key != (generation, said_at.date()) or len(together) == ROW):
            yield key[1], lost.feed, first, len(together), key[0], at, pack(together)
            together = []
        if not together:
            first, key, at = sequence, (generation, said_at.date()), said_at
        together.append(packed)
    if together:
        yield key[1], lost.feed, first, len(together), key[0], at, pack(together)


def _strange(lost: Sequence[Lost]) -> dict[str, dict[str, int]]:
    """The generations of what was lost in the order of their beginning, each with where its feeds forked off."""
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for one in lost:
        for record in one.records:
            numbering: Numbering | None = numbering_of(record.headers)
            assert numbering is not None, "picked by its number"
            _, forks = found.setdefault(numbering.generation, (record.timestamp, {}))
            if numbering.fork is not None:
                forks[one.feed] = numbering.fork
    return {name: forks for name, (_, forks) in sorted(found.items(), key=lambda item: item[1][0])}


_JOINED = "FROM recovered r JOIN outbox o ON o.feed = r.feed AND r.sequence BETWEEN o.first AND o.first + o.n - 1"
_LEFT = f"SELECT r.feed, r.sequence, o.first, o.generation, o.body {_JOINED} ORDER BY r.feed, r.sequence"


async def left(connection: Connection, prefix: str) -> list[Own]:
    """What was read back and is not decided again, in the order of each feed."""
    own: list[Own] = []
    unpacked: tuple[str, int] | None = None
    records: list[Packed] = []
    async with connection.transaction():
        async for row in connection.cursor(_LEFT):
            if unpacked != (row["feed"], row["first"]):
                unpacked, records = (row["feed"], row["first"]), unpack(row["body"])
            record = records[row["sequence"] - row["first"]]
            own.append(own_record(row["feed"], row["sequence"], row["generation"], record, prefix))
    return own


async def count_left(connection: Connection) -> int:
    """How many `left` gives."""
    return int(await connection.fetchval(f"SELECT count(*) {_JOINED}"))


async def decided(connection: Connection, event_ids: Sequence[str]) -> None:
    """These were decided again."""
    await connection.execute("DELETE FROM recovered WHERE event_id = ANY($1)", list(event_ids))


async def end(connection: Connection) -> None:
    """The service may start; until it gives a sign of life it was away since it was last heard of."""
    silent_since = await connection.fetchval(
        "UPDATE recoveries SET ended_at = now() WHERE ended_at IS NULL RETURNING silent_since"
    )
    await connection.execute("UPDATE heartbeat SET beat_at = coalesce($1, now())", silent_since)
