"""Names and numbers: which feed a firm's events go to, and ids that follow from their cause.

A feed is called `<topic>/<partition>`. The partition of a firm is crc32(firm_id) mod P; P and the name of the hash
stand in the database (`layout`), because every process must agree about them.
"""

import zlib
from collections import Counter
from dataclasses import dataclass

from shared.contracts.base import Event, FirmId
from shared.contracts.ids import derive
from shared.errors import Trouble
from shared.feeds.speech import Said
from shared.postgres.pool import Connection

Partition = tuple[str, int]
"""A topic (with prefix) and one of its partitions."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How this store spreads firms over partitions, under which prefix its topics are, and which generation it is."""

    partitions: int
    prefix: str
    generation: str
    service: str
    said: frozenset[str] = frozenset()
    """Ids of events that were said in a life of this store that it has lost: not to be said again."""

    def feed_of(self, said: Said) -> str:
        """The feed that an event goes to. An event that lacks what its feed needs is a fault of its handler."""
        template = said.event.feed
        if "{partner}" in template:
            if said.to is None:
                raise ValueError(f"{said.event.type} is told to a partner, but none is named")
            return f"{self.prefix}{template.format(partner=said.to)}/0"
        if said.firm_id is None:
            raise ValueError(f"{said.event.type} travels by firm, but none is named")
        return f"{self.prefix}{template}/{partition_of(said.firm_id, self.partitions)}"


def partition_of(firm_id: FirmId, partitions: int) -> int:
    """The partition on which everything about the firm travels."""
    return zlib.crc32(firm_id.encode()) % partitions


def split_feed(feed: str) -> Partition:
    """A feed's topic (with prefix) and partition."""
    topic, _, partition = feed.rpartition("/")
    return topic, int(partition)


class EventIds:
    """Ids of the events of one transaction: derived from cause, type, addressee, and place among those alike."""

    def __init__(self) -> None:
        self._said: Counter[tuple[str, str, str]] = Counter()

    def next(self, said: Said) -> str:
        key = (said.cause.id, said.event.type, said.to or "")
        ordinal = self._said[key]
        self._said[key] += 1
        return derive(*key, str(ordinal))


async def load_layout(connection: Connection, service: str, prefix: str) -> Layout:
    """Read what the store says about itself. Raises `Trouble` where it was never provisioned."""
    partitions = await connection.fetchval("SELECT partitions FROM layout")
    if partitions is None:
        raise Trouble(f"The database of {service} has no layout yet: run `portolano provision` first.")
    generation = await connection.fetchval("SELECT generation FROM generations ORDER BY number DESC LIMIT 1")
    said = frozenset(row["event_id"] for row in await connection.fetch("SELECT event_id FROM recovered"))
    return Layout(partitions=partitions, prefix=prefix, generation=generation, service=service, said=said)


def feeds_of(events: tuple[type[Event], ...], partners: tuple[str, ...], layout: Layout) -> list[str]:
    """Every feed that a service which says these events may write, sorted."""
    feeds: set[str] = set()
    for event in events:
        if "{partner}" in event.feed:
            feeds.update(f"{layout.prefix}{event.feed.format(partner=code)}/0" for code in partners)
        else:
            feeds.update(f"{layout.prefix}{event.feed}/{k}" for k in range(layout.partitions))
    return sorted(feeds)
