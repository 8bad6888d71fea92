"""The blows of a run: chosen by the seed, struck one after the other, and counted only where they could hurt.

A kill counts where the victim had something unread or unpublished before it; how much stands beside it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import asyncpg
from confluent_kafka import KafkaException

from deploy.local.home import SERVICES
from tests.chaos.link import Mode
from tests.chaos.world import Replica, World

_AWAY = (
    KafkaException,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says where the connection ends in the middle of a question
    KeyError,
)


class What(StrEnum):
    KILL = "kill"
    STOP = "stop"
    KAFKA = "kafka"
    POSTGRES = "postgres"
    LINK = "link"
    MAIL = "mail"


ALL = {What.STOP: 18, What.KAFKA: 22, What.POSTGRES: 22, What.LINK: 25, What.MAIL: 13}
"""Beside the kills of services, which have a pace of their own: how often each is struck, in a hundred."""


SERVERS = (What.KAFKA, What.POSTGRES)
FELT = {What.KILL: 10.0, What.STOP: 50.0, What.KAFKA: 30.0, What.POSTGRES: 30.0, What.LINK: 15.0}
"""Seconds for which a blow may still be felt."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from one kill of a service to the next, from one other blow to the next, and how long a stopped process
    stands still: the least and the most of each."""

    kills: tuple[float, float] = (2.0, 10.0)
    others: tuple[float, float] = (6.0, 14.0)
    still: tuple[float, float] = (15.0, 40.0)


@dataclass(frozen=True, slots=True)
class Blow:
    what: What
    whom: str
    in_flight: int
    """Records that the victim had yet to read, or to publish."""
    counts: bool
    at: float
    """On the monotonic clock."""


@dataclass(slots=True)
class Blows:
    """What was struck, and how long it took until what stood still moved again (seconds)."""

    struck: list[Blow] = field(default_factory=list)
    after_kill: list[float] = field(default_factory=list)
    after_kill_alone: list[float] = field(default_factory=list)
    """Those of `after_kill` that no other blow has to do with: see `alone`."""
    after_last: list[float] = field(default_factory=list)
    """Those of `after_kill`, counted from the last that happened to the service: see `since_last`."""
    after_server: list[float] = field(default_factory=list)
    over: list[tuple[str, float]] = field(default_factory=list)
    """What had been struck and is whole again: a service's name, or "" for what all of them need, and when."""

    def alone(self, service: str, killed: float, moved: float) -> bool:
        """Whether between a kill and the movement after it, or so shortly before that it was still felt, nothing else
        was struck that this service needs: a server, a line to one, another of its own processes."""
        for blow in self.struck:
            own = blow.whom.partition("-")[0] == service and blow.at != killed
            if killed - FELT.get(blow.what, 0.0) < blow.at < moved and (own or blow.what in (*SERVERS, What.LINK)):
                return False
        return True

    def since_last(self, service: str, killed: float, moved: float) -> float:
        """Seconds until it moved since the last that this service could feel: its kill, whatever struck it or what it
        needs after that, or the end of such a blow. Before, a server was away, or what had begun was struck again."""
        felt = [killed, *(at for whose, at in self.over if whose in ("", service))]
        for blow in self.struck:
            if blow.whom.partition("-")[0] == service or blow.what in (*SERVERS, What.LINK):
                felt.append(blow.at)
        return moved - max(at for at in felt if at < moved)

    def counted(self, *kinds: What) -> list[Blow]:
        return [blow for blow in self.struck if blow.counts and blow.what in (kinds or tuple(What))]


