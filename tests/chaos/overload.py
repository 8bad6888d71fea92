"""Too much of something, one thing after the other, while partners go on: a flood, a slow database, a mail server that
hangs, a full disk under Kafka and one under PostgreSQL. Afterwards everything has recovered, and the judge is asked.

How long others wait is read from the topics: from the broker's time on a partner's record to the time on its receipt.
"""

import asyncio
import json
import statistics
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from confluent_kafka import KafkaException, Producer

from shared.agreement import load
from shared.testing.waiting import until
from tests.chaos.checker import Finding, Scene, judge
from tests.chaos.disk import small_disks
from tests.chaos.ledger import Entry
from tests.chaos.link import Mode
from tests.chaos.run import look
from tests.chaos.traffic import Traffic, settings_of
from tests.chaos.world import World, world
from tests.e2e.firms import SUBMITTED

FLOODER = "cna"
SLOWED = 15
"""By how much a flood may lengthen the others' median time to a receipt."""
GROWTH = 96 << 20
"""Bytes by which a service's memory may grow under all of it: what it reads and says waits in Kafka and
in its store."""
TOLD = {"kafka": {"broker", "relay"}, "postgres": {"writing", "database"}}
"""The alarms of which one has to say that there is no room under a server."""
QUOTA_WINDOW = 11
"""Seconds over which the broker averages, by its own default: so long a partner may spend what it has saved."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long each trouble lasts, in seconds, and how many firms a second come meanwhile."""

    calm: float = 5.0
    flood: float = 6.0
    slow: float = 4.0
    hanging: float = 4.0
    full: float = 3.0
    rate: float = 5.0
    padding: int = 60_000
    """Bytes of a header that make a record of the flood larger than its event."""
    disk: int = 640
    """MiB of each server's small disk: what it needs at the start, and room for what the flood leaves in it."""


@dataclass(slots=True)
class Window:
    """A stretch of the run in milliseconds of the clock on the wall."""

    began: float
    ended: float = 0.0


@dataclass(slots=True)
class Shown:
    """What has been seen."""

    windows: dict[str, Window] = field(default_factory=dict)
    waited: dict[str, list[float]] = field(default_factory=dict)
    """Of each window, the seconds from a record of the others (the flooder's left out) to its receipt."""
    flooded: int = 0
    """Bytes that the broker took of the flood."""
    throttled: int = 0
    """How often it told the flooder to wait."""
    grown: dict[str, int] = field(default_factory=dict)
    """Of each service, by how many bytes its memory grew beyond what it had when all was calm."""
    ended: dict[str, int] = field(default_factory=dict)
    """Processes that ended by themselves."""
    alarms: dict[str, set[str]] = field(default_factory=dict)
    """What was said while a disk was full."""
    pending: int = 0
    """Mails that waited when the server began to answer again."""
    findings: list[Finding] = field(default_factory=list)
    records: int = 0

    def lasted(self, window: str) -> float:
        """Seconds."""
        return (self.windows[window].ended - self.windows[window].began) / 1000

    def median(self, window: str) -> float:
        return statistics.median(self.waited[window])


