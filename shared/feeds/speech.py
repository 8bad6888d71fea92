"""What goes into a handler and what comes out of it.

A handler hears a `Batch` of records of one subscription, in order, and returns what it says about them:

    async def assess_firms(firms: Batch[FirmRegistered], work: Work[Classifier]) -> list[Said]:
        known = await store.load(work.connection, firms.firm_ids)
        ...
        return [firm.says(FirmAssessed(...)) for firm in firms]

It neither publishes nor commits, reads no clock (`work.now` is the database's) and makes no identifiers by chance:
ids derive from the record's `cause`, so that deciding again says the same.
"""

import enum
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from shared.contracts.base import Event, FirmId
from shared.feeds.clock import Clock
from shared.postgres.pool import Connection

E = TypeVar("E", covariant=True)
C = TypeVar("C")


class Outcome(enum.StrEnum):
    """The one end that every consumed record has (promise 6). The sum over a positions row equals what was consumed."""

    APPLIED = "applied"
    REPEATED = "repeated"
    REFUSED = "refused"
    HELD = "held"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in Kafka: topic with prefix, partition, offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is said: an id that is the same whenever the decision is taken again, and the trace it belongs
    to.

    A cause that is a record can be read again. What is not one travels with what it causes, or a store that is restored
    could never decide it again: the version of a timer (`clock`) on all that it says, a person's order (`order`, JSON,
    in their own words) on our own feeds alone.
    """

    id: str
    traceparent: str | None = None
    clock: int | None = None
    order: bytes | None = None

    def says(
        self, event: Event, *, firm_id: FirmId | None = None, to: str | None = None, subject: str | None = None
    ) -> "Said":
        """An event caused by this. `firm_id` is required on a feed spread by firm, `to` (a partner's code) on a
        partner's."""
        return Said(event=event, cause=self, firm_id=firm_id, to=to, subject=subject)


@dataclass(frozen=True, slots=True)
class Said:
    """An event on its way out: numbered and written with the transaction that decided it."""

    event: Event
    cause: Cause
    firm_id: FirmId | None = None
    to: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Heard(Generic[E]):
    """One record as a handler sees it.

    `event` is what the subscription's parser made of it. `at` is the broker's append time at a door, the event's own
    time on internal feeds. `partner` is the tenant, derived from the topic and never from the payload; None on
    internal feeds. `also` are further firms that the record touches; their rows are locked with its own firm's.
    """

    event: E
    cause: Cause
    place: Place
    at: datetime
    firm_id: FirmId | None = None
    partner: str | None = None
    also: tuple[FirmId, ...] = ()

    def says(
        self, event: Event, *, firm_id: FirmId | None = None, to: str | None = None, subject: str | None = None
    ) -> Said:
        """An event caused by this record; about the record's firm unless another is named."""
        return self.cause.says(event, firm_id=firm_id or self.firm_id, to=to, subject=subject)


class Batch(Sequence[Heard[E]]):
    """Records of one subscription in the order of their feed; a firm may come more than once."""

    def __init__(self, records: Sequence[Heard[E]]) -> None:
        self._records = records

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # Sequence's overloads add nothing here
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Heard[E]]:
        return iter(self._records)

    @property
    def firm_ids(self) -> list[FirmId]:
        """The firms that the batch is about, each once, sorted."""
        return sorted({record.firm_id for record in self._records if record.firm_id is not None})


@dataclass(slots=True)
class Work(Generic[C]):
    """The open transaction that a handler works in.

    The rows of all firms of the batch are locked already. `now` is the database's clock at the start of the
    transaction, in UTC, as the house's `clock` tells it. `context` is what the service brought with it (agreement,
    keys).
    """

    connection: Connection
    now: datetime
    context: C
    clock: Clock = field(default_factory=Clock)
    outcomes: dict[Place, Outcome] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)

    def say(self, said: Said) -> None:
        """For work that no record causes: what a handler would return."""
        self.said.append(said)

    def refused(self, record: Heard[object]) -> None:
        """The record ends as refused: it had its answer and changed nothing."""
        self.outcomes[record.place] = Outcome.REFUSED

    def repeated(self, record: Heard[object]) -> None:
        """The record says what an earlier one said: answered, and nothing changed."""
        self.outcomes[record.place] = Outcome.REPEATED


Handler = Callable[[Batch[E], Work[C]], Awaitable[list[Said]]]
