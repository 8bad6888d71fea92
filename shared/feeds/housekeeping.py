"""What a process of a service looks after as long as it lives: whether reading goes on, and the days of the journal."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shared.feeds.alarms import Alarms
from shared.feeds.assignment import Assignment
from shared.feeds.reading import Reader
from shared.feeds.relay import Relay
from shared.feeds.watchdog import Watchdog
from shared.postgres.pool import Pool

log = logging.getLogger(__name__)

KEEP_DAYS = 7
JOURNAL_AHEAD_DAYS = 3


class Housekeeping:
    """`run` is a task for life. `stuck` gets the reason why the process must end."""

    def __init__(
        self,
        pool: Pool,
        assignment: Assignment,
        reader: Reader[Any],
        relay: Relay,
        watchdog: Watchdog,
        alarms: Alarms,
        learn_layout: Callable[[], Awaitable[None]],
        stuck: "asyncio.Future[str]",
    ) -> None:
        self._pool = pool
        self._assignment = assignment
        self._reader = reader
        self._relay = relay
        self._watchdog = watchdog
        self._alarms = alarms
        self._learn_layout = learn_layout
        self._stuck = stuck

    async def run(self) -> None:
        """Every few seconds see whether reading goes on; every hour make and drop days of the journal."""
        house_kept_at = time.monotonic()
        while True:
            await asyncio.sleep(3.0)
            await self._learn_layout()
            try:
                await self._watch_progress()
            except Exception as error:
                log.warning("cannot see whether reading goes on: %s: %s", type(error).__name__, error)
            try:
                if time.monotonic() - house_kept_at > 3600:
                    house_kept_at = time.monotonic()
                    await self._pool.execute(
                        "SELECT make_outbox_days($1), drop_outbox_days($2)", JOURNAL_AHEAD_DAYS, KEEP_DAYS
                    )
            except Exception as error:
                log.warning("house keeping: again later: %s: %s", type(error).__name__, error)

    @contextmanager
    def _answering(self, part: str, name: str) -> Iterator[None]:
        """Around a question to a part of the system: an alarm while it gets no answer."""
        try:
            yield
        except Exception as error:
            self._alarms.raise_(part, f"{name} does not answer ({type(error).__name__}); it is asked again.")
            raise
        self._alarms.clear(part)

    async def _watch_progress(self) -> None:
        """See that database and broker answer, and end the process when its consumer is stuck: `stuck` gets the
        reason."""
        with self._answering("database", "PostgreSQL"):
            await self._pool.fetchval("SELECT 1", timeout=5.0)
        if self._relay.refused is not None and not self._stuck.done():
            self._stuck.set_result(self._relay.refused)
        if self._assignment.busy.locked():
            # A batch under way may take as long as the database is away; that is waiting, not standing still.
            self._watchdog.rest()
            return
        try:
            with self._answering("broker", "Kafka"):
                async with asyncio.timeout(10.0):
                    unread = await self._assignment.check()
        except Exception:
            self._watchdog.rest()
            raise
        waiting = {key: offset for key, offset in unread.items() if not self._reader.scans(key)}
        reason = self._watchdog.look(waiting, self._reader.progressed_at)
        if reason is not None and not self._stuck.done():
            log.error("the consumer is stuck: %s", reason)
            self._stuck.set_result(reason)
