"""Looking at a system from outside: how long reading stood still, and how much memory its processes hold."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psutil
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from deploy.local.home import SERVICES, database_name
from shared.agreement import load
from shared.contracts.topics import topics
from tests.e2e.system import System

EVERY = 0.05
"""Seconds between two looks, beside what a look takes."""
Partition = tuple[str, int]


@dataclass(frozen=True, slots=True, order=True)
class Stall:
    """The longest time, in seconds, for which a position with unread input was seen not to move; where that was."""

    seconds: float = 0.0
    where: str = "nowhere"
    topic: str = ""
    offset: int = 0


@dataclass
class Watch:
    """Looks until it is ended. A position that two looks found the same, with input before it both times, stood still
    in between: what is told is never longer than what was."""

    system: System
    longest: Stall = field(default_factory=Stall)
    ends: dict[Partition, int] = field(default_factory=dict)
    _since: dict[tuple[str, Partition], tuple[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._admin = AdminClient({**self.system.home.kafka_admin(), "log_level": 0})
        declared, prefix = topics(load().partners), self.system.prefix
        self._inputs = {name: {prefix + one.name for one in declared if name in one.readers} for name in SERVICES}
        listed = self._admin.list_topics(timeout=20).topics
        self._partitions = [(name, k) for name in set().union(*self._inputs.values()) for k in listed[name].partitions]

    def begin(self) -> None:
        """Forget what was seen until now."""
        self.longest = Stall()
        self._since.clear()

    async def run(self, stores: dict[str, Any]) -> None:
        while True:
            self.ends = await asyncio.to_thread(self._ends)
            for service, store in stores.items():
                rows = await store.fetch("SELECT topic, partition, next_offset FROM positions")
                self._look(service, {(row["topic"], row["partition"]): row["next_offset"] for row in rows})
            await asyncio.sleep(EVERY)  # the pace of looking

    def _look(self, service: str, at: dict[Partition, int]) -> None:
        now = time.monotonic()
        for place, end in self.ends.items():
            if place[0] not in self._inputs[service]:
                continue
            key, position = (service, place), at.get(place, 0)
            if position >= end:
                self._since.pop(key, None)
            elif key not in self._since or self._since[key][0] != position:
                self._since[key] = position, now
            else:
                stood = now - self._since[key][1]
                self.longest = max(
                    self.longest, Stall(stood, f"{service} at {place[0]}/{place[1]}", place[0], position)
                )

    def _ends(self) -> dict[Partition, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent leaves this one without types
        wanted = {TopicPartition(*place): latest for place in self._partitions}
        found = self._admin.list_offsets(wanted, request_timeout=20)
        return {(one.topic, one.partition): future.result(25).offset for one, future in found.items()}


@asynccontextmanager
async def watching(system: System) -> AsyncIterator[Watch]:
    """A watch that runs as long as the block, over connections of its own."""
    watch = Watch(system)
    stores = {
        name: await asyncpg.connect(**system.home.admin_dsn(database_name(name, system.prefix))) for name in SERVICES
    }
    task = asyncio.create_task(watch.run(stores))
    try:
        yield watch
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for store in stores.values():
            await store.close()


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a service as it is now. `begun` is in seconds since 1970, `memory` its resident set in MiB."""

    pid: int
    begun: float
    memory: float


def processes(system: System) -> dict[str, Process]:
    """Each service's, those that are gone left out."""
    found: dict[str, Process] = {}
    for service, child in system.processes.items():
        if child.poll() is None:
            seen = psutil.Process(child.pid)
            found[service] = Process(seen.pid, seen.create_time(), seen.memory_info().rss / (1 << 20))
    return found
