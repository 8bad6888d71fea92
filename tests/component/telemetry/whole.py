"""The four services of the house inside the test, on the real broker and stores, with every span in memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiosmtpd.controller import Controller
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.local.home import SERVICES, Home, database_name
from deploy.local.ports import choose
from shared.contracts.submitted import SUBMITTED
from shared.feeds.runtime import Feeds
from shared.service import Service
from shared.telemetry.spans import Tracing
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.component.services.stage import open_producer
from tests.ground import ground


class Sink:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.mails = 0

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        self.mails += 1
        return "250 taken"


@dataclass
class Whole:
    home: Home
    prefix: str
    producer: Any
    traced: bool = True
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    sink: Sink = field(default_factory=Sink)
    feeds: dict[str, Feeds[Any]] = field(default_factory=dict)
    services: dict[str, Service[Any]] = field(default_factory=dict)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """The services as their parts lists have them, with their errands."""
        with self._mail_server() as port:
            async with AsyncExitStack() as stack:
                for name in SERVICES:
                    service = self.services[name] = self._service(name, port)
                    feeds = await stack.enter_async_context(
                        running(service.settings, name, service.subscriptions, service.context, self._tracing(name))
                    )
                    self.feeds[name] = feeds
                    for errand in service.errands:
                        await stack.enter_async_context(_going(errand, feeds))
                yield

    def _service(self, name: str, smtp: int) -> Service[Any]:
        app = import_module(f"services.{name}.app")
        settings = import_module(f"services.{name}.settings")
        kind = getattr(settings, f"{name.capitalize()}Settings")
        environment = self.home.service_environment(name, self.prefix)
        if name == "notifier":
            environment["NOTIFIER_SMTP_PORT"] = str(smtp)
        service: Service[Any] = app.service(settings_from(environment, kind))
        return replace(service)

    def _tracing(self, name: str) -> Tracing | None:
        return Tracing(name, "test", (SimpleSpanProcessor(self.spans),), None) if self.traced else None

    @contextmanager
    def _mail_server(self) -> Iterator[int]:
        (port,) = choose(1, avoid=set())
        controller = Controller(self.sink, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield port
        finally:
            controller.stop()

    async def knock(
        self, partner: str, data: Any, id: str, *, topic: str = "firms", kind: str = SUBMITTED, traceparent: str = ""
    ) -> None:
        """Write to a partner's inbound topic as that partner would."""
        headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", id.encode()),
            ("ce_source", f"urn:{partner}".encode()),
            ("ce_type", kind.encode()),
        ]
        if traceparent:
            headers.append(("traceparent", traceparent.encode()))
        value = data if isinstance(data, bytes) else json.dumps(data).encode()
        await self.producer.send_and_wait(
            f"{self.prefix}partners.{partner}.{topic}.v1", value, partition=0, headers=headers
        )

    async def told(self, partner: str, wanted: int, topic: str = "referrals") -> list[Any]:
        """The records on a partner's outbound topic, once there are so many."""
        consumer = AIOKafkaConsumer(**self.home.kafka_client("admin"), auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(f"{self.prefix}partners.{partner}.{topic}.v1", 0)])
            records: list[Any] = []

            async def enough() -> bool:
                for some in (await consumer.getmany(timeout_ms=100)).values():
                    records.extend(some)
                return len(records) >= wanted

            await until(enough, what=f"{wanted} records for {partner}")
            return records
        finally:
            await consumer.stop()

    async def seen(self, service: str, name: str, wanted: int = 1) -> list[ReadableSpan]:
        """Finished spans of this service and name, once there are so many."""

        async def enough() -> list[ReadableSpan] | None:
            found = [span for span in self.finished() if (service_of(span), span.name) == (service, name)]
            return found if len(found) >= wanted else None

        return await until(enough, what=f"{wanted} spans {name} of {service}")

    def finished(self) -> tuple[ReadableSpan, ...]:
        return self.spans.get_finished_spans()

    @asynccontextmanager
    async def store(self, service: str) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(**self.home.admin_dsn(database_name(service, self.prefix)))
        try:
            yield connection
        finally:
            await connection.close()


def service_of(span: ReadableSpan) -> str:
    return str(span.resource.attributes["service.name"])


@asynccontextmanager
async def _going(errand: Any, feeds: Feeds[Any]) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(errand(feeds, stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait({task}, timeout=5.0)
        task.cancel()


@asynccontextmanager
async def a_whole(home: Home) -> AsyncIterator[Whole]:
    """Provisioned under a prefix of its own, two partitions."""
    async with ground(home) as prefix:
        producer = await open_producer(home)
        yield Whole(home, prefix, producer)
        await producer.stop()
