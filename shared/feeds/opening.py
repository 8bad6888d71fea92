"""A record that came, opened for its handler: read, and the firms that it touches found.

On our own feeds the envelope says what a record is; what does not say it is a fault, since nobody but a feed's owner
can write there. At a door the parser of the subscription makes a value of anything, and the store says whose it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic

from shared.contracts.base import Event, FirmId
from shared.feeds.clock import Clock
from shared.feeds.failures import Permanent, Unreadable
from shared.feeds.records import Arrived, Decoders, is_firm_id, numbering_of, traceparent_of
from shared.feeds.sifting import Position
from shared.feeds.speech import C, Cause, Heard, Place
from shared.feeds.subscriptions import AtDoor, Letter, On, Source
from shared.postgres.pool import Connection


@dataclass(slots=True)
class Opened(Generic[C]):
    """A record on its way to its handler."""

    record: Arrived
    subscription: On[C] | AtDoor[Any, C]
    heard: Heard[Any]


class Opening(Generic[C]):
    """Opens the records of one service."""

    def __init__(self, sources: Mapping[str, Source[C]], context: C, clock: Clock) -> None:
        self._sources = sources
        self._context = context
        self._clock = clock
        events: tuple[type[Event], ...] = tuple(
            kind for source in sources.values() for on in source.events.values() for kind in on.types
        )
        self._decoders = Decoders(events)

    def open(
        self, fresh: Sequence[tuple[Position, Arrived]], culprit: Permanent | None
    ) -> tuple[list[Opened[C]], list[tuple[Arrived, FirmId | None]]]:
        """The records, each with the position before it, for their handlers. What cannot be read is raised; where the
        batch is the `culprit` alone, it is given apart, with its firm where that is known."""
        opened: list[Opened[C]] = []
        unread: list[tuple[Arrived, FirmId | None]] = []
        for position, record in fresh:
            try:
                opened.append(self.open_one(position, record))
            except Permanent:
                if culprit is None:
                    raise
                unread.append((record, _firm_of_key(record)))
        return opened, unread

    def open_one(self, position: Position, record: Arrived) -> Opened[C]:
        """One record, for its handler. Raises `Unreadable`."""
        source = self._sources[record.topic]
        place = place_of(record)
        at = self._clock.told(datetime.fromtimestamp(record.timestamp / 1000, UTC))
        if source.door is not None:
            # At a door the cause is the place itself: partners' ids may repeat, a place never does.
            cause = Cause(f"{position.topic_id}/{record.partition}/{record.offset}", traceparent_of(record.headers))
            letter = Letter(source.partner or "", place, at, record.key, record.value, record.headers)
            try:
                event = source.door.read(letter, self._context)
            except Exception as error:
                raise Unreadable(f"the parser of {source.door.topic} failed: {type(error).__name__}") from error
            return Opened(record, source.door, Heard(event, cause, place, at, None, source.partner))
        if numbering_of(record.headers) is None:
            raise Unreadable("the record has no number: nobody but its owner should be able to write here")
        envelope, event = self._decoders.read(record)
        cause = Cause(envelope.id, traceparent_of(record.headers))
        heard = Heard(event, cause, place, envelope.time, envelope.partitionkey or None)
        return Opened(record, source.events[envelope.type], heard)


async def find_firms(connection: Connection, opened: Sequence[Opened[C]]) -> None:
    """Ask for the firms that only the store knows: of all records of a subscription in one question."""
    asking: dict[int, list[Opened[C]]] = {}
    for one in opened:
        if isinstance(one.subscription, AtDoor) or one.subscription.also is not None:
            asking.setdefault(id(one.subscription), []).append(one)
    for some in asking.values():
        door = some[0].subscription
        if isinstance(door, On):
            assert door.also is not None
            for one, more in zip(some, await door.also(connection, [o.heard.event for o in some]), strict=True):
                one.heard = replace(one.heard, also=tuple(more))
            continue
        for one, found in zip(some, await door.firm_of(connection, [o.heard.event for o in some]), strict=True):
            own, *also = found if isinstance(found, tuple) else (found,)
            if any(firm_id is not None and not is_firm_id(firm_id) for firm_id in (own, *also)):
                raise ValueError("firm_of gave something that is no firm")
            one.heard = replace(one.heard, firm_id=own, also=tuple(also))


def touched(heard: Heard[Any]) -> list[FirmId]:
    """The firms whose rows a record needs locked, its own first."""
    return [] if heard.firm_id is None else [heard.firm_id, *heard.also]


def place_of(record: Arrived) -> Place:
    """Where a record stands in Kafka."""
    return Place(record.topic, record.partition, record.offset)


def _firm_of_key(record: Arrived) -> FirmId | None:
    """The firm that an unreadable internal record is about, if its key still says so."""
    key = (record.key or b"").decode("ascii", "replace")
    return key if is_firm_id(key) else None
