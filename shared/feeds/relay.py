"""From the outbox to Kafka, each feed in order, by one process at a time.

A relay holds the advisory lock of each feed that it publishes, on a session of its own, and with it an epoch; it
sends in the order of numbers, waits for the acknowledgements and moves the cursor. What was just committed it takes
from memory when it is the very next, everything else from the table. So a crash at any point can only repeat a
suffix, which readers drop.

The unit of failure is the feed: one that fails is set aside and tried again, the others go on. After any error of
sending, the producer is thrown away and the feed is resent from its cursor.

A log that is not what was published on it gets nothing more (see `logs`): it is looked at when a feed is taken, every
few seconds, and before anything is sent again after an error; and each acknowledgement tells where its records stand.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from shared.feeds.alarms import Alarms
from shared.feeds.doubts import Displaced, Doubts
from shared.feeds.failures import delays
from shared.feeds.journal import Cursor, Session
from shared.feeds.kafka import Access, Producer, Topics
from shared.feeds.numbers import split_feed
from shared.feeds.records import Headers, Numbering, Packed, numbered
from shared.feeds.restored import explained, read_tops
from shared.feeds.store import Row
from shared.feeds.traces import Traces
from shared.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

POLL = 0.25
"""Seconds between looks into the table; what a lost COMMIT answer left there waits no longer than this."""
FLUSH = 0.05
"""Seconds between two moves of the stored cursor; after a crash at most this much is repeated."""
CLAIM = 1.0
"""Seconds between two tries to get the locks of feeds that another process holds."""
WINDOW = 64
"""Rows of a feed that are sent before their acknowledgements are waited for."""
ANSWER = 15.0
"""Seconds that a sending may take before it is given up and sent again from the cursor."""
IDLE = 2.0
"""Seconds that a turn of the relay may take without being called standing still."""
BACKLOG = 64
"""Rows of a feed kept in memory; the rest is in the table anyway."""


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
        self._open_session = open_session
        self._feeds = tuple(feeds)
        self._alarms = alarms
        self._name = name
        self._session: Session | None = None
        self._producer: Producer | None = None
        self._mine: dict[str, Cursor] = {}
        self._fresh: dict[str, deque[Row]] = {}
        self._aside: dict[str, float] = {}
        self._pauses = {feed: delays() for feed in feeds}
        self._doubts = Doubts(Topics(access), alarms, lambda: self._wakeup.set())
        self._behind: set[str] = set()
        self._forks: dict[str, Mapping[str, int]] = {}
        self._lost: dict[str, int] = {}
        """Epochs of the feeds that were ours when the last session ended before its time."""
        self._wakeup = asyncio.Event()
        self._look = True
        self._claimed_at = self._looked_at = self._flushed_at = 0.0
        self._waits_since: float | None = None
        self._turned_at = time.monotonic()
        self.metrics: Metrics | None = None
        self.traces: Traces | None = None
        self.published = 0
        self.refused: str | None = None
        """Why this store must not speak; the service ends then."""

    # From the writers

    def publish(self, rows: Sequence[Row]) -> None:
        """Rows that were just committed. Never blocks; what does not fit into memory is read from the table."""
        for row in rows:
            if row.feed not in self._mine:
                continue  # whoever holds it was told with the commit
            queue = self._fresh.setdefault(row.feed, deque())
            if row.feed in self._behind or len(queue) >= BACKLOG:
                self._look = True  # the table has it; a broker that is away must not fill our memory
            else:
                queue.append(row)
        if rows:
            self._wakeup.set()

    def wake(self) -> None:
        """A commit is in doubt, or somebody else wrote: look into the table."""
        self._look = True
        self._wakeup.set()

    def add(self, feeds: Sequence[str]) -> None:
        """Publish these as well from now on; those that it knows stay as they are."""
        new = tuple(feed for feed in feeds if feed not in self._pauses)
        self._feeds += new
        self._pauses |= {feed: delays() for feed in new}
        self._claimed_at = 0.0
        self.wake()

    def holds(self, feed: str) -> bool:
        return feed in self._mine

    def state(self) -> dict[str, int]:
        """For `/status`: feeds held, feeds set aside, records published since the start."""
        return {"held": len(self._mine), "aside": len(self._aside), "published": self.published}

    def stuck_for(self) -> float:
        """Seconds for which something has waited to be published and nothing was, or the relay itself has not turned;
        0 where all is well."""
        now = time.monotonic()
        waits = 0.0 if self._waits_since is None else now - self._waits_since
        turned = now - self._turned_at
        return max(waits, turned if turned > IDLE else 0.0)

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
                self._turned_at = time.monotonic()
                if not any(self._fresh.values()) and not self._behind:
                    self._waits_since = None
                elif self._waits_since is None:
                    self._waits_since = self._turned_at
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
        waits = self._waiting
        return any(self._fresh.get(feed) for feed in self._mine if feed not in waits) or bool(self._behind - waits)

    @property
    def _waiting(self) -> set[str]:
        """Feeds on which nothing is sent now: set aside after an error, or their log has yet to be looked at, or is
        not what it was."""
        return self._aside.keys() | self._doubts.feeds

    async def _round(self) -> None:
        assert self._session is not None
        now = time.monotonic()
        self._aside = {feed: until for feed, until in self._aside.items() if until > now}
        if len(self._mine) < len(self._feeds) and now - self._claimed_at > CLAIM:
            self._claimed_at = now
            await self._claim()
        if self._look or now - self._looked_at > POLL:
            self._look, self._looked_at = False, now
            await self._look_into_table()
        await self._adopt(self._doubts.look(now, self._mine))
        rows = await self._next_rows()
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
            [feed for feed in self._feeds if feed not in self._mine and feed not in self._aside]
        )
        if not taken:
            return
        tops = await read_tops(self._access, f"{self._name}-relay", taken)
        findings = await self._session.judge(tops)
        topics = await self._doubts.first_look({feed: cursor for feed, cursor in taken.items() if feed in tops})
        heads = await self._session.heads(list(taken))
        self._forks = await self._session.generations()
        if findings:
            self.refused = explained(findings, self._name)
            self._alarms.raise_("restored", self.refused)
            raise ConnectionError("the store does not fit Kafka")
        for feed, cursor in taken.items():
            if feed not in tops:
                self._alarms.raise_(f"relay {feed}", f"{feed}: its topic cannot be read; what is said on it waits.")
                self._set_aside(feed)
                await self._session.release(feed)
                continue
            self._alarms.clear(f"relay {feed}")
            self._mine[feed] = cursor
            if heads.get(feed, 0) > cursor.published:
                self._behind.add(feed)
        await self._adopt(topics)
        # Nothing is under way here. A producer refuses partitions that its topics were given since it last looked.
        await self._throw_away_producer()
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
                self._fresh.pop(feed, None)
                self._doubts.set_anew(feed)
            if heads.get(feed, 0) > self._mine[feed].published and not self._fresh.get(feed):
                self._behind.add(feed)

    async def _adopt(self, topics: Mapping[str, str]) -> None:
        """Note on which topics these feeds are published."""
        if topics:
            assert self._session is not None
            await self._session.adopt(topics)
            for feed, topic_id in topics.items():
                self._mine[feed].topic_id = topic_id

    async def _next_rows(self) -> dict[str, list[Row]]:
        assert self._session is not None
        rows: dict[str, list[Row]] = {}
        waits = self._waiting
        for feed, queue in self._fresh.items():
            if feed in waits or feed in self._behind:
                continue
            expected = self._mine[feed].published + 1
            while queue and len(rows.get(feed, ())) < WINDOW:
                if queue[0].first > expected:
                    self._behind.add(feed)
                    break
                row = queue.popleft()
                if row.last >= expected:
                    rows.setdefault(feed, []).append(row)
                    expected = row.last + 1
        wanted = {feed: self._mine[feed].published for feed in self._behind - waits - rows.keys()}
        if wanted:
            found: dict[str, list[Row]] = {}
            for row in await self._session.read(wanted):
                found.setdefault(row.feed, []).append(row)
            for feed, published in wanted.items():
                self._take_from_table(feed, published, found.get(feed, []), rows)
        return rows

    def _take_from_table(self, feed: str, published: int, found: list[Row], rows: dict[str, list[Row]]) -> None:
        if not found:
            self._behind.discard(feed)
            return
        expected = published + 1
        for row in found:
            if row.first > expected:
                break
            rows.setdefault(feed, []).append(row)
            expected = row.last + 1
        if feed in rows:
            self._alarms.clear(f"journal {feed}")
        else:
            self._alarms.raise_(
                f"journal {feed}",
                f"{feed}: number {published + 1} is not in the journal, {found[0].first} is: it was deleted.",
            )
            self._set_aside(feed)

    async def _send(self, rows: dict[str, list[Row]]) -> None:
        assert self._session is not None
        await self._session.still_ours()
        try:
            if self._producer is None:
                producer = Producer(self._access, f"{self._name}-relay")
                await producer.start()
                self._producer = producer
        except Exception as error:
            self._failed(list(rows), error)
            return
        producer = self._producer
        assert producer is not None
        began = time.time_ns()
        failed: dict[str, BaseException] = {}
        sent: dict[str, list[tuple[int, asyncio.Future[Any]]]] = {}

        async def hand_over(feed: str) -> None:
            """Feeds beside each other: one whose topic is not there must not keep the others waiting."""
            try:
                async with asyncio.timeout(ANSWER):
                    sent[feed] = await producer.send(*split_feed(feed), self._records(feed, rows[feed]))
            except Exception as refused:
                failed[feed] = refused

        await self._session.while_ours(asyncio.gather(*[hand_over(feed) for feed in rows]))
        futures = [future for some in sent.values() for _, future in some]
        if futures:
            await self._session.while_ours(asyncio.wait(futures, timeout=ANSWER))
        for feed, acknowledgements in sent.items():
            # What was acknowledged counts, whatever became of the rest: or a slow broker would get it again for ever.
            cursor = self._mine[feed]
            acknowledged, wrong = _prefix(acknowledgements, cursor.published + 1 - cursor.begins)
            if self.traces is not None:
                self.traces.published(feed, rows[feed], cursor.published, acknowledged, began)
            cursor.published += acknowledged
            self.published += acknowledged
            if acknowledged:
                self._waits_since = None
                if self.metrics is not None:
                    self.metrics.published(acknowledged)
            if wrong is not None:
                failed[feed] = wrong
                continue
            self._pauses[feed] = delays()
            self._alarms.clear(f"relay {feed}")
        if failed:
            await self._throw_away_producer()
            for feed, wrong in failed.items():
                self._failed([feed], wrong)

    def _records(self, feed: str, rows: Sequence[Row]) -> Iterator[tuple[Packed, Headers]]:
        """The records after the cursor with their numbers; the first row may have been published in part."""
        published = self._mine[feed].published
        for row in rows:
            fork = self._forks.get(row.generation, {}).get(feed)
            for sequence, record in enumerate(row.records, row.first):
                if sequence > published:
                    begins = fork is not None and sequence == fork + 1
                    yield record, numbered(record, Numbering(sequence, row.generation, fork if begins else None))

    def _failed(self, feeds: Sequence[str], error: BaseException) -> None:
        for feed in feeds:
            self._behind.add(feed)
            self._fresh.pop(feed, None)
            self._set_aside(feed)
            self._doubts.failed(feed, self._mine[feed].known, error)
            if self.metrics is not None:
                self.metrics.publish_failed(type(error).__name__)
            self._alarms.raise_(
                f"relay {feed}", f"{feed}: publishing fails ({type(error).__name__}); the records wait in the outbox."
            )

    def _set_aside(self, feed: str) -> None:
        self._aside[feed] = time.monotonic() + next(self._pauses[feed])

    async def _flush(self) -> None:
        assert self._session is not None
        self._flushed_at = time.monotonic()
        dirty = {feed: cursor for feed, cursor in self._mine.items() if cursor.dirty}
        if dirty:
            for feed in await self._session.move(dirty):
                log.warning("relay: the cursor of %s is not where it was left", feed)
                self._look = True

    async def _throw_away_producer(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.discard()

    async def _let_go(self, *, peacefully: bool = False) -> None:
        """Give everything up: locks go with the session, what was not acknowledged is sent again by whoever comes
        next."""
        if peacefully and self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()
        await self._throw_away_producer()
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
        self._fresh.clear()
        self._behind.clear()
        self._claimed_at = 0.0


def _prefix(batches: Sequence[tuple[int, "asyncio.Future[Any]"]], least: int) -> tuple[int, BaseException | None]:
    """How many records are acknowledged without a hole, and what happened to the first that is not. `least`: the first
    of them can stand at this offset or later."""
    acknowledged = 0
    for n, future in batches:
        if not future.done():
            future.cancel()
            return acknowledged, TimeoutError("no acknowledgement")
        if future.cancelled():
            return acknowledged, TimeoutError("cancelled")
        if error := future.exception():
            return acknowledged, error
        if 0 <= future.result().offset < least + acknowledged:
            return acknowledged, Displaced()
        acknowledged += n
    return acknowledged, None
