"""What a service has said last of each of its entities, said once more: for readers whose projection is broken, or
that begin when the journal does not reach back far enough.

A batch of firms is one transaction, in the order of locks of every batch: the firms, what is read of them, the feeds.
Under the firm's lock nothing newer can be said in between, so that a restatement stands in its feed behind what it
repeats and before whatever follows. It is an event of its own type: readers put their projection right by it and do
nothing else, and whoever counts effects does not count it. Ids derive from the command's, and how far it has come
stands in the same transaction: interrupted and given again, the command goes on behind the last firm that was said.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.contracts.ids import derive
from shared.feeds import store
from shared.feeds.commands import Commanding, Kept
from shared.feeds.records import by_feed
from shared.feeds.speech import C, Cause
from shared.feeds.subscriptions import Restates, Stated

MOST = 200
"""Firms of a transaction: their locks keep others waiting."""
AHEAD = 5_000
"""Records that may wait to be published before more are said: they share the feeds with what partners wait for."""
_FIRST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Restated:
    """How far a command has come. `said` counts events, over all its interruptions."""

    id: str
    said: int
    finished: bool


_UNFINISHED = "SELECT id, after, said FROM restatements WHERE finished_at IS NULL FOR UPDATE"
_FIRMS = "SELECT firm_id FROM firms WHERE firm_id > $1 ORDER BY firm_id LIMIT $2"
_WAITING = (
    "SELECT coalesce(sum(sequence - coalesce(published, 0)), 0)::bigint FROM feeds LEFT JOIN relayed USING (feed)"
)


class Restating(Commanding[C]):
    """Restates on one service's store, in the operator's process."""

    async def restate(
        self,
        restates: Restates[C],
        stated: Stated,
        *,
        id: str,
        by: str,
        heard: Callable[[Restated], Awaitable[None]],
    ) -> Restated:
        """Say the state of every entity anew, or go on with the command that was interrupted, whose id it keeps.

        `stated` gives what the service before has said of firms, for a service that does not keep it. `heard` is
        called after each batch.
        """
        async with self._pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO restatements (id, given_by) VALUES ($1, $2) ON CONFLICT DO NOTHING", id, by
            )
            id = await connection.fetchval("SELECT id FROM restatements WHERE finished_at IS NULL") or id
        while True:
            done = await self._batch(restates, stated, id)
            await heard(done)
            if done.finished:
                return done
            await self._room()

    async def _room(self) -> None:
        """Wait until most of what is to be published is."""
        while True:
            if await self._pool.fetchval(_WAITING) <= AHEAD:
                return
            await asyncio.sleep(0.1)

    async def count(self, restates: Restates[C], stated: Stated) -> int:
        """How many events it would be, as of now."""
        after, n = _FIRST, 0
        async with self._pool.acquire() as connection:
            while firms := [row["firm_id"] for row in await connection.fetch(_FIRMS, after, MOST)]:
                async with Kept(connection, False):
                    n += len(await restates.present(connection, firms, self._context, stated))
                after = firms[-1]
        return n

    async def _batch(self, restates: Restates[C], stated: Stated, id: str) -> Restated:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(_UNFINISHED)
            if row is None or row["id"] != id:  # another process has said the rest
                return Restated(id, await connection.fetchval("SELECT said FROM restatements WHERE id = $1", id), True)
            firms = [one["firm_id"] for one in await connection.fetch(_FIRMS, row["after"] or _FIRST, MOST)]
            await store.lock_firms(connection, firms)
            events = await restates.present(connection, firms, self._context, stated)
            said = [Cause(derive("restatement", id, firm_id)).says(event, firm_id=firm_id) for firm_id, event in events]
            now = await self.clock.now(connection)
            done = Restated(id, row["said"] + len(said), finished=len(firms) < MOST)
            await connection.execute(
                """UPDATE restatements SET after = coalesce($2, after), said = $3,
                finished_at = CASE WHEN $4 THEN now() END WHERE id = $1""",
                id,
                firms[-1] if firms else None,
                done.said,
                done.finished,
            )
            await self._say(connection, by_feed(said, now, self.layout), False)
        return done
