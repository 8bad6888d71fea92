"""The four services as processes of their own on the run's broker and database, with topics of their own."""

import asyncio
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from deploy.local import ports
from deploy.local.home import CHECKOUT, SERVICES, Home, database_name
from shared.agreement import load
from shared.contracts.topics import topics
from shared.testing.waiting import until


@dataclass
class System:
    """The services of one prefix. `start` and `stop` are for fixtures, `kill` is for tests."""

    home: Home
    prefix: str = ""
    logs: Path = field(default_factory=Path)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    doors: dict[str, int] = field(default_factory=dict)
    stores: dict[str, Any] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._admin = AdminClient({**self.home.kafka_admin()})
        self._topics = topics(load().partners)

    async def start(self) -> None:
        self.logs = self.home.log / (self.prefix.rstrip(".") or "e2e")
        self.logs.mkdir(exist_ok=True)
        if self.prefix:
            self.doors = dict(zip(SERVICES, ports.choose(len(SERVICES), avoid=set()), strict=True))
        else:
            self.doors = {service: self.home.port(service) for service in SERVICES}
        for service in SERVICES:
            self.begin(service)
        await self.reconnect()
        await self.ready()

    async def reconnect(self) -> None:
        """Connections of the test's own to stores and broker; again after one of them was away."""
        self._admin = AdminClient({**self.home.kafka_admin()})
        for service in SERVICES:
            self.stores[service] = await asyncpg.connect(**self.home.admin_dsn(database_name(service, self.prefix)))

    async def stop(self) -> None:
        for store in self.stores.values():
            await store.close()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def begin(self, service: str) -> None:
        environment = {**os.environ, **self.home.service_environment(service, self.prefix)}
        environment[f"{service.upper()}_HTTP_PORT"] = str(self.doors[service])
        environment[f"{service.upper()}_KAFKA_SESSION_SECONDS"] = "2"
        if service == "notifier" and self.prefix:  # beside the system without one, which has the home's own port
            environment["NOTIFIER_PAGE_PORT"] = str(*ports.choose(1, avoid=set()))
        with open(self.logs / f"{service}.log", "ab") as log:
            self.processes[service] = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}"], env=environment, cwd=CHECKOUT, stderr=log, stdout=log
            )

    def kill(self, service: str) -> None:
        """SIGKILL; nothing of it runs any more when this returns."""
        self.processes[service].kill()
        self.processes[service].wait()

    async def ready(self, limit: float = 40.0) -> None:
        async def all_ready() -> bool:
            answers = [await asyncio.to_thread(self.is_ready, service) for service in SERVICES]
            return all(answers)

        await until(all_ready, limit=limit, what="the readiness of the four services")

    def is_ready(self, service: str) -> bool:
        """Whether it reads; a process that ended by itself is begun again, as its supervisor would."""
        if self.processes[service].poll() is not None:
            self.begin(service)
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.doors[service]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    async def unread(self, service: str) -> int:
        """How many records of its inputs the service has yet to consume."""
        inputs = [self.prefix + topic.name for topic in self._topics if service in topic.readers]
        (ends,) = await until(lambda: self._ends_or_none(inputs), what="the ends of the inputs")
        consumed = await self.stores[service].fetchval("SELECT coalesce(sum(next_offset), 0) FROM positions")
        return ends - int(consumed)

    async def _ends_or_none(self, topics: list[str]) -> tuple[int] | None:
        """None while the broker cannot say: for a moment after its restart it does not know its own leader epochs."""
        try:
            return (await asyncio.to_thread(self._ends, topics),)
        except KafkaException:
            self._admin = AdminClient({**self.home.kafka_admin()})
            return None

    def _ends(self, topics: list[str]) -> int:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent leaves this one without types
        wanted = {TopicPartition(topic, k): latest for topic in topics for k in self._partitions(topic)}
        return sum(future.result(10).offset for future in self._admin.list_offsets(wanted).values())

    def _partitions(self, topic: str) -> range:
        if topic not in self._counts:
            self._counts |= {name: len(t.partitions) for name, t in self._admin.list_topics(timeout=10).topics.items()}
        return range(self._counts[topic])
