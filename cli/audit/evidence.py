"""What the auditor looks at. Stores are read in one snapshot each, topics as they lie in Kafka; nothing is written."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import asyncpg
import msgspec
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from deploy.local.home import Home, database_name
from shared.errors import Unreachable
from shared.feeds.records import Packed, unpack
from shared.postgres.pool import Connection, prepare

PATIENCE = 60.0
"""Seconds without a single record before the topics are given up as unreadable."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it lies in Kafka. `number` is None where it has none (partners' inbound topics)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    number: int | None
    generation: str | None

    def attribute(self, name: str) -> str:
        """A CloudEvents attribute, whichever mode carries it; empty where there is none."""
        for header, value in self.headers:
            if header == f"ce_{name}" and value is not None:
                return value.decode("utf-8", "replace")
        document = self.document()
        found = document.get(name, "") if isinstance(document, dict) else ""
        return str(found)

    def document(self) -> Any:
        """The value as JSON; None where it is none."""
        try:
            return msgspec.json.decode(self.value or b"")
        except msgspec.DecodeError:
            return None

    def data(self) -> Any:
        """The event's data, whichever mode carries it."""
        document = self.document()
        if any(name == "ce_type" for name, _ in self.headers):
            return document
        return document.get("data") if isinstance(document, dict) else None


@dataclass(slots=True)
class Log:
    """What Kafka holds of one partition, from its first offset to the one that comes next; of a door no records."""

    begin: int
    end: int
    records: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JournalRow:
    feed: str
    first: int
    n: int
    generation: str
    said_at: datetime
    records: list[Packed] | None

    @property
    def last(self) -> int:
        return self.first + self.n - 1


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """How often a topic was made again and accepted, and up to which offset those before it had been read at most."""

    times: int = 0
    read: int = 0


@dataclass(slots=True)
class Store:
    """A snapshot of one service's store. `tables` are the service's own, a list of rows each."""

    service: str
    taken_at: datetime
    positions: dict[tuple[str, int], asyncpg.Record]
    heads: dict[str, int]
    published: dict[str, int]
    generations: list[str]
    journal: dict[str, list[JournalRow]]
    held: list[asyncpg.Record]
    firms_held: dict[str, int]
    tables: dict[str, list[asyncpg.Record]]
    growths: list[dict[str, int]]
    """The last number of each feed before its topic was given more partitions, for each time that it was."""
    made_again: dict[str, MadeAgain] = field(default_factory=dict)
    """Topics that a person has accepted in the place of others under the same name."""


_MADE_AGAIN = """SELECT topic, count(DISTINCT id)::int AS times, max((one.value ->> 'was')::bigint) AS read
FROM feed_orders, jsonb_each(changed) AS one
WHERE kind = 'accept' AND one.value ->> 'another_topic' = 'true' GROUP BY topic"""


