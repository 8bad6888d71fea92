"""Which of the records that came are new. Pure: from a position and some records to what is to be done.

On our feeds **the number decides**: not above the last one is a repeat, the next one is new, a higher one is a gap.
At the doors partners number nothing, and the offset decides instead. Offsets below the position were consumed before
and are not even counted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.feeds.records import Arrived, Numbering, numbering_of


@dataclass(frozen=True, slots=True)
class Position:
    """How far a partition was read. `past` are generations that ended before the present one."""

    topic: str
    partition: int
    topic_id: str
    next_offset: int
    generation: str | None = None
    sequence: int = 0
    past: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Something is missing: what was expected, what came instead and where."""

    topic: str
    partition: int
    expected: str
    found: str
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}: expected {self.expected}, found {self.found} at offset {self.offset}"


@dataclass(slots=True)
class Sifted:
    """`fresh` are new and contiguous; `repeated` counts what was consumed and known; `gap` is where it had to stop."""

    position: Position
    fresh: list[Arrived] = field(default_factory=list)
    repeated: int = 0
    gap: Gap | None = None


def sift_feed(position: Position, records: Sequence[Arrived]) -> Sifted:
    """Records of one partition of an internal feed, in the order of their offsets.

    A record without a number is new as well: only the owner of the topic can have written it, so it is a fault to be
    looked at, and what cannot be read is held further on.
    """
    sifted = Sifted(position)
    for record in records:
        now = sifted.position
        if record.offset < now.next_offset:
            continue
        numbering = numbering_of(record.headers)
        if numbering is None:
            sifted.fresh.append(record)
            sifted.position = replace(now, next_offset=record.offset + 1)
            continue
        if numbering.generation in now.past or (
            numbering.generation == now.generation and numbering.sequence <= now.sequence
        ):
            sifted.repeated += 1
            sifted.position = replace(now, next_offset=record.offset + 1)
            continue
        if not continues(now, numbering):
            sifted.gap = _gap(now, record, numbering)
            return sifted
        changed = now.generation is not None and numbering.generation != now.generation
        sifted.position = replace(
            now,
            next_offset=record.offset + 1,
            generation=numbering.generation,
            sequence=numbering.sequence,
            past=(*now.past, now.generation) if changed and now.generation else now.past,
        )
        sifted.fresh.append(record)
    return sifted


def continues(position: Position, numbering: Numbering) -> bool:
    """Whether a number is the very next one; in another generation only where that one forked off exactly here."""
    if numbering.sequence != position.sequence + 1:
        return False
    if position.generation is None or numbering.generation == position.generation:
        return True
    return numbering.fork == position.sequence


def sift_door(position: Position, records: Sequence[Arrived]) -> Sifted:
    """Records of a partner's topic, in the order of their offsets."""
    sifted = Sifted(position)
    for record in records:
        expected = sifted.position.next_offset
        if record.offset < expected:
            continue
        if record.offset > expected:
            sifted.gap = Gap(record.topic, record.partition, f"offset {expected}", "a later one", record.offset)
            return sifted
        sifted.fresh.append(record)
        sifted.position = replace(sifted.position, next_offset=record.offset + 1)
    return sifted


def _gap(position: Position, record: Arrived, numbering: Numbering) -> Gap:
    def name(generation: str | None) -> str:
        return f"of generation {(generation or 'any')[:8]}"

    return Gap(
        topic=record.topic,
        partition=record.partition,
        expected=f"number {position.sequence + 1} {name(position.generation)}",
        found=f"number {numbering.sequence} {name(numbering.generation)}",
        offset=record.offset,
    )