class Flood(threading.Thread):
    """One partner sends the same event again and again, as fast as the broker lets it."""

    def __init__(self, traffic: Traffic, settings: dict[str, Any], padding: int) -> None:
        super().__init__(daemon=True)
        self._padding = b"x" * padding
        self._traffic, self._over = traffic, threading.Event()
        self.taken = self.throttled = 0
        self._producer = Producer(
            {
                **settings,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "queue.buffering.max.messages": 200,
                "message.timeout.ms": 600_000,
                "throttle_cb": self._told_to_wait,
            }
        )

    def _told_to_wait(self, event: Any) -> None:
        self.throttled += 1

    def run(self) -> None:
        told = next(
            entry
            for entry in list(self._traffic.ledger.entries)
            if entry.partner == FLOODER and entry.kind == SUBMITTED and not entry.repeats and entry.at is not None
        )
        value = json.dumps(told.data).encode()
        headers: Any = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": told.event_id,
            "ce_source": f"urn:partner:{FLOODER}",
            "ce_type": told.kind,
            "padding": self._padding,
        }
        while not self._over.is_set():
            entry = Entry(FLOODER, told.topic, told.event_id, told.kind, told.firm, told.data, repeats=True)
            try:
                self._producer.produce(
                    told.topic, key=told.event_id, value=value, headers=headers, on_delivery=self._note(entry)
                )
            except BufferError:
                self._producer.poll(0.05)
                continue
            self._traffic.ledger.enter(entry)
        assert self._producer.flush(120.0) == 0, "the flood was not acknowledged"

    def _note(self, entry: Entry) -> Callable[[Any, Any], None]:
        def told(error: Any, message: Any) -> None:
            if error is not None:
                self._traffic.ledger.failures.append(f"flood: {error}")
                return
            entry.at = (message.partition(), message.offset())
            self.taken += len(self._padding) + len(message.value() or b"")

        return told

    def stop(self) -> None:
        self._over.set()
        self.join(180.0)