@asynccontextmanager
async def _snapshot(home: Home, database: str) -> AsyncIterator[Connection]:
    if not home.is_made:
        raise Unreachable("PostgreSQL is not running: start the system with `portolano up`")
    try:
        connection: Connection = await asyncpg.connect(**home.admin_dsn(database), timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise Unreachable(
            f"PostgreSQL does not answer for {database}: see `portolano status`, start with `portolano up`"
        ) from error
    try:
        await prepare(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


async def read_store(home: Home, service: str, prefix: str, tables: Sequence[str]) -> Store:
    """One snapshot of a store, all of it as of one moment."""
    async with _snapshot(home, database_name(service, prefix)) as connection:
        journal: dict[str, list[JournalRow]] = {}
        for row in await connection.fetch(
            "SELECT feed, first, n, generation, said_at, body FROM outbox ORDER BY feed, first, day"
        ):
            journal.setdefault(row["feed"], []).append(
                JournalRow(
                    row["feed"], row["first"], row["n"], row["generation"], row["said_at"], _unpacked(row["body"])
                )
            )
        return Store(
            service=service,
            taken_at=await connection.fetchval("SELECT now()"),
            positions={(r["topic"], r["partition"]): r for r in await connection.fetch("SELECT * FROM positions")},
            heads={r["feed"]: r["sequence"] for r in await connection.fetch("SELECT * FROM feeds")},
            published={r["feed"]: r["published"] for r in await connection.fetch("SELECT * FROM relayed")},
            generations=[r["generation"] for r in await connection.fetch("SELECT * FROM generations ORDER BY number")],
            journal=journal,
            held=await connection.fetch("SELECT * FROM held ORDER BY id"),
            firms_held={r["firm_id"]: r["held"] for r in await connection.fetch("SELECT * FROM firms WHERE held > 0")},
            tables={table: await connection.fetch(f'SELECT * FROM "{table}"') for table in tables},
            growths=[r["heads"] for r in await connection.fetch("SELECT heads FROM growths ORDER BY partitions")],
            made_again={r["topic"]: MadeAgain(r["times"], r["read"]) for r in await connection.fetch(_MADE_AGAIN)},
        )


def _unpacked(body: bytes) -> list[Packed] | None:
    try:
        return unpack(body)
    except Exception:
        return None


async def read_topics(home: Home, topics: Iterable[str], doors: Iterable[str] = ()) -> dict[tuple[str, int], Log]:
    """Every record that Kafka holds on these topics up to this moment; of `doors` only where they begin and end.

    What partners write has no meaning for the audit, and its records may lie at other offsets than the broker gave out,
    as far as this client reads them.
    """
    wanted, bounded = set(topics), set(doors)
    return await asyncio.get_running_loop().run_in_executor(None, lambda: _read_topics(home, wanted, bounded))


def _read_topics(home: Home, topics: set[str], doors: set[str]) -> dict[tuple[str, int], Log]:
    consumer = Consumer(
        {
            **home.kafka_admin(),
            "group.id": "portolano-audit",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 0,
            "fetch.wait.max.ms": 20,
            "socket.timeout.ms": 10_000,
        }
    )
    try:
        logs = {}
        for topic, metadata in consumer.list_topics(timeout=10).topics.items():
            if topic in topics | doors:
                for partition in metadata.partitions:
                    begin, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                    logs[topic, partition] = Log(begin, end)
        missing = {key for key, log in logs.items() if log.end > log.begin and key[0] in topics}
        consumer.assign([TopicPartition(*key, logs[key].begin) for key in missing])
        for record in _records(consumer) if missing else ():
            key = (record.topic, record.partition)
            if record.offset < logs[key].end:
                logs[key].records.append(record)
            if record.offset >= logs[key].end - 1:
                missing.discard(key)
            if not missing:
                break
        return logs
    except KafkaException as error:
        raise Unreachable(
            f"Kafka does not answer ({error.args[0].str()}): is the system up? `portolano status`"
        ) from error
    finally:
        consumer.close()


def _records(consumer: Consumer) -> Iterator[Record]:
    """What the consumer reads; the caller knows when to stop."""
    heard_at = time.monotonic()
    while True:
        messages = consumer.consume(5000, timeout=0.5)
        if messages:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > PATIENCE:
            raise Unreachable(f"Kafka gave nothing for {PATIENCE:.0f} s although its topics hold more.")
        for message in messages:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            # confluent declares headers looser than they are: names are text, values bytes or nothing.
            headers: tuple[tuple[str, bytes | None], ...] = tuple(_pairs(message))
            numbers = {name: value for name, value in headers if name in ("ce_sequence", "ce_generation") and value}
            yield Record(
                message.topic() or "",
                message.partition() or 0,
                message.offset() or 0,
                message.timestamp()[1],
                message.key(),
                message.value(),
                headers,
                int(numbers["ce_sequence"]) if "ce_sequence" in numbers else None,
                numbers["ce_generation"].decode() if "ce_generation" in numbers else None,
            )


def _pairs(message: Message) -> list[tuple[str, bytes | None]]:
    return cast(list[tuple[str, bytes | None]], message.headers() or [])
