"""One service alone on the real broker and store: the test is its upstream and reads what it says."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.home import Home
from shared.contracts.base import Event
from shared.feeds.numbers import EventIds, Layout
from shared.feeds.records import Numbering, numbered, record_of
from shared.feeds.runtime import Feeds
from shared.feeds.speech import Batch, Cause, Said, Work
from shared.feeds.subscriptions import Subscription
from shared.testing.running import running, settings_from
from shared.testing.waiting import until

PARTITIONS = 2
UPSTREAM = {"classifier": "intake", "referral": "classifier", "notifier": "referral"}


@dataclass
class Stage:
    home: Home
    prefix: str
    service: str
    producer: Any
    store: Any
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @asynccontextmanager
    async def run(self, *, failing: bool = False, **settings: str) -> AsyncIterator[Feeds[Any]]:
        """The service as its parts list has it. `failing`: each handler loses its connection once, after its work."""
        app = import_module(f"services.{self.service}.app")
        kind = next(
            value
            for name, value in vars(import_module(f"services.{self.service}.settings")).items()
            if name.lower() == f"{self.service}settings"
        )
        environment = self.home.service_environment(self.service, self.prefix)
        environment |= {f"{self.service.upper()}_{name.upper()}": value for name, value in settings.items()}
        service = app.service(settings_from(environment, kind))
        subscriptions: Sequence[Subscription] = service.subscriptions
        if failing:
            subscriptions = [replace(one, handler=_failing_once(one.handler)) for one in subscriptions]
        async with running(
            service.settings, self.service, subscriptions, service.context, timers=service.timers
        ) as feeds:
            yield feeds

    async def tell(self, *events: tuple[Event, str], again: bool = False, upstream: str | None = None) -> None:
        """Say events about firms as the upstream service would, or as another; `again` publishes the very same numbers
        once more."""
        layout = Layout(PARTITIONS, self.prefix, "g" * 32, upstream or UPSTREAM[self.service])
        ids = EventIds()
        before = dict(self.numbers)
        for event, firm_id in events:
            said = Cause(f"test-{sum(self.numbers.values())}").says(event, firm_id=firm_id)
            feed = layout.feed_of(said)
            self.numbers[feed] += 1
            record = record_of(said, ids.next(said), datetime.now(UTC), layout)
            topic, _, partition = feed.rpartition("/")
            await self.producer.send_and_wait(
                topic,
                record.value,
                key=record.key,
                partition=int(partition),
                headers=numbered(record, Numbering(self.numbers[feed], layout.generation)),
            )
        if again:
            self.numbers = defaultdict(int, before)
            await self.tell(*events, upstream=upstream)

    async def knock(self, partner: str, topic: str, kind: str, data: dict[str, Any], id: str) -> None:
        """Write to a partner's inbound topic as that partner would."""
        headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", id.encode()),
            ("ce_source", f"urn:{partner}".encode()),
            ("ce_type", kind.encode()),
        ]
        name = f"{self.prefix}partners.{partner}.{topic}.v1"
        await self.producer.send_and_wait(name, json.dumps(data).encode(), partition=0, headers=headers)

    async def consumed(self, wanted: int) -> dict[str, int]:
        """Wait until so many records are consumed; how they ended."""

        async def outcomes() -> dict[str, int] | None:
            row = await self.store.fetchrow(
                """SELECT coalesce(sum(next_offset), 0)::int AS consumed, sum(applied)::int AS applied,
                sum(repeated)::int AS repeated, sum(refused)::int AS refused, sum(held)::int AS held FROM positions"""
            )
            return dict(row) if row["consumed"] >= wanted else None

        ended = await until(outcomes, what=f"{wanted} records consumed by {self.service}")
        return {name: n for name, n in ended.items() if n and name != "consumed"}

    async def said(self, topic: str, wanted: int) -> list[tuple[str, Any]]:
        """Type and data of what lies on a topic once it holds at least so many records, in the order of its
        partitions."""
        name = self.prefix + topic
        partitions = [TopicPartition(name, k) for k in range(1 if topic.startswith("partners.") else PARTITIONS)]
        consumer = AIOKafkaConsumer(**self.home.kafka_client("admin"), auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign(partitions)
            records: list[Any] = []

            async def enough() -> bool:
                for some in (await consumer.getmany(timeout_ms=100)).values():
                    records.extend(some)
                return len(records) >= wanted and len(records) >= sum((await consumer.end_offsets(partitions)).values())

            await until(enough, what=f"{wanted} records on {topic}")
        finally:
            await consumer.stop()
        return [_told(record) for record in sorted(records, key=lambda one: (one.partition, one.offset))]


def _told(record: Any) -> tuple[str, Any]:
    kind = dict(record.headers).get("ce_type")
    document = msgspec.json.decode(record.value)
    return (kind.decode(), document) if kind is not None else (document["type"], document["data"])


def _failing_once(handler: Any) -> Any:
    failed = False

    async def fails(batch: Batch[Any], work: Work[Any]) -> list[Said]:
        nonlocal failed
        said: list[Said] = await handler(batch, work)
        if not failed:
            failed = True
            raise ConnectionResetError("after everything was written")
        return said

    return fails


async def open_producer(home: Home) -> Any:
    producer = AIOKafkaProducer(**home.kafka_client("admin"), enable_idempotence=True)
    await producer.start()
    return producer
