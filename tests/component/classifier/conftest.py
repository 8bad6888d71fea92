"""The classifier on its real store and feed; upstream, under intake's name, somebody who says what the test wants."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic_settings import SettingsConfigDict

from deploy.local.home import Home, database_name
from services.classifier.app import service
from services.classifier.settings import ClassifierSettings
from shared.contracts.intake import FirmErased, FirmRegistered, FirmSucceeded
from shared.contracts.receipts import SubmissionHeld
from shared.feeds.runtime import Feeds
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import AtDoor, Letter
from shared.postgres.pool import Connection
from shared.settings import ServiceSettings
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.ground import ground

Told = FirmRegistered | FirmSucceeded | FirmErased


class IntakeSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True)


def read(letter: Letter, context: None) -> Told:
    line = json.loads(letter.value or b"")
    kind: type[Told] = {one.__name__: one for one in (FirmRegistered, FirmSucceeded, FirmErased)}[line["kind"]]
    return msgspec.convert(line["data"], kind, strict=False)


async def firm_of(connection: Connection, told: Sequence[Told]) -> list[str]:
    return [one.firm_id for one in told]


async def pass_on(told: Batch[Told], work: Work[None]) -> list[Said]:
    return [one.says(one.event) for one in told]


def held(record: Heard[Told | None]) -> Said:
    raise AssertionError(f"the test's own words are held: {record.event}")


UPSTREAM = (
    AtDoor(
        "partners.{partner}.firms.v1",
        read,
        firm_of,
        pass_on,
        held,
        says=(FirmRegistered, FirmSucceeded, FirmErased, SubmissionHeld),
    ),
)


@dataclass
class Bench:
    home: Home
    prefix: str
    producer: Any
    store: Any

    def upstream(self) -> AbstractAsyncContextManager[Feeds[Any]]:
        settings = settings_from(self.home.service_environment("intake", self.prefix), IntakeSettings)
        return running(settings, "intake", UPSTREAM, None)

    def classifier(self, agreement: Path | None = None) -> AbstractAsyncContextManager[Feeds[Any]]:
        environment = self.home.service_environment("classifier", self.prefix)
        if agreement is not None:
            environment["CLASSIFIER_AGREEMENT"] = str(agreement)
        settings = settings_from(environment, ClassifierSettings)
        assert isinstance(settings, ClassifierSettings)
        made = service(settings)
        return running(made.settings, made.name, made.subscriptions, made.context)

    async def tell(self, *told: Told) -> None:
        for one in told:
            line = msgspec.json.encode({"kind": type(one).__name__, "data": one})
            await self.producer.send_and_wait(f"{self.prefix}partners.cna.firms.v1", line, partition=0)

    async def heard(self, wanted: int) -> None:
        """Until the classifier has taken in so many events."""

        async def enough() -> bool:
            return bool(await self.store.fetchval("SELECT sum(applied + held) FROM positions") == wanted)

        await until(enough, limit=30.0, what=f"{wanted} events heard")

    async def said(self, wanted: int) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of all that the classifier has said, once there is so much of it."""

        async def enough() -> list[tuple[str, dict[str, Any]]] | None:
            found = await self._read()
            return found if len(found) >= wanted else None

        return await until(enough, limit=30.0, what=f"{wanted} events of the classifier") or []

    async def _read(self) -> list[tuple[str, dict[str, Any]]]:
        consumer = AIOKafkaConsumer(**self.home.kafka_client("admin"), auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = [TopicPartition(f"{self.prefix}classifier.assessments.v1", k) for k in range(2)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: dict[TopicPartition, list[Any]] = {tp: [] for tp in partitions}
            while any(len(records[tp]) < ends[tp] for tp in partitions):
                for tp, some in (await consumer.getmany(timeout_ms=200)).items():
                    records[tp] += some
        finally:
            await consumer.stop()
        told = [json.loads(record.value) for tp in partitions for record in records[tp]]
        return [(one["type"], one["data"]) for one in told]


@pytest_asyncio.fixture(loop_scope="session")
async def bench(home: Home) -> AsyncIterator[Bench]:
    async with ground(home, stores=("intake", "classifier")) as prefix:
        producer = AIOKafkaProducer(**home.kafka_client("admin"), enable_idempotence=True)
        await producer.start()
        store = await asyncpg.connect(**home.admin_dsn(database_name("classifier", prefix)))
        yield Bench(home, prefix, producer, store)
        await producer.stop()
        await store.close()
