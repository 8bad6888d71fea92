"""A desk at intake's real door: partners write to their topics, their receipts are read, the store is looked into."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.home import Home, database_name
from services.intake.app import service
from services.intake.settings import IntakeSettings
from shared.contracts.submitted import SUBMITTED
from shared.feeds.runtime import Feeds
from shared.testing.builders import headers, submitted
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.ground import ground

SEEN = "2026-01-02T08:00:00Z"
"""A time that lies before the test, whenever it runs: the real door knows what is in the future."""


def seen(firm: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    """Data of `firm.submitted`, observed before the test."""
    return submitted(firm, **{"observed_at": SEEN} | data)


Headers = Sequence[tuple[str, bytes | None]]


@dataclass
class Desk:
    home: Home
    prefix: str
    producer: Any
    store: Any

    def intake(self) -> AbstractAsyncContextManager[Feeds[Any]]:
        """One replica of intake as it runs for partners."""
        settings = settings_from(self.home.service_environment("intake", self.prefix), IntakeSettings)
        assert isinstance(settings, IntakeSettings)
        made = service(settings)
        return running(made.settings, made.name, made.subscriptions, made.context)

    async def send(self, partner: str, value: bytes | None, with_headers: Headers) -> int:
        """Write a record as it is; gives its offset when the broker has it."""
        topic = f"{self.prefix}partners.{partner}.firms.v1"
        sent = await self.producer.send_and_wait(topic, value, key=b"free", headers=list(with_headers), partition=0)
        return int(sent.offset)

    async def say(self, partner: str, data: Any, kind: str = SUBMITTED, *, id: str = "e-1") -> int:
        return await self.send(partner, json.dumps(data).encode(), headers(kind, id=id))

    async def receipts(self, partner: str, wanted: int) -> list[dict[str, Any]]:
        """The partner's receipts, once there are at least this many; `answer` is the last word of each one's type."""

        async def enough() -> list[dict[str, Any]] | None:
            found = await self._read(f"partners.{partner}.receipts.v1")
            return found if len(found) >= wanted else None

        return await until(enough, limit=30.0, what=f"{wanted} receipts of {partner}") or []

    async def said(self) -> list[dict[str, Any]]:
        """What intake has said to our own services, partition by partition."""
        return [one["data"] | {"type": one["type"]} for one in await self._read("intake.firms.v1")]

    async def outcomes(self) -> dict[str, int]:
        """How the records of all doors ended, and how many were consumed."""
        row = await self.store.fetchrow(
            """SELECT sum(applied)::int AS applied, sum(repeated)::int AS repeated, sum(refused)::int AS refused,
            sum(held)::int AS held, sum(next_offset - first_offset)::int AS consumed FROM positions"""
        )
        return dict(row)

    async def _read(self, topic: str) -> list[dict[str, Any]]:
        consumer = AIOKafkaConsumer(**self.home.kafka_client("admin"), auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = [TopicPartition(self.prefix + topic, k) for k in range(2 if "partners." not in topic else 1)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: dict[TopicPartition, list[Any]] = {tp: [] for tp in partitions}
            while any(len(records[tp]) < ends[tp] for tp in partitions):
                for tp, some in (await consumer.getmany(timeout_ms=200)).items():
                    records[tp] += some
        finally:
            await consumer.stop()
        return [_told(record) for tp in partitions for record in records[tp]]


def _told(record: Any) -> dict[str, Any]:
    attributes = {name: (value or b"").decode() for name, value in record.headers}
    told: dict[str, Any] = json.loads(record.value)
    if "ce_type" in attributes:
        told["answer"] = attributes["ce_type"].split(".")[-2]
    return told


@pytest_asyncio.fixture(loop_scope="session")
async def desk(home: Home) -> AsyncIterator[Desk]:
    async with ground(home, stores=("intake",)) as prefix:
        producer = AIOKafkaProducer(**home.kafka_client("admin"), enable_idempotence=True, max_request_size=1 << 20)
        await producer.start()
        store = await asyncpg.connect(**home.admin_dsn(database_name("intake", prefix)))
        yield Desk(home, prefix, producer, store)
        await producer.stop()
        await store.close()
