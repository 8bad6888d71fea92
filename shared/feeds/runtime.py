"""The parts of the runtime put together for one service: begun, told of each other, ended.

FastStream gives the subscription (see `consuming`), the life cycle and the ASGI door. From the raw batch to the commit
the code is ours.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Generic

from faststream.kafka import KafkaBroker

from shared.contracts.base import FirmId
from shared.feeds import store
from shared.feeds.alarms import Alarms
from shared.feeds.assignment import Assignment
from shared.feeds.batches import Transactions
from shared.feeds.clock import Clock
from shared.feeds.consuming import DRAIN, broker_for
from shared.feeds.failures import Outgrown
from shared.feeds.firing import Firing
from shared.feeds.housekeeping import JOURNAL_AHEAD_DAYS, Housekeeping
from shared.feeds.journal import Session
from shared.feeds.kafka import Access, Topics
from shared.feeds.lag import Lag
from shared.feeds.numbers import feeds_of, load_layout
from shared.feeds.reading import Reader
from shared.feeds.records import by_feed
from shared.feeds.relay import Relay
from shared.feeds.restored import refuse_if_restored
from shared.feeds.speech import C, Work
from shared.feeds.subscriptions import Subscription, sources_of
from shared.feeds.timers import When
from shared.feeds.traces import Traces
from shared.feeds.watchdog import Watchdog
from shared.feeds.watermarks import Watermarks
from shared.postgres.pool import Address, Connection, Pool, open_pool
from shared.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from shared.telemetry.spans import Tracing

log = logging.getLogger(__name__)


class Feeds(Generic[C]):
    """Everything that one process of a service needs to hear, decide and say."""

    def __init__(
        self,
        *,
        service: str,
        access: Access,
        address: Address,
        prefix: str,
        partners: Sequence[str],
        subscriptions: Sequence[Subscription],
        context: C,
        code_version: str,
        timers: Sequence[When[C]] = (),
        moved_clock: bool = False,
        session: float = 6.0,
        tracing: "Tracing | None" = None,
    ) -> None:
        self.service = service
        self.tracing = tracing
        self.metrics = Metrics(service)
        self.lag = Lag()
        self._session = session
        self.alarms = Alarms()
        self.stopping = asyncio.Event()
        self._access = access
        self._address = address
        self._prefix = prefix
        self._partners = tuple(partners)
        self._subscriptions = tuple(subscriptions)
        self._context = context
        self._code_version = code_version
        self._timers = tuple(timers)
        self.clock = Clock(moved=moved_clock)
        self._sources = sources_of(self._subscriptions, prefix, self._partners)
        self._tasks: list[asyncio.Task[None]] = []
        self._relay_stopping = asyncio.Event()
        self.started_at = time.monotonic()
        self.watchdog = Watchdog()

    def broker(self) -> KafkaBroker:
        """The FastStream broker with the service's one subscription. `start` must have run before it starts."""
        return broker_for(
            self,
            self._access,
            self.service,
            group=f"{self._prefix}{self.service}",
            topics=sorted(self._sources),
            session=self._session,
        )

    async def start(self) -> None:
        """Open the store and begin to relay. Raises what the database raises, or `Trouble` where it was never
        provisioned."""
        self.stuck: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.pool: Pool = await open_pool(self._address, application=self.service)
        async with self.pool.acquire() as connection:
            self.layout = await load_layout(connection, self.service, self._prefix)
            await connection.execute("SELECT make_outbox_days($1)", JOURNAL_AHEAD_DAYS)
        feeds = self._feeds()
        await refuse_if_restored(self.pool, self._access, self.layout, feeds)
        self.relay = Relay(
            self._access,
            lambda: Session.open(self._address, f"{self.service}-relay"),
            feeds,
            self.alarms,
            self.service,
        )
        self.transactions = Transactions(
            self.pool, self.layout, self._context, self._sources, self._code_version, self.clock
        )
        self.transactions.before_commit = self._tell_the_holder
        self.transactions.in_doubt, self.transactions.outgrown = self.relay.wake, self.learn_layout
        self.transactions.waits = self._tell_writing
        self.assignment = Assignment(
            self.pool, Topics(self._access), self.alarms, lambda topic: self._sources[topic].door is not None
        )
        self.reader = Reader(self.transactions, self.assignment, self.relay, self.alarms, self._sources, self.stopping)
        self._observe()
        self._relay_task = asyncio.create_task(self.relay.run(self._relay_stopping))
        housekeeping = Housekeeping(
            self.pool,
            self.assignment,
            self.reader,
            self.relay,
            self.watchdog,
            self.alarms,
            self.learn_layout,
            self.stuck,
        )
        for job in (self.assignment.run(), self.reader.hint(), housekeeping.run()):
            self._tasks.append(asyncio.create_task(job))
        if self._timers:
            self.firing = self._fires()
            self._firing_task = asyncio.create_task(self.firing.run(self.stopping))
            self._tasks.append(self._firing_task)

    @property
    def has_timers(self) -> bool:
        """Whether this service wants to be called at times; then `firing` is there once it has started."""
        return bool(self._timers)

    def _fires(self) -> Firing[C]:
        watermarks = Watermarks(self.pool, self.clock, self._prefix, self._bounds, Topics(self._access).ids)
        firing = Firing(
            self.pool,
            self.layout,
            self._context,
            self.clock,
            self._timers,
            watermarks,
            self.alarms,
            self._code_version,
        )
        firing.before_commit, firing.publish = self._tell_the_holder, self.relay.publish
        firing.in_doubt, firing.hears = self.relay.wake, self._hears
        firing.metrics = self.metrics
        firing.outgrown = self.learn_layout
        return firing

    def _feeds(self) -> list[str]:
        """Every feed that this service may write."""
        tables = (self._subscriptions, self._timers)
        says = tuple({event: None for table in tables for one in table for event in one.says})
        return feeds_of(says, self._partners, self.layout)

    async def learn_layout(self) -> None:
        """See whether the store has grown, and take its number of partitions over: for what is decided from now on, for
        the relay, which gets more feeds, and for the consumer, whose topics have more partitions. Never raises: who
        could not ask is refused its numbers, and asks again."""
        try:
            async with self.pool.acquire() as connection:
                partitions = (await load_layout(connection, self.service, self._prefix)).partitions
        except Exception as error:
            log.warning("cannot see whether the store has grown: %s: %s", type(error).__name__, error)
            return
        if partitions == self.layout.partitions:
            return
        log.info("the internal topics have %d partitions now, %d before", partitions, self.layout.partitions)
        self.layout = replace(self.layout, partitions=partitions)
        self.transactions.layout = self.layout
        if self._timers:
            self.firing.layout = self.layout
        self.relay.add(self._feeds())
        if self.assignment.consumer is not None:
            self.assignment.consumer.look_at_topics()

    async def _bounds(self, partitions: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], tuple[int, int]]:
        """First and next offset of partitions, whoever reads them. Raises where the broker does not answer."""
        if self.assignment.consumer is None:
            raise ConnectionError("there is no consumer yet")
        async with asyncio.timeout(10.0):
            return await self.assignment.consumer.bounds(partitions)

    async def _hears(self) -> bool:
        """Whether this process could hear: it has its partitions, and the broker answers it."""
        if not self.assignment.settled:
            return False
        await self._bounds([min(self.assignment.partitions, default=(min(self._sources), 0))])
        return True

    def _observe(self) -> None:
        """Let the parts count and, where that is wanted, trace."""
        self.transactions.metrics = self.relay.metrics = self.metrics
        self.transactions.source_of = self.source
        self.reader.lag = self.lag
        self.reader.gap_met = lambda topic: self.metrics.gap(self.source(topic))
        self.assignment.seen = lambda bounds: self.lag.reach(
            {key: end for key, (_, end) in bounds.items()}, time.monotonic()
        )
        if self.tracing is not None:
            traces = Traces(self.tracing, self.service, f"{self._prefix}{self.service}")
            self.transactions.traces = self.relay.publisher.traces = traces

    def source(self, topic: str) -> str:
        """A topic as figures name it: without the prefix."""
        return topic.removeprefix(self._prefix)

    async def drain(self) -> None:
        """Let the batch in flight end, publish what it said; after that nothing is begun any more."""
        self.stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN), self.assignment.busy:
                pass
        if self._timers:
            await asyncio.wait({self._firing_task}, timeout=DRAIN)

    async def stop(self) -> None:
        """The end: the relay sends what is committed, within its limit, and gives its locks back."""
        self._relay_stopping.set()
        await asyncio.wait({self._relay_task}, timeout=DRAIN)
        tasks = {self._relay_task, *self._tasks}
        for task in tasks:
            task.cancel()
        # With a limit: before Python 3.12 `wait_for` forgets a cancellation that comes together with its result.
        await asyncio.wait(tasks, timeout=2.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.pool.close(), 5.0)

    @asynccontextmanager
    async def work(self, firm_ids: Sequence[FirmId]) -> AsyncIterator[Work[C]]:
        """A transaction that no record causes, with the firms locked; what is said with `work.say` leaves with its
        commit."""
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                await store.lock_firms(connection, firm_ids)
                now = await self.clock.now(connection)
                work = Work(connection=connection, now=now, context=self._context, clock=self.clock)
                yield work
                layout = self.layout
                records = by_feed(work.said, now, layout)
                await self._tell_the_holder(connection, sorted(records))
                rows = await store.number(connection, layout, records)
        except BaseException as error:
            self.relay.wake()
            if isinstance(error, Outgrown):
                await self.learn_layout()
            raise
        self.relay.publish(rows)

    @property
    def relay_ended(self) -> bool:
        """The relay is a task for life; when it has ended before we stop, nothing is published any more."""
        return self._relay_task.done() and not self._relay_stopping.is_set()

    async def _tell_the_holder(self, connection: Connection, feeds: Sequence[str]) -> None:
        """Where another process relays a feed, wake it with the commit instead of at its next look."""
        if not all(self.relay.holds(feed) for feed in feeds):
            await connection.execute("SELECT pg_notify('outbox', '')")

    def _tell_writing(self, why: str | None) -> None:
        if why is None:
            self.alarms.clear("writing")
        else:
            self.alarms.raise_("writing", f"what is read cannot be written to the store ({why}); it is tried again.")
