"""The relay's session with the database: locks, cursors, and the journal's rows.

Advisory locks belong to a session, so this is a connection of its own, outside the pool. The server ends it when it
has been silent for `SILENCE` seconds: a stopped process then loses its locks and another takes over. We speak at
least every third of that; before each sending it is checked that the session was heard of recently, for a process
that slept through its own end must not send.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from shared.feeds import restored, store
from shared.feeds.logs import Published
from shared.feeds.restored import Top
from shared.feeds.store import Row
from shared.postgres.pool import Address, Connection, connect

T = TypeVar("T")
SILENCE = 15.0
_SPACE = 7262
"""First key of our advisory locks; the second is the feed's id."""


@dataclass(slots=True)
class Cursor:
    """How far a feed was acknowledged, and how far the database knows it. `epoch` tells holders of the lock apart;
    `topic_id` and `begins` say on which topic it is published (see `logs`)."""

    published: int
    stored: int
    epoch: int
    topic_id: str | None = None
    begins: int = 1

    @property
    def dirty(self) -> bool:
        return self.published != self.stored

    @property
    def known(self) -> Published:
        return Published(self.topic_id, self.begins, self.published)


class Session:
    """One connection; its calls are serialised, since a connection does one thing at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._heard_at = time.monotonic()
        self._lost = asyncio.get_running_loop().create_future()
        self._ping = asyncio.create_task(self._keep())

    @classmethod
    async def open(cls, address: Address, application: str) -> "Session":
        connection = await connect(address, application=application, idle_session_timeout=SILENCE)
        return cls(connection)

    async def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` when another process says that it wrote to a feed whose lock it does not hold."""
        await self._run(self._connection.add_listener, "outbox", lambda *_: wake())

    async def _keep(self) -> None:
        try:
            while True:
                await asyncio.sleep(SILENCE / 3)
                await self._run(self._connection.execute, "SELECT 1")
        except Exception as error:
            if not self._lost.done():
                self._lost.set_exception(ConnectionError(f"the relay's session is lost: {error}"))
                self._lost.exception()

    async def still_ours(self) -> None:
        """Raises `ConnectionError` when the session may have ended while we were not looking."""
        if self._lost.done():
            self._lost.result()
        if time.monotonic() - self._heard_at > SILENCE / 2:
            await self._run(self._connection.execute, "SELECT 1")

    async def while_ours(self, work: Awaitable[T]) -> T:
        """Wait for something, but no longer than the session lives."""
        task = asyncio.ensure_future(work)
        await asyncio.wait({task, self._lost}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            self._lost.result()
        return await task

    async def claim(self, feeds: Sequence[str]) -> dict[str, Cursor]:
        """Lock what is free. Each lock raises the feed's epoch."""
        await self._run(
            self._connection.execute,
            "INSERT INTO relayed (feed) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
            sorted(feeds),
        )
        rows = await self._run(
            self._connection.fetch,
            """WITH free AS MATERIALIZED (SELECT feed FROM relayed WHERE feed = ANY($1) AND pg_try_advisory_lock($2,
            id)) UPDATE relayed r SET epoch = epoch + 1 FROM free WHERE r.feed = free.feed RETURNING r.feed,
            r.published, r.epoch, r.topic_id, r.begins""",
            list(feeds),
            _SPACE,
        )
        return {row["feed"]: _cursor(row) for row in rows}

    async def release(self, feed: str) -> None:
        await self._run(
            self._connection.execute, "SELECT pg_advisory_unlock($2, id) FROM relayed WHERE feed = $1", feed, _SPACE
        )

    async def heads(self, feeds: Sequence[str]) -> dict[str, int]:
        """The last number given out in each feed."""
        rows = await self._run(
            self._connection.fetch, "SELECT feed, sequence FROM feeds WHERE feed = ANY($1)", list(feeds)
        )
        return {row["feed"]: row["sequence"] for row in rows}

    async def cursors(self, feeds: Sequence[str]) -> dict[str, Cursor]:
        """The cursor of each feed as it is stored."""
        rows = await self._run(
            self._connection.fetch,
            "SELECT feed, published, epoch, topic_id, begins FROM relayed WHERE feed = ANY($1)",
            list(feeds),
        )
        return {row["feed"]: _cursor(row) for row in rows}

    async def adopt(self, topic_ids: Mapping[str, str]) -> None:
        """Note on which topic each of these feeds is published from now on."""
        await self._run(
            self._connection.execute,
            """UPDATE relayed r SET topic_id = u.id
            FROM unnest($1::text[], $2::text[]) AS u(feed, id) WHERE r.feed = u.feed""",
            list(topic_ids),
            list(topic_ids.values()),
        )

    async def generations(self) -> dict[str, Mapping[str, int]]:
        """The generations of this store, each with the numbers at which its feeds forked off."""
        rows = await self._run(self._connection.fetch, "SELECT generation, forks FROM generations")
        return {row["generation"]: row["forks"] for row in rows}

    async def judge(self, tops: Mapping[str, Top | None]) -> dict[str, str]:
        """Which feeds do not fit what Kafka has."""
        return await self._run(restored.judge, self._connection, tops)

    async def read(self, published: Mapping[str, int]) -> list[Row]:
        """The next rows of each feed after its cursor."""
        return await self._run(store.read_outbox, self._connection, published)

    async def move(self, cursors: Mapping[str, Cursor]) -> list[str]:
        """Store cursors where nobody else moved them; gives back the feeds where somebody did."""
        feeds = sorted(cursors)
        if not feeds:
            return []
        reached = {feed: cursors[feed].published for feed in feeds}
        rows = await self._run(
            self._connection.fetch,
            """UPDATE relayed r SET published = u.reached
            FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::int[]) AS u(feed, was, reached, epoch)
            WHERE r.feed = u.feed AND r.epoch = u.epoch AND r.published = u.was RETURNING r.feed""",
            feeds,
            [cursors[feed].stored for feed in feeds],
            [reached[feed] for feed in feeds],
            [cursors[feed].epoch for feed in feeds],
        )
        moved = {row["feed"] for row in rows}
        for feed in moved:
            cursors[feed].stored = reached[feed]
        return [feed for feed in feeds if feed not in moved]

    async def close(self) -> None:
        self._ping.cancel()
        with suppress(Exception):
            await asyncio.wait_for(self._connection.close(), 2.0)
        with suppress(Exception):
            self._connection.terminate()

    async def _run(self, call: Callable[..., Awaitable[T]], *arguments: object) -> T:
        async with self._turn:
            if self._lost.done():
                self._lost.result()
            answer = await call(*arguments)
            self._heard_at = time.monotonic()
            return answer


def _cursor(row: asyncpg.Record) -> Cursor:
    return Cursor(row["published"], row["published"], row["epoch"], row["topic_id"], row["begins"])
