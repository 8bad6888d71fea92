"""Timers: what a service wants to be called for at a time, one row each, set and dropped under the firm's lock.

A timer is set, moved or dropped by a handler in the transaction of its cause. Whenever it is set anew it gets a version
that was never given before; what it causes is called by kind, id and version, so that deciding again says the same.
The SQL here takes a connection with an open transaction. Who chooses and fires them is `firing`.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

import asyncpg

from shared.contracts.base import Event, FirmId
from shared.feeds.speech import C, Cause, Said, Work
from shared.postgres.pool import Connection

Key = tuple[str, str]
"""Kind and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Call for `kind` of `id` at `due_at`, which is about this firm.

    With a `topic` (of a partner's, without prefix) it is fired only once that was read to its end as seen after
    `due_at`: what the partner wrote in time counts, however late it is read.
    """

    kind: str
    id: str
    firm_id: FirmId
    due_at: datetime
    topic: str | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.id


@dataclass(frozen=True, slots=True)
class Due:
    """A timer whose time has come."""

    timer: Timer
    version: int

    @property
    def cause(self) -> Cause:
        return Cause(f"timer/{self.timer.kind}/{self.timer.id}/{self.version}", clock=self.version)


@dataclass(frozen=True, slots=True)
class When(Generic[C]):
    """Who is called for timers of these kinds: the entry of a table beside a service's subscriptions.

    The handler gets those of a transaction in order of time; their rows are gone already, and the firms are locked. A
    timer that is to come again is set anew.
    """

    kinds: tuple[str, ...]
    handler: Callable[[Sequence[Due], Work[C]], Awaitable[list[Said]]]
    says: tuple[type[Event], ...] = ()


_LOAD = "SELECT kind, id, firm_id, due_at, topic FROM timers WHERE firm_id = ANY($1::uuid[])"
_SET = """INSERT INTO timers AS t (kind, id, firm_id, due_at, topic)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[], $5::text[])
ON CONFLICT (kind, id) DO UPDATE SET firm_id = excluded.firm_id, due_at = excluded.due_at, topic = excluded.topic,
    version = excluded.version, failure = NULL, failed_by = NULL, failed_at = NULL"""
_DROP = "DELETE FROM timers WHERE (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))"


async def of_firms(connection: Connection, firm_ids: Collection[FirmId]) -> dict[Key, Timer]:
    """All timers of these firms."""
    rows = await connection.fetch(_LOAD, list(firm_ids))
    return {(row["kind"], row["id"]): _timer(row) for row in rows}


async def bring_about(connection: Connection, known: Mapping[Key, Timer], wanted: Mapping[Key, Timer]) -> None:
    """From the timers that there are to those that there should be; what stands already keeps its version."""
    gone = sorted(known.keys() - wanted.keys())
    if gone:
        await connection.execute(_DROP, *_columns(gone))
    anew = [wanted[key] for key in sorted(wanted) if known.get(key) != wanted[key]]
    if anew:
        await connection.execute(
            _SET,
            [one.kind for one in anew],
            [one.id for one in anew],
            [one.firm_id for one in anew],
            [one.due_at for one in anew],
            [one.topic for one in anew],
        )


_RIPE = "kind = ANY($1::text[]) AND due_at <= $2 AND (failure IS NULL OR failed_by <> $3)"
_CHOOSE = f"""SELECT kind, id, t.firm_id, due_at, topic, version
FROM timers t JOIN firms f USING (firm_id)
LEFT JOIN unnest($4::text[], $5::timestamptz[]) AS r(read, until) ON r.read = t.topic
WHERE {_RIPE} AND f.held = 0 AND (topic IS NULL OR due_at <= r.until)
ORDER BY due_at, kind, id LIMIT $6"""
_TOPICS = f"SELECT DISTINCT topic FROM timers WHERE {_RIPE} AND topic IS NOT NULL"


async def choose(
    connection: Connection, kinds: Sequence[str], now: datetime, code: str, read: Mapping[str, datetime], most: int
) -> list[Due]:
    """Those that may be fired, the oldest first, without a lock. `read`: topic -> until when it was read for certain.

    One whose firm has held records waits. One that failed under this version of the `code` stays aside.
    """
    topics = sorted(read)
    rows = await connection.fetch(_CHOOSE, list(kinds), now, code, topics, [read[topic] for topic in topics], most)
    return [_due(row) for row in rows]


async def awaited_topics(connection: Connection, kinds: Sequence[str], now: datetime, code: str) -> list[str]:
    """The topics that must have been read before what is due can be fired."""
    return [row["topic"] for row in await connection.fetch(_TOPICS, list(kinds), now, code)]


_LOCK_FIRMS = """SELECT firm_id FROM firms WHERE firm_id = ANY($1::uuid[]) AND held = 0
ORDER BY firm_id FOR UPDATE SKIP LOCKED"""
_LOCK = """SELECT kind, id, firm_id, due_at, topic, version FROM timers
WHERE (kind, id, version, firm_id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]))
ORDER BY kind, id FOR UPDATE"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Timers that are ours to fire, in order of time, and how many others somebody had fired, moved or dropped since
    they were chosen."""

    due: list[Due]
    late: int


async def take(connection: Connection, chosen: Sequence[Due]) -> Taken:
    """Lock firms and then timers, and take the timers away: those that still stand as they were chosen.

    A firm that somebody else has in hand is passed over with its timers. The firm first: whoever moves a timer holds
    the firm already, and the other order would have each wait for the other.
    """
    firms = {row["firm_id"] for row in await connection.fetch(_LOCK_FIRMS, [one.timer.firm_id for one in chosen])}
    mine = [one for one in chosen if one.timer.firm_id in firms]
    if not mine:
        return Taken([], 0)
    rows = await connection.fetch(
        _LOCK,
        [one.timer.kind for one in mine],
        [one.timer.id for one in mine],
        [one.version for one in mine],
        [one.timer.firm_id for one in mine],
    )
    due = sorted((_due(row) for row in rows), key=lambda one: (one.timer.due_at, one.timer.key))
    await connection.execute(_DROP, *_columns([one.timer.key for one in due]))
    return Taken(due, len(mine) - len(due))


async def armed(connection: Connection, firm_ids: Collection[FirmId]) -> list[Due]:
    """All timers of these firms with their versions, whether their time has come or not."""
    sql = "SELECT kind, id, firm_id, due_at, topic, version FROM timers WHERE firm_id = ANY($1::uuid[])"
    return [_due(row) for row in await connection.fetch(sql, list(firm_ids))]


_AHEAD = """SELECT count(*) AS soon, min(due_at) FILTER (WHERE due_at <= $2 AND held = 0 AND failure IS NULL) AS oldest
FROM timers JOIN firms USING (firm_id) WHERE kind = ANY($1::text[]) AND due_at <= $2 + $3::interval"""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is due soon, and by how much the oldest that should have fired is overdue; nothing counts as overdue that
    waits for a held record of its firm, or that was set aside."""

    soon: int
    overdue: timedelta


