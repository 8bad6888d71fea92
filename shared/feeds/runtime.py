"""The parts of the runtime put together for one service.

FastStream declares the subscription (one consumer for all topics of the service, in batches, acknowledgement by hand,
with a parser that passes raw records on), the life cycle and the ASGI door. From the raw batch to the commit the code
is ours.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic

from aiokafka import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.security import SASLScram512

from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds import recovered, store
from shared.feeds.alarms import Alarms
from shared.feeds.assignment import Assignment
from shared.feeds.batches import Transactions
from shared.feeds.clock import Clock
from shared.feeds.failures import Outgrown
from shared.feeds.firing import Firing
from shared.feeds.journal import Session
from shared.feeds.kafka import METADATA_AGE, Access, Consumer, Topics
from shared.feeds.lag import Lag
from shared.feeds.numbers import feeds_of, load_layout
from shared.feeds.reading import Reader
from shared.feeds.records import Arrived, by_feed
from shared.feeds.relay import Relay
from shared.feeds.restored import explained, judge, read_tops
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

MOST = 500
"""Records of a batch: below a hundred the round trips cost more than the records, beyond this little is gained."""
DRAIN = 10.0
"""Seconds that the end of a service waits for the batch and the sendings in flight."""
KEEP_DAYS = 7
JOURNAL_AHEAD_DAYS = 3


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
        host = self._access.bootstrap.split(",")
        broker = KafkaBroker(
            host,
            security=SASLScram512(self._access.username, self._access.password, use_ssl=False),
            client_id=self.service,
            allow_auto_create_topics=False,
            consumer_only=True,
            metadata_max_age_ms=METADATA_AGE,
            graceful_timeout=DRAIN,
            apply_types=False,
            # Its loop restarts by itself when a poll fails; without a logger nobody would ever know.
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
        )
        listener = _Listener(self)
        subscriber = broker.subscriber(
            *sorted(self._sources),
            group_id=f"{self._prefix}{self.service}",
            batch=True,
            max_records=MOST,
            batch_timeout_ms=10,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="none",
            no_reply=True,
            parser=_as_it_is,
            decoder=_undecoded,
            listener=listener,
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=1 << 20,
            session_timeout_ms=int(self._session * 1000),
            heartbeat_interval_ms=int(self._session * 1000 / 6),
            rebalance_timeout_ms=15_000,
            max_poll_interval_ms=600_000,
        )
        listener.subscriber = subscriber

        @subscriber
        async def receive(records: Any) -> None:  # FastStream makes a model of the annotation, even unused
            await self.reader.receive(records)

        return broker

    async def start(self) -> None:
        """Open the store and begin to relay. Raises what the database raises, or `Trouble` where it was never
        provisioned."""
        self.stuck: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.pool: Pool = await open_pool(self._address, application=self.service)
        async with self.pool.acquire() as connection:
            self.layout = await load_layout(connection, self.service, self._prefix)
            await connection.execute("SELECT make_outbox_days($1)", JOURNAL_AHEAD_DAYS)
        feeds = self._feeds()
        await self._refuse_if_restored(feeds)
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
        for job in (self.assignment.run(), self.reader.hint(), self._keep_house()):
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

    async def _refuse_if_restored(self, feeds: Sequence[str]) -> None:
        """Before anything is heard: a store that goes on deciding would give out numbers that Kafka has already."""
        tops = await read_tops(self._access, f"{self.service}-start", feeds)
        async with self.pool.acquire() as connection:
            findings = await judge(connection, tops)
            under_way = await recovered.under_way(connection)
            now = await load_layout(connection, self.service, self._prefix)
        if findings:
            raise Trouble(explained(findings, self.service))
        if under_way is not None:
            told = "the store is being brought forward; nothing is heard or said until that has come to its end"
            raise Trouble(f"{told}: give `portolano recover {self.service}` (again, where it was interrupted)")
        if now != self.layout:
            raise Trouble("the store was brought forward while this process began: it begins again")

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

    async def _keep_house(self) -> None:
        """Every few seconds see whether reading goes on; every hour make and drop days of the journal."""
        house_kept_at = time.monotonic()
        while True:
            await asyncio.sleep(3.0)
            await self.learn_layout()
            try:
                await self._watch_progress()
            except Exception as error:
                log.warning("cannot see whether reading goes on: %s: %s", type(error).__name__, error)
            try:
                if time.monotonic() - house_kept_at > 3600:
                    house_kept_at = time.monotonic()
                    await self.pool.execute(
                        "SELECT make_outbox_days($1), drop_outbox_days($2)", JOURNAL_AHEAD_DAYS, KEEP_DAYS
                    )
            except Exception as error:
                log.warning("house keeping: again later: %s: %s", type(error).__name__, error)

    def _tell_writing(self, why: str | None) -> None:
        if why is None:
            self.alarms.clear("writing")
        else:
            self.alarms.raise_("writing", f"what is read cannot be written to the store ({why}); it is tried again.")

    @contextmanager
    def _answering(self, part: str, name: str) -> Iterator[None]:
        """Around a question to a part of the system: an alarm while it gets no answer."""
        try:
            yield
        except Exception as error:
            self.alarms.raise_(part, f"{name} does not answer ({type(error).__name__}); it is asked again.")
            raise
        self.alarms.clear(part)

    async def _watch_progress(self) -> None:
        """See that database and broker answer, and end the process when its consumer is stuck: `stuck` gets the
        reason."""
        with self._answering("database", "PostgreSQL"):
            await self.pool.fetchval("SELECT 1", timeout=5.0)
        if self.relay.refused is not None and not self.stuck.done():
            self.stuck.set_result(self.relay.refused)
        if self.assignment.busy.locked():
            # A batch under way may take as long as the database is away; that is waiting, not standing still.
            self.watchdog.rest()
            return
        try:
            with self._answering("broker", "Kafka"):
                async with asyncio.timeout(10.0):
                    unread = await self.assignment.check()
        except Exception:
            self.watchdog.rest()
            raise
        waiting = {key: offset for key, offset in unread.items() if not self.reader.scans(key)}
        reason = self.watchdog.look(waiting, self.reader.progressed_at)
        if reason is not None and not self.stuck.done():
            log.error("the consumer is stuck: %s", reason)
            self.stuck.set_result(reason)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's callbacks, handed on."""

    def __init__(self, feeds: Feeds[Any]) -> None:
        self._feeds = feeds
        self.subscriber: Any = None

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        await self._feeds.assignment.revoked(DRAIN)

    async def on_partitions_assigned(self, assigned: set[Any]) -> None:
        # A coroutine, although it waits for nothing: FastStream runs plain functions in a thread, and meanwhile the
        # client would ask the group for offsets that are not there.
        partitions = {(tp.topic, tp.partition) for tp in assigned}
        self._feeds.assignment.consumer = Consumer(self.subscriber.consumer)
        self._feeds.reader.forget(partitions)
        self._feeds.assignment.assigned(partitions)


async def _as_it_is(records: Sequence[Arrived]) -> KafkaMessage:
    """A parser that cannot fail: FastStream's own decodes headers, and skips the whole batch when one is not text."""
    return KafkaMessage(tuple(records), b"", headers={}, message_id="-", correlation_id="-", consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message
