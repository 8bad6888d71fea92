"""`portolano feeds grow`: more partitions for the internal topics while the system runs.

First the topics, then one store after the other (`shared.feeds.growth` says how, and why by itself). Whenever the
command ends before its end, what it has locked is let go, each store has one number of partitions or the other, and
both work beside each other: given again, it goes on with those that are left.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from cli.feeds.stores import administered
from deploy.kafka.broker import Broker
from deploy.local.home import Home
from shared.contracts.topics import SERVICES, Topic, internal_topics
from shared.errors import Trouble
from shared.feeds import growth
from shared.feeds.growth import Behind, Growth
from shared.postgres.pool import Connection

MOST = 1000
"""Partitions of a topic, as in the agreement."""
LOOK_AGAIN = 0.05
CLOSE = 0.5
"""Seconds within which readers are at what was the head when they were looked at: for about so long it is held then."""


@dataclass(frozen=True, slots=True)
class Topical:
    """One internal topic before the growth: its partitions in Kafka and in its writer's store, and how many records
    its readers have yet to read."""

    topic: str
    writer: str
    in_kafka: int
    in_store: int
    unread: int


@dataclass(frozen=True, slots=True)
class Grown:
    """A store that has grown. `held` is for how long (seconds) nobody could speak on its topics."""

    service: str
    topic: str
    was: int
    partitions: int
    held: float


@asynccontextmanager
async def growing(home: Home, prefix: str = "") -> AsyncIterator["Growing"]:
    """The four stores and the broker. Raises `Unreachable` while a part does not answer."""
    async with AsyncExitStack() as stack:
        stores = {service: await stack.enter_async_context(administered(home, service, prefix)) for service in SERVICES}
        yield Growing(stores, Broker(home.kafka_admin(), home.kafka_client), prefix)


class Growing:
    """The steps of one command."""

    def __init__(self, stores: Mapping[str, Connection], broker: Broker, prefix: str) -> None:
        self._stores, self._broker, self._prefix = stores, broker, prefix

    async def look(self) -> list[Topical]:
        """How it stands."""
        names = {topic: self._prefix + topic.name for topic in internal_topics()}
        in_kafka = await self._broker.partitions(list(names.values()))
        found = []
        for topic, name in names.items():
            if name not in in_kafka:
                raise Trouble(f"there is no topic {name}: run `portolano provision` first")
            in_store = await growth.partitions_of(self._stores[topic.writer])
            late = await self._behind(topic, await growth.heads_of(self._stores[topic.writer], _feeds(name, in_store)))
            unread = sum(one.head - one.read for one in late)
            found.append(Topical(name, topic.writer, in_kafka[name], in_store, unread))
        return found

    async def grow(
        self, partitions: int, *, by: str, within: float, told: Callable[[str], None] = lambda line: None
    ) -> list[Grown]:
        """Give each internal topic so many partitions; those that have them are left alone.

        `within`: seconds that a topic may take until its readers are at its head; before anything of it is held, and
        again while it is. Raises `Trouble` where that does not come about, or where a number would be lowered.
        """
        before = await self.look()
        check(before, partitions)
        added = {one.topic: partitions for one in before if one.in_kafka < partitions}
        await self._broker.add_partitions(added)
        if added:
            told(f"{len(added)} topics have {partitions} partitions")
        command, grown = str(uuid4()), []
        for topic in internal_topics():
            one = await self._grow(topic, partitions, command, by, within)
            if one is not None:
                grown.append(one)
                told(f"{one.service}: {one.was} → {one.partitions}, {one.topic} was held for {one.held:.2f} s")
        return grown

    async def _grow(self, topic: Topic, partitions: int, command: str, by: str, within: float) -> Grown | None:
        store, name = self._stores[topic.writer], self._prefix + topic.name
        was = await growth.partitions_of(store)
        if was >= partitions:
            return None
        await self._moves(topic, name, was, within)
        try:
            async with store.transaction():
                heads = await growth.hold(store, _feeds(name, was))
                began = time.monotonic()
                now = await growth.partitions_of(store)
                if now >= partitions:  # the same command, given twice at once: the other one was here first
                    return None
                if now != was:
                    raise Trouble(f"another command has given {name} more partitions: give this one again")
                await self._drained(topic, heads, within)
                await growth.grow(store, Growth(command, was, partitions, heads, by))
                # Wake the relays of all processes: the sooner they look, the sooner they hold the new feeds.
                await store.execute("SELECT pg_notify('outbox', '')")
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            raise Trouble(
                f"{topic.writer} has held a feed of {name} for {growth.PATIENCE}: nothing is changed there and it goes "
                "on; look at `portolano status` and give the command again"
            ) from error
        return Grown(topic.writer, name, was, partitions, time.monotonic() - began)

    async def _moves(self, topic: Topic, name: str, was: int, within: float) -> None:
        """Whether the readers move, and until they are close behind: at nobody's expense, since nothing is held yet.
        Where they never are, because more comes than they can take, it is as it is after `within` seconds."""
        store, until = self._stores[topic.writer], time.monotonic() + within
        while True:
            began = time.monotonic()
            await self._drained(topic, await growth.heads_of(store, _feeds(name, was)), within)
            if time.monotonic() - began < CLOSE or time.monotonic() > until:
                return

    async def _drained(self, topic: Topic, heads: Mapping[str, int], within: float) -> None:
        """Everything up to these numbers is published and read by every reader of the topic. Raises `Trouble`."""
        until = time.monotonic() + within
        while late := await self._behind(topic, heads):
            if time.monotonic() > until:
                raise Trouble(
                    f"{late[0]}, after {within:.0f} s; {_advice(late[0], topic)}. Nobody is kept waiting now."
                )
            await asyncio.sleep(LOOK_AGAIN)

    async def _behind(self, topic: Topic, heads: Mapping[str, int]) -> list[Behind]:
        readers = {reader: self._stores[reader] for reader in topic.readers}
        return await growth.behind(self._stores[topic.writer], heads, self._prefix + topic.name, readers)


def check(before: list[Topical], partitions: int) -> None:
    """Raises `Trouble` where so many would be fewer than a topic or a store has."""
    if not 1 < partitions <= MOST:
        raise Trouble(f"{partitions} partitions: 2 to {MOST} are possible")
    for one in before:
        if one.in_store > partitions:
            raise Trouble(
                f"the store of {one.writer} has {one.in_store} partitions for {one.topic}: they are never lowered, "
                "because firms have records in those that would go"
            )
        if one.in_kafka > partitions:
            raise Trouble(
                f"Kafka has {one.in_kafka} partitions for {one.topic} already, and takes none back: "
                f"give `portolano feeds grow {one.in_kafka}`"
            )


def _feeds(topic: str, partitions: int) -> list[str]:
    return [f"{topic}/{k}" for k in range(partitions)]


def _advice(late: Behind, topic: Topic) -> str:
    if late.published < late.head:
        return f"does {topic.writer} run, has it an alarm `relay`? Look at `portolano status`"
    return f"does {late.reader} run, has it an alarm `gap` or `breaker`? Look at `portolano status`"