class Striker:
    """Strikes until told to stop, then lets everything heal."""

    def __init__(self, world: World, seed: int, pace: Pace, weights: dict[What, int] | None = None) -> None:
        self._world, self._pace = world, pace
        self._dice, self._dice_of_kills = random.Random(f"{seed} others"), random.Random(f"{seed} kills")
        self._weights = weights or ALL
        self.blows = Blows()
        self._later: set[asyncio.Task[None]] = set()
        self._order: list[str] = []

    async def run(self, over: asyncio.Event) -> None:
        """Until `over` is set; everybody is up again when this returns."""
        try:
            await asyncio.gather(
                self._again_and_again(over, self._dice_of_kills, self._pace.kills, self._kill),
                self._again_and_again(over, self._dice, self._pace.others, self._strike),
            )
        finally:
            self._world.heal()
            for task in list(self._later):
                await asyncio.wait({task}, timeout=120)

    async def _again_and_again(
        self,
        over: asyncio.Event,
        dice: random.Random,
        pause: tuple[float, float],
        blow: Callable[[], Awaitable[None]],
    ) -> None:
        """With dice of its own, so that what one kind of blow takes does not change the choice of the other."""
        while not over.is_set():
            try:
                await asyncio.wait_for(over.wait(), dice.uniform(*pause))
            except TimeoutError:
                await blow()

    async def _strike(self) -> None:
        (what,) = self._dice.choices(list(self._weights), list(self._weights.values()))
        match what:
            case What.STOP:
                replica = self._victim(self._dice)
                in_flight = await self._in_flight(replica.service)
                self._world.stop_still(replica)
                self._note(what, str(replica), in_flight)
                self._after(self._dice.uniform(*self._pace.still), lambda: self._wake(replica))
            case What.KAFKA | What.POSTGRES:
                await self._kill_server(what)
            case What.LINK:
                link = self._world.links[self._dice.choice(("kafka", "postgres"))]
                mode = self._dice.choice((Mode.CUT, Mode.STALL, Mode.SLOW))
                self._bend(what, link.name, mode, self._dice.uniform(1.0, 8.0))
            case What.MAIL:
                self._bend(what, "mail", self._dice.choice((Mode.CUT, Mode.STALL, Mode.REFUSE)), 5.0)

    def _wake(self, replica: Replica) -> None:
        self._world.go_on(replica)
        self.blows.over.append((replica.service, time.monotonic()))

    def _victim(self, dice: random.Random) -> Replica:
        """Every service in turn, one of its replicas that does not stand still."""
        if not self._order:
            self._order = list(SERVICES)
            dice.shuffle(self._order)
        service = self._order.pop()
        return dice.choice(
            [one for one in self._world.replicas if one.service == service and one not in self._world.stopped]
            or self._world.replicas
        )

    async def _kill(self) -> None:
        replica = self._victim(self._dice_of_kills)
        self._world.stop_still(replica)
        try:
            unread = await self._world.unread(replica.service)
            unpublished = await self._world.unpublished(replica.service)
        except _AWAY:
            unread, unpublished = {}, 0
        at = time.monotonic()
        self._world.kill(replica)
        in_flight = sum(end - next_ for next_, end in unread.values()) + unpublished
        self._note(What.KILL, str(replica), in_flight, at=at)
        self._watch([replica.service], {key: next_ for key, (next_, _) in unread.items()}, at, "after_kill")

    async def _kill_server(self, what: What) -> None:
        world = self._world
        waiting: dict[str, dict[tuple[str, int], int]] = {}
        in_flight = 0
        try:
            for service in SERVICES:
                unread = await world.unread(service)
                waiting[service] = {key: next_ for key, (next_, _) in unread.items()}
                in_flight += sum(end - next_ for next_, end in unread.values()) + await world.unpublished(service)
        except _AWAY:
            waiting, in_flight = {}, 0
        (world.kill_kafka if what is What.KAFKA else world.kill_postgres)()
        self._note(what, what.value, in_flight)
        await asyncio.sleep(self._dice.uniform(0.5, 3.0))  # how long the server is away is part of the blow
        await world.bring_back(what.value)
        at = time.monotonic()
        self.blows.over.append(("", at))
        for service, starts in waiting.items():
            self._watch([service], starts, at, "after_server")

    async def _in_flight(self, service: str) -> int:
        try:
            unread = await self._world.unread(service)
        except _AWAY:
            return 0
        return sum(end - next_ for next_, end in unread.values())

    def _bend(self, what: What, name: str, mode: Mode, seconds: float) -> None:
        link = self._world.links[name]
        link.set(mode)
        self._note(what, f"{name} {mode}", 0, counts=True)

        def straighten() -> None:
            link.set(Mode.PASS)
            if what is What.LINK:
                self.blows.over.append(("", time.monotonic()))

        self._after(seconds, straighten)

    def _note(
        self, what: What, whom: str, in_flight: int, *, counts: bool | None = None, at: float | None = None
    ) -> None:
        counts = in_flight > 0 if counts is None else counts
        self.blows.struck.append(Blow(what, whom, in_flight, counts, time.monotonic() if at is None else at))

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            then()

        self._begin(later())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _watch(self, services: Sequence[str], starts: dict[tuple[str, int], int], at: float, into: str) -> None:
        """Note for each partition that had unread records how long after `at` it moved."""

        async def look() -> None:
            left = dict(starts)
            times: list[float] = getattr(self.blows, into)
            while left and time.monotonic() - at < 120:
                for service in services:
                    try:
                        store = await self._world.store(service)
                        try:
                            rows = await store.fetch("SELECT topic, partition, next_offset FROM positions")
                        finally:
                            await store.close()
                    except _AWAY:
                        continue
                    now = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
                    for key in [key for key, start in left.items() if now.get(key, 0) > start]:
                        del left[key]
                        moved = time.monotonic()
                        times.append(moved - at)
                        if into == "after_kill":
                            self.blows.after_last.append(self.blows.since_last(service, at, moved))
                            if self.blows.alone(service, at, moved):
                                self.blows.after_kill_alone.append(moved - at)
                await asyncio.sleep(0.2)
            times += [time.monotonic() - at for _ in left]

        if starts:
            self._begin(look())


def unserved(struck: Sequence[Blow]) -> Sequence[str]:
    """Services of which no kill has counted."""
    killed = {blow.whom.partition("-")[0] for blow in struck if blow.counts and blow.what is What.KILL}
    return [service for service in SERVICES if service not in killed]