class Watch:
    """Looks at the services all the while: how much memory they have, what they say at their doors."""

    def __init__(self, it: World) -> None:
        self._it = it
        self.calm: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def run(self) -> None:
        while True:
            for replica, process in list(self._it.processes.items()):
                try:
                    weight = psutil.Process(process.pid).memory_info().rss
                except psutil.Error:
                    continue
                self.most[str(replica)] = max(self.most.get(str(replica), 0), weight)
            await asyncio.sleep(0.25)

    def all_is_calm(self) -> None:
        """From here on growth is counted."""
        self.calm = dict(self.most)

    async def alarms(self) -> set[str]:
        """The kinds of alarm that stand at the services' doors."""
        found: set[str] = set()
        for replica in self._it.replicas:
            found |= {name.split()[0] for name in await asyncio.to_thread(self._alarms, self._it.doors[replica])}
        return found

    @staticmethod
    def _alarms(door: int) -> list[str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{door}/status", timeout=5) as answer:
                return list(json.load(answer)["alarms"])
        except OSError:
            return []


async def overload(root: Path, sizes: Sizes, *, tell: Callable[[str], None] = lambda line: None) -> Shown:
    """Everything, one after the other. `root` is an empty directory; mounting has to be allowed."""
    shown = Shown()
    with small_disks({root / "kafka": sizes.disk, root / "postgres": sizes.disk}) as (under_kafka, under_postgres):
        async with world(root, partitions=2, replicas=1, session_seconds=6.0) as it:
            traffic = Traffic(it.home, 1_000_000, seed=5, rate=sizes.rate)
            traffic.start()
            watch = Watch(it)
            watching = asyncio.create_task(watch.run())
            await warm(it, traffic)
            tell("warm")
            with window(shown, "calm"):
                await asyncio.sleep(sizes.calm)
            watch.all_is_calm()
            tell("calm")
            await flood(it, traffic, shown, sizes)
            tell(f"flood: {shown.flooded >> 20} MiB taken, told to wait {shown.throttled} times")
            await slow_database(it, shown, sizes)
            tell("slow")
            await hanging_mail(it, shown, sizes)
            tell(f"mail: {shown.pending} waited")
            for name, disk, brought in (
                ("kafka", under_kafka, it.kafka_is_there),
                ("postgres", under_postgres, it.postgres_is_there),
            ):
                disk.fill()
                shown.alarms[name] = await troubled(watch, sizes.full, TOLD[name])
                tell(f"{name}: disk full, alarms {sorted(shown.alarms[name])}, there: {brought()}")
                disk.make_room()
                await caught_up(it, name, brought)
            watching.cancel()
            shown.grown = {one: watch.most[one] - weight for one, weight in watch.calm.items()}
            await asyncio.to_thread(traffic.finish)
            await it.at_rest(300.0)
            scene = await look(it, traffic)
            shown.records, shown.ended = len(traffic.ledger.entries), dict(it.ended)
            shown.findings = judge(scene)
            _wait_times(shown, scene)
    return shown


@contextmanager
def window(shown: Shown, name: str) -> Iterator[None]:
    shown.windows[name] = Window(time.time() * 1000)
    yield
    shown.windows[name].ended = time.time() * 1000


async def warm(it: World, traffic: Traffic) -> None:
    """The first firms have gone all the way."""

    async def delivered() -> bool:
        store = await it.store("notifier")
        try:
            return bool(await store.fetchval("SELECT count(*) FROM notifications WHERE state = 'sent'"))
        finally:
            await store.close()

    await until(delivered, limit=60, what="the first mail")
    assert traffic.broken is None, traffic.broken


async def flood(it: World, traffic: Traffic, shown: Shown, sizes: Sizes) -> None:
    flooding = Flood(traffic, settings_of(it.home, FLOODER), sizes.padding)

    async def held_back() -> bool:
        return flooding.throttled > 0

    with window(shown, "flood"):
        flooding.start()
        await asyncio.sleep(sizes.flood)
        await until(held_back, limit=60, what="a word of the broker to wait")
        await asyncio.to_thread(flooding.stop)
    shown.flooded, shown.throttled = flooding.taken, flooding.throttled
    await caught_up(it)


async def slow_database(it: World, shown: Shown, sizes: Sizes) -> None:
    it.links["postgres"].set(Mode.SLOW)
    with window(shown, "slow"):
        await asyncio.sleep(sizes.slow)
    it.links["postgres"].set(Mode.PASS)
    await caught_up(it)


async def hanging_mail(it: World, shown: Shown, sizes: Sizes) -> None:
    it.links["mail"].set(Mode.STALL)
    with window(shown, "mail"):
        await asyncio.sleep(sizes.hanging)
    store = await it.store("notifier")
    try:
        shown.pending = await store.fetchval("SELECT count(*) FROM notifications WHERE state = 'pending'")
    finally:
        await store.close()
    it.links["mail"].set(Mode.PASS)


async def troubled(watch: Watch, seconds: float, wanted: AbstractSet[str]) -> set[str]:
    """The alarms while something is wrong: at least for so long, and until one of those that are wanted."""
    end = time.monotonic() + seconds
    said: set[str] = set()

    async def told() -> bool:
        said.update(await watch.alarms())
        return bool(said & wanted) and time.monotonic() > end

    await until(told, limit=60, what=f"an alarm of {sorted(wanted)}")
    return said


async def caught_up(it: World, name: str = "", is_there: Callable[[], bool] = lambda: True) -> None:
    """What partners sent is read again as it comes. The server `name` is brought back where it has gone, which it may
    also do a moment after there was room again: what it had begun without ends it."""

    seen: dict[str, int] = {}

    async def near() -> bool:
        if not is_there():
            await it.bring_back(name)
        unread = await it.unread("intake")
        seen["unread"] = sum(end - at for at, end in unread.values())
        return seen["unread"] < 20

    try:
        await patiently(near, "intake at the end of its topics")
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen}") from None


async def patiently(look: Callable[[], Awaitable[bool]], what: str) -> None:
    """Until it is so; a server that does not answer yet is asked again."""

    async def asked() -> bool:
        try:
            return await look()
        except (KafkaException, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, KeyError):
            return False

    await until(asked, limit=240, what=what)


def _wait_times(shown: Shown, scene: Scene) -> None:
    """By the broker's time on the record, and by the time on its first receipt."""
    for name, during in shown.windows.items():
        shown.waited[name] = []
        for code in load().partners:
            if code == FLOODER:
                continue
            appended = {record.offset: record.at for record in scene.logs[f"partners.{code}.firms.v1", 0].records}
            for _, receipt in scene.told(f"partners.{code}.receipts.v1"):
                at = appended.get(receipt.data["position"]["offset"])
                if at is not None and during.began <= at <= during.ended:
                    shown.waited[name].append((receipt.at - at) / 1000)
