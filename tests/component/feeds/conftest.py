"""A stage for the toy services: topics, databases, a way to write at the door, and a way to look into the stores."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.home import Home, database_name
from shared.feeds.runtime import Feeds
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.component.feeds import toy
from tests.ground import ground


@dataclass
class Stage:
    home: Home
    prefix: str
    producer: Any
    stores: dict[str, Any]

    async def write(self, *lines: str, partner: str = "cna") -> None:
        for line in lines:
            await self.producer.send_and_wait(f"{self.prefix}partners.{partner}.firms.v1", line.encode(), partition=0)

    async def flood(self, partner: str, lines: Sequence[str]) -> None:
        """As `write`, many at once."""
        topic = f"{self.prefix}partners.{partner}.firms.v1"
        sent = [await self.producer.send(topic, line.encode(), partition=0) for line in lines]
        await asyncio.gather(*sent)

    def run(self, service: str, context: toy.Toy | None = None) -> AbstractAsyncContextManager[Feeds[Any]]:
        kind = toy.IntakeSettings if service == "intake" else toy.ClassifierSettings
        settings = settings_from(self.home.service_environment(service, self.prefix), kind)
        return running(settings, service, toy.WRITER if service == "intake" else toy.READER, context or toy.Toy())

    async def numbers(self, service: str) -> list[int]:
        return [row["n"] for row in await self.stores[service].fetch("SELECT n FROM effects ORDER BY id")]

    async def count(self, service: str, wanted: int, limit: float = 20.0) -> None:
        async def reached() -> bool:
            return bool(await self.stores[service].fetchval("SELECT count(*) FROM effects") >= wanted)

        await until(reached, limit=limit, what=f"{wanted} effects in {service}")

    async def read(self, topic: str) -> list[Any]:
        """All records of a topic as they lie in Kafka, partition by partition."""
        consumer = AIOKafkaConsumer(**self.home.kafka_client("admin"), auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = [TopicPartition(self.prefix + topic, k) for k in range(2 if "partners." not in topic else 1)]
            consumer.assign(partitions)
            begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
            records: dict[TopicPartition, list[Any]] = {tp: [] for tp in partitions}
            while any(
                not records[tp] or records[tp][-1].offset + 1 < ends[tp] for tp in partitions if begins[tp] < ends[tp]
            ):
                for tp, some in (await consumer.getmany(timeout_ms=500)).items():
                    records[tp] += some
            return [record for tp in partitions for record in records[tp]]
        finally:
            await consumer.stop()


def firm() -> str:
    return str(uuid.uuid4())


@pytest_asyncio.fixture(loop_scope="session")
async def stage(home: Home) -> AsyncIterator[Stage]:
    async with ground(home, stores=("intake", "classifier")) as prefix:
        await toy.make_tables(home, prefix)
        producer = AIOKafkaProducer(**home.kafka_client("admin"), enable_idempotence=True, max_request_size=4 << 20)
        await producer.start()
        stores = {
            service: await asyncpg.connect(**home.admin_dsn(database_name(service, prefix)))
            for service in ("intake", "classifier")
        }
        yield Stage(home, prefix, producer, stores)
        await producer.stop()
        for connection in stores.values():
            await connection.close()
