"""One transaction per batch: sift, lock, decide, store, number, move the position, commit.

A failure that would come again condemns one record and not its batch: the batch is halved until the culprit stands
alone, and that one is held, in the same transaction that moves the position over it. Every other failure passes: the
same batch is tried again, with growing, jittered pauses, for as long as it takes.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic

from shared.feeds import breaker, store
from shared.feeds.clock import Clock
from shared.feeds.failures import Outgrown, Permanent, delays, told
from shared.feeds.handling import Handling
from shared.feeds.numbers import Layout, Partition
from shared.feeds.opening import Opened, Opening, place_of
from shared.feeds.records import Arrived, Packed, by_feed, traceparent_of
from shared.feeds.sifting import Gap, Position, sift_door, sift_feed
from shared.feeds.speech import C, Outcome, Work
from shared.feeds.subscriptions import AtDoor, Source
from shared.feeds.traces import BatchTrace, Traces
from shared.postgres.pool import Connection, Pool
from shared.telemetry.logs import about, under_way
from shared.telemetry.metrics import Metrics

log = logging.getLogger(__name__)
PATIENCE = 4
"""Tries of a batch, which is about a second, before a person is told that it does not go through."""
Groups = Mapping[Partition, Sequence[Arrived]]


@dataclass(slots=True)
class Done:
    """What a committed batch leaves: rows for the relay, new positions, gaps that it had to stop at."""

    rows: list[store.Row] = field(default_factory=list)
    positions: dict[Partition, Position] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    outcomes: dict[str, Counter[Outcome]] = field(default_factory=dict)
    """By topic, how the consumed records ended."""
    broken: set[Partition] = field(default_factory=set)
    """Partitions of which too many records failed: what comes next in them was left."""
    late: set[Partition] = field(default_factory=set)
    """Partitions of which somebody had consumed records already that came with this batch."""

    @property
    def consumed(self) -> int:
        return sum(counts.total() for counts in self.outcomes.values())


class Transactions(Generic[C]):
    """Applies batches to the store of one service."""

    def __init__(
        self,
        pool: Pool,
        layout: Layout,
        context: C,
        sources: Mapping[str, Source[C]],
        code_version: str,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._pool = pool
        self.layout = layout
        self._context = context
        self._sources = sources
        self._code_version = code_version
        self._opening = Opening(sources, context, self.clock)
        self._handling = Handling(sources, code_version)
        self.before_commit: Callable[[Connection, Sequence[str]], Awaitable[None]] | None = None
        self.in_doubt: Callable[[], None] = lambda: None
        self.outgrown: Callable[[], Awaitable[None]] = _unheeded
        self.waits: Callable[[str | None], None] = lambda why: None
        """Told why batches do not go through, once one has failed a few times, and None when one does again."""
        self.metrics: Metrics | None = None
        self.traces: Traces | None = None
        self.source_of: Callable[[str], str] = lambda topic: topic
        self._trace: BatchTrace | None = None

    async def apply(self, groups: Groups, resumed: frozenset[Partition], stopping: asyncio.Event) -> Done | None:
        """Apply the records, however often it takes. None when the service stops before it went through.

        `resumed` are partitions in which a missing number was waited for and has come: their records begin with it.
        What was passed over meanwhile comes again under later offsets, so these copies count as repeats.
        """
        if self.traces is None:
            return await self._persist(groups, resumed, stopping)
        self._trace = self.traces.batch(sum(map(len, groups.values())))
        token = under_way.set(self._trace.traceparent if self._trace else None)
        try:
            return await self._persist(groups, resumed, stopping)
        finally:
            under_way.reset(token)
            if self._trace:
                self._trace.close()
            self._trace = None

    async def _persist(self, groups: Groups, resumed: frozenset[Partition], stopping: asyncio.Event) -> Done | None:
        began = time.monotonic()
        pauses = delays()
        tries = 0
        while not stopping.is_set():
            try:
                done = await self._divide(groups, resumed)
                self.waits(None)
                if self.metrics:
                    outcomes = {self.source_of(topic): counts for topic, counts in done.outcomes.items()}
                    self.metrics.batch(outcomes, time.monotonic() - began)
                    self.metrics.fenced("reader", len(done.late))
                return done
            except Exception as error:
                self.in_doubt()
                if isinstance(error, Outgrown):
                    await self.outgrown()
                tries += 1
                if tries >= PATIENCE:
                    self.waits(f"{type(error).__name__}: {told(error)}")
                pause = next(pauses)
                log.warning("batch failed, trying again in %.1f s: %s: %s", pause, type(error).__name__, told(error))
                if self.metrics:
                    self.metrics.failed(type(error).__name__, pause)
                if self._trace:
                    self._trace.failed(error)
                try:
                    await asyncio.wait_for(stopping.wait(), pause)
                except TimeoutError:
                    continue
        return None

    async def _divide(self, groups: Groups, resumed: frozenset[Partition]) -> Done:
        try:
            return await self._transact(groups, resumed)
        except Permanent as failure:
            records = [record for key in sorted(groups) for record in groups[key]]
            if len(records) == 1:
                trace = about(traceparent_of(records[0].headers))
                log.error("record held: %s: %s", place_of(records[0]), failure, extra=trace)
                return await self._hold_alone(groups, resumed, failure)
        half = len(records) // 2
        front = _grouped(records[:half])
        done = await self._divide(front, resumed)
        back = {key: some for key, some in _grouped(records[half:]).items() if key not in done.broken}
        if not back:
            return done
        rest = await self._divide(back, resumed - front.keys())
        done.rows += rest.rows
        done.positions |= rest.positions
        done.gaps = done.gaps + rest.gaps
        done.broken |= rest.broken
        done.late |= rest.late
        for topic, counts in rest.outcomes.items():
            done.outcomes.setdefault(topic, Counter()).update(counts)
        return done

    async def _hold_alone(self, groups: Groups, resumed: frozenset[Partition], failure: Permanent) -> Done:
        """Set one record aside. Where even finding its firm or saying the provisional answer fails, without either: a
        record must never be able to stop the others by failing twice."""
        try:
            return await self._transact(groups, resumed, culprit=failure)
        except Permanent as again:
            log.error("held without firm and answer: %s", again)
            return await self._transact(groups, resumed, culprit=failure, bare=True)

    async def _transact(
        self,
        groups: Groups,
        resumed: frozenset[Partition],
        culprit: Permanent | None = None,
        bare: bool = False,
    ) -> Done:
        done = Done()
        async with self._pool.acquire() as connection, connection.transaction():
            positions, now = await store.lock_positions(connection, list(groups))
            await self.clock.learn(connection)
            now = self._moment(now)
            counts: dict[Partition, Counter[Outcome]] = {}
            fresh: list[tuple[Position, Arrived]] = []
            for key in sorted(groups):
                if key not in positions:
                    continue
                before = positions[key]
                if groups[key][0].offset < before.next_offset:
                    done.late.add(key)
                skipped = groups[key][0].offset - before.next_offset if key in resumed else 0
                if skipped > 0:
                    before = replace(before, next_offset=groups[key][0].offset)
                sifted = (sift_door if self._sources[key[0]].door else sift_feed)(before, groups[key])
                done.positions[key] = sifted.position
                counts[key] = Counter({Outcome.REPEATED: sifted.repeated + max(skipped, 0)})
                fresh += [(before, record) for record in sifted.fresh]
                if sifted.gap:
                    done.gaps.append(sifted.gap)
            opened, unread = (
                ([], [(record, None) for _, record in fresh]) if bare else self._opening.open(fresh, culprit)
            )
            if self._trace:
                self._begin_spans(self._trace, opened)
            work: Work[C] = Work(connection=connection, now=now, context=self._context, clock=self.clock)
            said = await self._handling.decide(work, opened, unread, counts, culprit)
            said = [] if bare else said
            if self._trace:
                await self._trace.join(connection, said)
            # Once: where it is learnt anew meanwhile, these records were still spread by the old one.
            layout = self.layout
            records = by_feed(said, now, layout)
            if self.before_commit and records:
                await self.before_commit(connection, sorted(records))
            moved = [(position, counts[key]) for key, position in done.positions.items() if position != positions[key]]
            await store.move_positions(connection, moved)
            if culprit is not None:
                done.broken = await breaker.broken(connection, list(done.positions))
            done.rows = await self._number(connection, layout, records)
        for (topic, _), counter in counts.items():
            done.outcomes.setdefault(topic, Counter()).update(counter)
        if self._trace:
            firms = {one.heard.cause.id: one.heard.firm_id for one in opened}
            self._trace.end(work.outcomes, unread, type(culprit).__name__ if culprit else None, firms)
        return done

    def _moment(self, now: datetime) -> datetime:
        """When one decides: `now` (the database's) as the house tells the time."""
        return self.clock.told(now)

    async def _number(
        self, connection: Connection, layout: Layout, records: Mapping[str, list[Packed]]
    ) -> list[store.Row]:
        """Number what is said; the last thing that a transaction does."""
        return await store.number(connection, layout, records)

    def _begin_spans(self, trace: BatchTrace, opened: Sequence[Opened[C]]) -> None:
        doors = [one.subscription.topic if isinstance(one.subscription, AtDoor) else None for one in opened]
        heard = trace.begin([(one.heard, one.record, door) for one, door in zip(opened, doors, strict=True)])
        for one, traced in zip(opened, heard, strict=True):
            one.heard = traced


async def _unheeded() -> None:
    """A transaction that is begun once does not learn the layout anew."""


def _grouped(records: Sequence[Arrived]) -> dict[Partition, list[Arrived]]:
    groups: dict[Partition, list[Arrived]] = {}
    for record in records:
        groups.setdefault((record.topic, record.partition), []).append(record)
    return groups
