"""From the outbox to Kafka, each feed in order, by one process at a time.

A relay holds the advisory lock of each feed that it publishes, on a session of its own, and with it an epoch; it
sends in the order of numbers (what waits: `backlog`), waits for the acknowledgements (`publishing`) and moves the
cursor. So a crash at any point can only repeat a suffix, which readers drop.

The unit of failure is the feed: one that fails is set aside and tried again, the others go on. After any error of
sending, the producer is thrown away and the feed is resent from its cursor.

A log that is not what was published on it gets nothing more (see `logs`): it is looked at when a feed is taken, every
few seconds, and before anything is sent again after an error; and each acknowledgement tells where its records stand.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from shared.feeds.alarms import Alarms
from shared.feeds.backlog import Backlog
from shared.feeds.doubts import Doubts
from shared.feeds.failures import Pauses, delays
from shared.feeds.journal import Cursor, Session
from shared.feeds.kafka import Access, Topics
from shared.feeds.publishing import Publisher
from shared.feeds.restored import explained, read_tops
from shared.feeds.store import Row
from shared.feeds.watchdog import Turns
from shared.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

POLL = 0.25
"""Seconds between looks into the table; what a lost COMMIT answer left there waits no longer than this."""
FLUSH = 0.05
"""Seconds between two moves of the stored cursor; after a crash at most this much is repeated."""
CLAIM = 1.0
"""Seconds between two tries to get the locks of feeds that another process holds."""


class Relay:
    """Publishes the feeds of one service. `run` does the work; the other methods may be called from anywhere in
    the loop."""

    def __init__(
        self,
        access: Access,
        open_session: Callable[[], Awaitable[Session]],
        feeds: Sequence[str],
        alarms: Alarms,
        name: str,
    ) -> None:
        self._access = access
        self.publisher = Publisher(access, f"{name}-relay")
        self._backlog = Backlog(alarms)
        self._open_session = open_session
        self._feeds = tuple(feeds)
        self._alarms = alarms
        self._name = name
        self._session: Session | None = None
        self._mine: dict[str, Cursor] = {}
        self._aside = Pauses()
        self._doubts = Doubts(Topics(access), alarms, lambda: self._wakeup.set())
        self._lost: dict[str, int] = {}
        """Epochs of the feeds that were ours when the last session ended before its time."""
        self._wakeup = asyncio.Event()
        self._look = True
        self._claimed_at = self._looked_at = self._flushed_at = 0.0
        self._turns = Turns()
        self.metrics: Metrics | None = None
        self.published = 0
        self.refused: str | None = None
        """Why this store must not speak; the service ends then."""

    # From the writers

    def publish(self, rows: Sequence[Row]) -> None:
        """Rows that were just committed. Never blocks; what does not fit into memory is read from the table."""
        if self._backlog.add(rows, self._mine):
            self._look = True
        if rows:
            self._wakeup.set()

    def wake(self) -> None:
        """A commit is in doubt, or somebody else wrote: look into the table."""
        self._look = True
        self._wakeup.set()

    def add(self, feeds: Sequence[str]) -> None:
        """Publish these as well from now on; those that it knows stay as they are."""
        self._feeds += tuple(feed for feed in feeds if feed not in self._feeds)
        self._claimed_at = 0.0
        self.wake()

    def holds(self, feed: str) -> bool:
        return feed in self._mine

    def state(self) -> dict[str, int]:
        """For `/status`: feeds held, feeds set aside, records published since the start."""
        return {"held": len(self._mine), "aside": len(self._aside.names), "published": self.published}

    def stuck_for(self) -> float:
        """Seconds for which something has waited to be published and nothing was, or the relay itself has not turned;
        0 where all is well."""
        return self._turns.stuck_for()

    # The work

    async def run(self, stopping: asyncio.Event) -> None:
        """Publish until `stopping` is set and nothing is left to send, or nothing moves any more."""
        pauses = delays()
        while True:
            try:
                if self._session is None:
                    self._session = await self._open_session()
                    await self._session.listen(self.wake)
                    await self._see_what_was_taken_over()
                await self._round()
                self._turns.turned(waits=not self._backlog.empty)
                pauses = delays()
                if stopping.is_set() and not self._pending():
                    break
                await self._rest()
            except asyncio.CancelledError:
                break
            except Exception as error:
                pause = next(pauses)
                log.warning("relay: again in %.1f s: %s: %s", pause, type(error).__name__, error)
                await self._let_go()
                if stopping.is_set():
                    break
                await asyncio.sleep(pause)
        await self._let_go(peacefully=True)

    async def _rest(self) -> None:
        if self._pending():
            return
        dirty = any(cursor.dirty for cursor in self._mine.values())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wakeup.wait(), FLUSH if dirty else POLL)
        self._wakeup.clear()

    def _pending(self) -> bool:
        return self._backlog.ready(self._mine, self._waiting)

    @property
    def _waiting(self) -> set[str]:
        """Feeds on which nothing is sent now: set aside after an error, or their log has yet to be looked at, or is
        not what it was."""
        return self._doubts.feeds | self._aside.names

    async def _round(self) -> None:
        assert self._session is not None
        now = time.monotonic()
        self._aside.look(now)
        if len(self._mine) < len(self._feeds) and now - self._claimed_at > CLAIM:
            self._claimed_at = now
            await self._claim()
        if self._look or now - self._looked_at > POLL:
            self._look, self._looked_at = False, now
            await self._look_into_table()
        await self._adopt(self._doubts.look(now, self._mine))
        rows, torn = await self._backlog.take(self._mine, self._waiting, self._session)
        for feed in torn:
            self._aside.failed(feed)
        if rows:
            await self._send(rows)
        if time.monotonic() - self._flushed_at > FLUSH:
            await self._flush()

    async def _see_what_was_taken_over(self) -> None:
        """After a session that ended before its time: feeds that another process holds since, or has held."""
        assert self._session is not None
        if not self._lost:
            return
        now = await self._session.cursors(list(self._lost))
        taken = sorted(feed for feed, stored in now.items() if stored.epoch > self._lost[feed])
        self._lost.clear()
        if taken:
            log.warning("relay: %d feeds were taken over while our session was over: %s, …", len(taken), taken[0])
            if self.metrics is not None:
                self.metrics.fenced("relay", len(taken))

    async def _claim(self) -> None:
        """Take the locks that are free; before writing, look whether Kafka knows more than the store."""
        assert self._session is not None
        taken = await self._session.claim(
            [feed for feed in self._feeds if feed not in self._mine and feed not in self._aside.names]
        )
        if not taken:
            return
        tops = await read_tops(self._access, f"{self._name}-relay", taken)
        findings = await self._session.judge(tops)
        topics = await self._doubts.first_look({feed: cursor for feed, cursor in taken.items() if feed in tops})
        heads = await self._session.heads(list(taken))
        self.publisher.forks = await self._session.generations()
        if findings:
            self.refused = explained(findings, self._name)
            self._alarms.raise_("restored", self.refused)
            raise ConnectionError("the store does not fit Kafka")
        for feed, cursor in taken.items():
            if feed not in tops:
                self._alarms.raise_(f"relay {feed}", f"{feed}: its topic cannot be read; what is said on it waits.")
                self._aside.failed(feed)
                await self._session.release(feed)
                continue
            self._alarms.clear(f"relay {feed}")
            self._mine[feed] = cursor
            if heads.get(feed, 0) > cursor.published:
                self._backlog.stands_in_table(feed)
        await self._adopt(topics)
        # Nothing is under way here. A producer refuses partitions that its topics were given since it last looked.
        await self.publisher.discard()
        log.info("relay: holds %d of %d feeds", len(self._mine), len(self._feeds))

    async def _look_into_table(self) -> None:
        assert self._session is not None
        await self._flush()
        heads, cursors = await self._session.heads(list(self._mine)), await self._session.cursors(list(self._mine))
        for feed, stored in cursors.items():
            cursor = self._mine[feed]
            if stored.epoch != cursor.epoch:
                raise ConnectionError(f"another process took {feed} over")
            if (stored.published, stored.topic_id, stored.begins) != (cursor.stored, cursor.topic_id, cursor.begins):
                log.warning("relay: the cursor of %s was set from %d to %d", feed, cursor.published, stored.published)
                self._mine[feed] = stored
                self._backlog.drop(feed)
                self._doubts.set_anew(feed)
            if heads.get(feed, 0) > self._mine[feed].published and not self._backlog.in_memory(feed):
                self._backlog.stands_in_table(feed)

    async def _adopt(self, topics: Mapping[str, str]) -> None:
        """Note on which topics these feeds are published."""
        if topics:
            assert self._session is not None
            await self._session.adopt(topics)
            for feed, topic_id in topics.items():
                self._mine[feed].topic_id = topic_id

    async def _send(self, rows: dict[str, list[Row]]) -> None:
        assert self._session is not None
        failed: dict[str, BaseException] = {}
        for feed, sent in (await self.publisher.send(rows, self._mine, self._session)).items():
            # What was acknowledged counts, whatever became of the rest: or a slow broker would get it again for ever.
            self._mine[feed].published += sent.acknowledged
            self.published += sent.acknowledged
            if sent.acknowledged:
                self._turns.published()
                if self.metrics is not None:
                    self.metrics.published(sent.acknowledged)
            if sent.wrong is not None:
                failed[feed] = sent.wrong
                continue
            self._aside.went_well(feed)
            self._alarms.clear(f"relay {feed}")
        if failed:
            await self.publisher.discard()
            for feed, wrong in failed.items():
                self._failed(feed, wrong)

    def _failed(self, feed: str, error: BaseException) -> None:
        self._backlog.again(feed)
        self._aside.failed(feed)
        self._doubts.failed(feed, self._mine[feed].known, error)
        if self.metrics is not None:
            self.metrics.publish_failed(type(error).__name__)
        self._alarms.raise_(
            f"relay {feed}", f"{feed}: publishing fails ({type(error).__name__}); the records wait in the outbox."
        )

    async def _flush(self) -> None:
        assert self._session is not None
        self._flushed_at = time.monotonic()
        dirty = {feed: cursor for feed, cursor in self._mine.items() if cursor.dirty}
        if dirty:
            for feed in await self._session.move(dirty):
                log.warning("relay: the cursor of %s is not where it was left", feed)
                self._look = True

    async def _let_go(self, *, peacefully: bool = False) -> None:
        """Give everything up: locks go with the session, what was not acknowledged is sent again by whoever comes
        next."""
        if peacefully:
            await self.publisher.stop()
        await self.publisher.discard()
        if self._session is not None:
            session, self._session = self._session, None
            if peacefully:
                try:
                    await session.move({feed: cursor for feed, cursor in self._mine.items() if cursor.dirty})
                except Exception as error:
                    log.warning("relay: the last cursors were not stored: %s", error)
            await session.close()
        if not peacefully:
            self._lost |= {feed: cursor.epoch for feed, cursor in self._mine.items()}
        self._doubts.forget()
        self._mine.clear()
        self._backlog.clear()
        self._claimed_at = 0.0