async def ahead(connection: Connection, kinds: Sequence[str], now: datetime, within: timedelta) -> Ahead:
    """How the timers of these kinds stand at `now`, in the time of the house."""
    row = await connection.fetchrow(_AHEAD, list(kinds), now, within)
    assert row is not None, "a count has a row"
    return Ahead(row["soon"], now - row["oldest"] if row["oldest"] is not None else timedelta())


_ASIDE = """UPDATE timers SET failure = $4, failed_by = $5, failed_at = now()
WHERE kind = $1 AND id = $2 AND version = $3"""
_FAILED = """SELECT count(*) AS n, min(kind || ' of ' || id || ': ' || failure) AS first
FROM timers WHERE kind = ANY($1::text[]) AND failure IS NOT NULL AND failed_by = $2"""


async def set_aside(connection: Connection, due: Due, failure: str, code: str) -> None:
    """Keep a timer that fails for good from being tried again, until another version of the code runs."""
    await connection.execute(_ASIDE, due.timer.kind, due.timer.id, due.version, failure, code)


async def failed(connection: Connection, kinds: Sequence[str], code: str) -> tuple[int, str]:
    """How many are set aside under this version of the code, and what the first of them is."""
    row = await connection.fetchrow(_FAILED, list(kinds), code)
    assert row is not None, "a count has a row"
    return row["n"], row["first"] or ""


def _columns(keys: Sequence[Key]) -> tuple[list[str], list[str]]:
    return [kind for kind, _ in keys], [id for _, id in keys]


def _timer(row: asyncpg.Record) -> Timer:
    return Timer(kind=row["kind"], id=row["id"], firm_id=row["firm_id"], due_at=row["due_at"], topic=row["topic"])


def _due(row: asyncpg.Record) -> Due:
    return Due(_timer(row), row["version"])
