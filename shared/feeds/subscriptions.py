"""What a service hears and says: the entries of the table at the foot of each `handlers.py`.

Two kinds are heard. `On` hears our own events on internal feeds, where the sequence decides what is new. `AtDoor`
hears what partners write, where the offset does, and where nothing that arrives may be believed: its parser is total,
it never raises. `Restates` is what a person's command has said anew. `sources_of` lays the table out by topic.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from shared.contracts.base import Event, FirmId
from shared.feeds.speech import C, Handler, Heard, Place, Said, Work
from shared.postgres.pool import Connection

D = TypeVar("D")
Touched = FirmId | tuple[FirmId, ...] | None
"""The firm that a record is about, or the firms, its own first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record as it lies at the door: nothing is decoded, nothing is believed.

    `headers` may hold nulls, bytes that are no text, and names that come twice. `appended_at` is the broker's clock.
    """

    partner: str
    place: Place
    appended_at: datetime
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class On(Generic[C]):
    """Hear events of one or more types of an internal feed, in their common order.

    `also` gives the further firms that events touch, in their order; it may ask the store. What holds of `firm_of` at a
    door holds of it.
    """

    events: type[Event] | tuple[type[Event], ...]
    handler: Handler[Any, C]
    says: tuple[type[Event], ...] = ()
    also: Callable[[Connection, Sequence[Any]], Awaitable[Sequence[tuple[FirmId, ...]]]] | None = None

    @property
    def types(self) -> tuple[type[Event], ...]:
        return self.events if isinstance(self.events, tuple) else (self.events,)


@dataclass(frozen=True, slots=True)
class AtDoor(Generic[D, C]):
    """Hear what partners write to their `topic` (a template such as `partners.{partner}.firms.v1`).

    `read` makes a value of a letter and must not raise. `firm_of` finds the firms that the values are about, in
    order, None where there is none; it may ask the store. A record that touches several gives a tuple of them, its own
    first: all are locked, it waits where one of them waits, and it queues under its own. What `firm_of` learnt from the
    store may be out of date once the locks are there: a handler that sees more firms touched than are locked raises
    `failures.Outdated`, and the batch is tried again. `held` says the provisional answer when a record is held
    through our own fault (`event` is None where `read` itself failed).
    """

    topic: str
    read: Callable[[Letter, C], D]
    firm_of: Callable[[Connection, Sequence[D]], Awaitable[Sequence[Touched]]]
    handler: Handler[D, C]
    held: Callable[[Heard[D | None]], Said]
    says: tuple[type[Event], ...] = ()


Subscription = On[Any] | AtDoor[Any, Any]


@dataclass(frozen=True, slots=True)
class Source(Generic[C]):
    """What is heard on one topic: a door with its partner, or the events of an internal feed."""

    door: AtDoor[Any, C] | None = None
    partner: str | None = None
    events: Mapping[str, On[C]] = field(default_factory=dict)


def sources_of(subscriptions: Sequence[Subscription], prefix: str, partners: Sequence[str]) -> dict[str, Source[Any]]:
    """What is heard on which topic (with prefix)."""
    sources: dict[str, Source[Any]] = {}
    events: dict[str, dict[str, Any]] = {}
    for subscription in subscriptions:
        if isinstance(subscription, AtDoor):
            for code in partners:
                sources[prefix + subscription.topic.format(partner=code)] = Source(door=subscription, partner=code)
        else:
            for event in subscription.types:
                events.setdefault(prefix + event.feed, {})[event.type] = subscription
    for topic, by_type in events.items():
        sources[topic] = Source(events=by_type)
    return sources


Stated = Callable[[Sequence[FirmId]], Awaitable[Mapping[FirmId, bytes]]]
"""Firms -> what the first service of the chain has said last of each, as it keeps it (JSON); those that it knows."""


@dataclass(frozen=True, slots=True)
class Restates(Generic[C]):
    """What a service says anew by a person's command: `present` gives, for firms whose rows are locked, an event for
    each entity as it stands, with its firm, always in the same order."""

    present: Callable[[Connection, Sequence[FirmId], C, Stated], Awaitable[Sequence[tuple[FirmId, Event]]]]
    says: tuple[type[Event], ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A record that the service had said, before its store was restored, and that no record had caused: `data` is the
    event's (JSON), `order` the person's, where one had given it."""

    type: str
    firm_id: FirmId | None
    at: datetime
    data: bytes
    order: bytes | None


Recall = Callable[[Word, Work[C]], Awaitable[list[Said]]]
"""Does again what such a record tells of, and says what had been said. Nothing is said where it does not know it;
`Trouble` where it cannot be done again."""
