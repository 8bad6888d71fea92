"""The one seam to the Kafka clients: aiokafka for what flows, confluent's admin client for what aiokafka does not know.

aiokafka carries no types, so this is the only module that imports it without them; the rest of the house sees the
protocols and functions below.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as Partition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from shared.feeds import tolerance
from shared.feeds.logs import Log
from shared.feeds.records import Arrived, Headers, Packed

tolerance.install()

T = TypeVar("T")
METADATA_AGE = 5_000
"""Milliseconds after which clients ask anew which topics there are: one that was made again is seen no sooner."""
BATCH = 256 << 10
"""Bytes of a batch as we fill it, and what one partition gives before the next has its turn (DECISIONS 75): as much as
the longest record. A larger batch of a partner's comes when its partition is asked first."""
REQUEST = 4 << 20
"""Bytes of all batches that go to the broker at once."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a service reaches the broker: SCRAM over the internal listener."""

    bootstrap: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Access({self.username}@{self.bootstrap})"

    def aiokafka(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }

    def librdkafka(self) -> dict[str, str | int | float | bool]:
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.username,
            "sasl.password": self.password,
        }


class Producer:
    """An idempotent producer that is thrown away at the first error (after one, its sequence has a hole)."""

    def __init__(self, access: Access, name: str) -> None:
        self._producer = AIOKafkaProducer(
            **access.aiokafka(),
            client_id=name,
            enable_idempotence=True,
            max_batch_size=BATCH,
            max_request_size=REQUEST,
            linger_ms=0,
            request_timeout_ms=10_000,
            metadata_max_age_ms=METADATA_AGE,
        )

    async def start(self, limit: float = 10.0) -> None:
        try:
            await asyncio.wait_for(self._producer.start(), limit)
        except BaseException:
            await self.discard()
            raise

    async def send(
        self, topic: str, partition: int, records: Iterable[tuple[Packed, Headers]]
    ) -> list[tuple[int, "asyncio.Future[Any]"]]:
        """Hand over records of one partition in order; for each batch, how many they are and a future that is done when
        the broker has them on disk."""
        sent = []
        batch, n = self._producer.create_batch(), 0
        for record, headers in records:
            if batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
                batch.close()
                sent.append((n, await self._producer.send_batch(batch, topic, partition=partition)))
                batch, n = self._producer.create_batch(), 0
                if batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
                    raise ValueError(f"a record of {len(record.value)} bytes fits into no batch")
            n += 1
        batch.close()
        sent.append((n, await self._producer.send_batch(batch, topic, partition=partition)))
        return sent

    async def discard(self) -> None:
        """Close without waiting for what is under way. `stop()` alone would leave the sender alive, and it would still
        write when the link comes back."""
        for close in (self._producer._sender.close, self._producer.client.close):
            with contextlib.suppress(Exception):
                await asyncio.wait_for(close(), 2.0)
        self._producer._closed = True

    async def stop(self) -> None:
        """Close in peace; falls back to discarding when the broker does not answer."""
        try:
            await asyncio.wait_for(self._producer.stop(), 5.0)
        except Exception:
            await self.discard()


async def last_records(
    access: Access, name: str, partitions: Sequence[tuple[str, int]], n: int = 500, limit: float = 6.0
) -> dict[tuple[str, int], list[Arrived]]:
    """The last records of each partition that holds any, up to `n`. Raises `ConnectionError` when nobody answers."""
    consumer = AIOKafkaConsumer(
        **access.aiokafka(), client_id=name, enable_auto_commit=False, auto_offset_reset="none", fetch_max_wait_ms=50
    )
    found: dict[tuple[str, int], list[Arrived]] = {}
    try:
        async with asyncio.timeout(limit):
            try:
                await consumer.start()
            except KafkaConnectionError as error:
                raise ConnectionError("Kafka does not answer") from error
            wanted = [TopicPartition(topic, partition) for topic, partition in partitions]
            # Assigned before they are asked for, so that the client learns of all topics at once: one that it does not
            # know costs a tenth of a second each, more than a second for a service that speaks to every partner.
            consumer.assign(wanted)
            for tp in wanted:
                consumer.seek(tp, 0)  # a position, so that the client does not look for one; never used
            consumer.pause(*wanted)
            begins, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
            missing = {tp for tp in wanted if ends[tp] > begins[tp]}
            consumer.assign(list(missing))
            for tp in missing:
                consumer.seek(tp, max(begins[tp], ends[tp] - n))
            while missing:
                for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                    found.setdefault((tp.topic, tp.partition), []).extend(records)
                    if records[-1].offset >= ends[tp] - 1:
                        missing.discard(tp)
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(consumer.stop(), 5.0)
    return found


@dataclass(frozen=True, slots=True)
class Stretch:
    """A partition from some offset to its end: what the log still has begins at `begin`, `end` comes next."""

    begin: int
    end: int
    records: list[Arrived]


