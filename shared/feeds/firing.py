"""Timers fired: once each, by whichever process comes first, in the order of locks of every batch.

Chosen without a lock; then the firms are locked, passing over those that somebody else has in hand, then the timers,
each only where its version is still the chosen one. The timer's row goes, the handler decides, numbers are taken last:
one transaction, so that who dies in it leaves the timer as it was. A timer whose handler fails for good stands alone
after halving, is set aside and alarmed, and the others go on.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Generic

from shared.feeds import outages, store, timers
from shared.feeds.alarms import Alarms
from shared.feeds.clock import Clock
from shared.feeds.failures import Outgrown, Permanent, deciding, delays, told
from shared.feeds.numbers import Layout
from shared.feeds.records import by_feed
from shared.feeds.speech import C, Said, Work
from shared.feeds.timers import Ahead, Due, When
from shared.feeds.watermarks import Watermarks
from shared.postgres.pool import Connection, Pool
from shared.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks while nothing is due."""
MOST = 100
"""Timers of a transaction."""
CHOICE = 10
"""Out of so many times as many: processes that look at once then seldom want the same firms."""


LATE = timedelta(minutes=5)
"""From when on a clock that has not been heard is something that a person must look at."""
LATE_FOR = 60.0
"""Seconds (real ones) for which that must have been so: a clock that was moved makes much late at once."""
OVERDUE = "timers overdue"


async def _always() -> bool:
    return True


async def _nothing() -> None:
    return None


class Firing(Generic[C]):
    """Fires the timers of one service in one process."""

    def __init__(
        self,
        pool: Pool,
        layout: Layout,
        context: C,
        clock: Clock,
        table: Sequence[When[C]],
        watermarks: Watermarks,
        alarms: Alarms,
        code_version: str,
    ) -> None:
        self._pool, self.layout, self._context, self._clock = pool, layout, context, clock
        self._handlers = {kind: when for when in table for kind in when.kinds}
        self._kinds = sorted(self._handlers)
        self._watermarks, self._alarms, self._code = watermarks, alarms, code_version
        self.before_commit: Callable[[Connection, Sequence[str]], Awaitable[None]] | None = None
        self.publish: Callable[[list[store.Row]], None] = lambda rows: None
        self.in_doubt: Callable[[], None] = lambda: None
        self.outgrown: Callable[[], Awaitable[None]] = _nothing
        self.hears: Callable[[], Awaitable[bool]] = _always
        """Whether this process has its partitions: only then does it give a sign of life, and fires."""
        self.metrics: Metrics | None = None
        self.pause = PAUSE
        self.looks = 0
        """How often it has looked and found nothing more to fire."""
        self.fired = 0
        self._late_since: float | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the service stops; whatever fails is tried again."""
        pauses = delays()
        while not stopping.is_set():
            pause = self.pause
            try:
                if await self.hears():
                    await self.look(stopping)
                    self.looks += 1
                pauses = delays()
            except Exception as error:
                self.in_doubt()
                if isinstance(error, Outgrown):
                    await self.outgrown()
                pause = next(pauses)
                log.warning("timers: again in %.1f s: %s: %s", pause, type(error).__name__, told(error))
            with suppress(Exception):  # the store does not answer: that was told above
                await self._tell_of_what_is_late()
            try:
                await asyncio.wait_for(stopping.wait(), pause)
            except TimeoutError:
                continue

    async def look(self, stopping: asyncio.Event) -> None:
        """Fire all that is due and may be fired."""
        async with self._pool.acquire() as connection, connection.transaction():
            now = await self._clock.now(connection)
            awaited = await timers.awaited_topics(connection, self._kinds, now, self._code)
        await self._watermarks.look(awaited)
        while not stopping.is_set():
            async with self._pool.acquire() as connection, connection.transaction():
                await outages.beat(connection)  # each time: a long row of timers is no silence
            chosen = await self._choose()
            if not chosen or not await self._fire(chosen):
                break
        await self._tell_of_failures()

    async def _choose(self) -> list[Due]:
        """Some of those that are due, all of a firm or none: a firm's keep their order."""
        async with self._pool.acquire() as connection, connection.transaction():
            now = await self._clock.now(connection)
            read = self._watermarks.read
            due = await timers.choose(connection, self._kinds, now, self._code, read, MOST * CHOICE)
        by_firm: dict[str, list[Due]] = {}
        for one in due:
            by_firm.setdefault(one.timer.firm_id, []).append(one)
        firms = list(by_firm)
        random.shuffle(firms)
        chosen: list[Due] = []
        for firm in firms:
            if chosen and len(chosen) + len(by_firm[firm]) > MOST:
                break
            chosen += by_firm[firm]
        return chosen

    async def _fire(self, chosen: Sequence[Due]) -> int:
        """Fire these, or what others have left of them; how many went."""
        try:
            return await self._transact(chosen)
        except Permanent as failure:
            if len(chosen) == 1:
                await self._set_aside(chosen[0], failure)
                return 1
        half = len(chosen) // 2
        ordered = sorted(chosen, key=lambda one: (one.timer.firm_id, one.timer.due_at, one.timer.key))
        return await self._fire(ordered[:half]) + await self._fire(ordered[half:])

    async def _transact(self, chosen: Sequence[Due]) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            now = await self._clock.now(connection)
            taken = await timers.take(connection, chosen)
            work: Work[C] = Work(connection=connection, now=now, context=self._context, clock=self._clock)
            said: list[Said] = []
            for run in self._runs(taken.due):
                with deciding():
                    said += await self._handlers[run[0].timer.kind].handler(run, work)
            layout = self.layout
            records = by_feed(said + work.said, now, layout)
            if self.before_commit and records:
                await self.before_commit(connection, sorted(records))
            rows = await store.number(connection, layout, records)
        self.publish(rows)
        self.fired += len(taken.due)
        if self.metrics is not None:
            self.metrics.fenced("timer", taken.late)
        return len(taken.due)

    def _runs(self, due: Sequence[Due]) -> list[list[Due]]:
        """Neighbours in time that the same handler hears."""
        runs: list[list[Due]] = []
        for one in due:
            if runs and self._handlers[runs[-1][-1].timer.kind] is self._handlers[one.timer.kind]:
                runs[-1].append(one)
            else:
                runs.append([one])
        return runs

    async def _set_aside(self, due: Due, failure: Permanent) -> None:
        log.error("timer %s of %s set aside: %s", due.timer.kind, due.timer.id, failure)
        async with self._pool.acquire() as connection, connection.transaction():
            await timers.set_aside(connection, due, str(failure), self._code)

    async def ahead(self, within: timedelta) -> Ahead:
        """What falls due within that time, and how late the oldest is."""
        async with self._pool.acquire() as connection, connection.transaction():
            now = await self._clock.now(connection)
            return await timers.ahead(connection, self._kinds, now, within)

    async def _tell_of_what_is_late(self) -> None:
        """An alarm where clocks are not heard, whatever keeps them: without the broker's word none may be."""
        found = await self.ahead(timedelta())
        if found.overdue <= LATE:
            self._late_since = None
            self._alarms.clear(OVERDUE)
            return
        now = time.monotonic()
        if self._late_since is None:
            self._late_since = now
        if now - self._late_since >= LATE_FOR:
            self._alarms.raise_(
                OVERDUE, "clocks are due and are not heard: their partners' topics are not read to the end"
            )

    async def _tell_of_failures(self) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            n, first = await timers.failed(connection, self._kinds, self._code)
        if n:
            self._alarms.raise_("timers", f"{n} timers failed and are set aside, the first is {first}")
        else:
            self._alarms.clear("timers")