async def read_logs(
    access: Access,
    name: str,
    partitions: Sequence[tuple[str, int]],
    start: Callable[[tuple[str, int], int, int], int],
    limit: float = 30.0,
) -> dict[tuple[str, int], Stretch]:
    """Each partition from where `start(partition, begin, end)` says to its end as it is now.

    Raises `ConnectionError` when nobody answers, or nothing comes for `limit` seconds though there is more.
    """
    consumer = AIOKafkaConsumer(
        **access.aiokafka(), client_id=name, enable_auto_commit=False, auto_offset_reset="none", fetch_max_wait_ms=50
    )
    try:
        async with asyncio.timeout(limit):
            try:
                await consumer.start()
            except KafkaConnectionError as error:
                raise ConnectionError("Kafka does not answer") from error
            wanted = [TopicPartition(*partition) for partition in partitions]
            consumer.assign(wanted)
            for tp in wanted:
                consumer.seek(tp, 0)
            consumer.pause(*wanted)
            begins, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
        logs = {(tp.topic, tp.partition): Stretch(begins[tp], ends[tp], []) for tp in wanted}
        starts = {tp: max(begins[tp], start((tp.topic, tp.partition), begins[tp], ends[tp])) for tp in wanted}
        missing = {tp for tp in wanted if starts[tp] < ends[tp]}
        consumer.assign(list(missing))
        for tp in missing:
            consumer.seek(tp, starts[tp])
        while missing:
            async with asyncio.timeout(limit):
                while not (fetched := await consumer.getmany(timeout_ms=200)):
                    pass
            for tp, records in fetched.items():
                log = logs[tp.topic, tp.partition]
                log.records.extend(record for record in records if record.offset < log.end)
                if records[-1].offset >= log.end - 1:
                    missing.discard(tp)
    except TimeoutError as error:
        raise ConnectionError("Kafka gave nothing though its topics hold more") from error
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(consumer.stop(), 5.0)
    return logs


class Topics:
    """What only the broker knows of topics: their ids, and how far their logs reach."""

    def __init__(self, access: Access) -> None:
        self._admin = AdminClient(
            {
                **access.librdkafka(),
                "socket.timeout.ms": 10_000,
                "reconnect.backoff.max.ms": 1_000,  # a broker that is back is asked at once
                "log_level": 0,
            }
        )

    async def ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The id of each of these topics that exists. Raises confluent's `KafkaException` when nobody answers."""
        return await in_thread(lambda: topic_ids(self._admin, topics))

    async def logs(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Log]:
        """Those of these partitions that exist. Raises as `ids`."""
        wanted = list(partitions)
        return await in_thread(lambda: partition_logs(self._admin, wanted))

    async def partitions(self, topics: Iterable[str]) -> dict[str, int]:
        """How many partitions each of these topics has that exists. Raises as `ids`."""
        wanted = sorted(set(topics))

        def ask() -> dict[str, int]:
            futures = self._admin.describe_topics(TopicCollection(wanted), request_timeout=10)
            found = {topic: _if_there(future) for topic, future in futures.items()}
            return {topic: len(one.partitions) for topic, one in found.items() if one is not None}

        return await in_thread(ask)


def topic_ids(admin: AdminClient, topics: Iterable[str]) -> dict[str, str]:
    """The id of each of these topics that exists. Raises confluent's `KafkaException` when nobody answers."""
    wanted = sorted(set(topics))
    futures = admin.describe_topics(TopicCollection(wanted), request_timeout=10) if wanted else {}
    found = {topic: _if_there(future) for topic, future in futures.items()}
    return {topic: str(one.topic_id) for topic, one in found.items() if one is not None}


def partition_logs(admin: AdminClient, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Log]:
    """How far the log of each of these partitions reaches, if it exists. Raises as `topic_ids`."""
    wanted = set(partitions)
    ids = topic_ids(admin, {topic for topic, _ in wanted})
    there = [key for key in wanted if key[0] in ids]
    bounds: list[dict[tuple[str, int], Any]] = []
    for which in (OffsetSpec.earliest(), OffsetSpec.latest()):  # type: ignore[no-untyped-call]  # confluent's have none
        asked = admin.list_offsets({Partition(*key): which for key in there}, request_timeout=10) if there else {}
        bounds.append({(tp.topic, tp.partition): _if_there(future) for tp, future in asked.items()})
    begins, ends = bounds
    return {key: Log(ids[key[0]], begins[key].offset, ends[key].offset) for key in there if begins[key] and ends[key]}


_ABSENT = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)


def _if_there(future: Any) -> Any:
    try:
        return future.result(12)
    except KafkaException as error:
        if error.args[0].code() in _ABSENT:
            return None
        raise


async def in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, partial(work))


class Consumer:
    """The few calls on FastStream's consumer that are ours to make: where to read, and what to tell lag tools."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def assigned(self) -> set[tuple[str, int]]:
        return {(tp.topic, tp.partition) for tp in self._consumer.assignment()}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self._consumer.seek(TopicPartition(topic, partition), offset)

    def pause(self, topic: str, partition: int) -> None:
        self._consumer.pause(TopicPartition(topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        self._consumer.resume(TopicPartition(topic, partition))

    def look_at_topics(self) -> None:
        """Learn now of partitions that topics were given, and not when the client next looks by itself; whoever leads
        the group then deals them out."""
        self._consumer._client.force_metadata_update()

    async def bounds(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, int]]:
        """First offset that the log still has, and the offset after its last record."""
        wanted = [TopicPartition(topic, partition) for topic, partition in partitions]
        begins, ends = await self._consumer.beginning_offsets(wanted), await self._consumer.end_offsets(wanted)
        return {(tp.topic, tp.partition): (begins[tp], ends[tp]) for tp in wanted}

    async def hint(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit to the group, for tools that show lag; nobody else reads it."""
        mine = self.assigned()
        await self._consumer.commit({TopicPartition(*key): offset for key, offset in offsets.items() if key in mine})
