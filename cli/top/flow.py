"""From looks that follow each other: how fast records flow, and which part stands still. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cli.top.looks import Books, Look, Stretch

STANDS_AFTER = 5.0
"""Seconds for which records wait and none passes before a part is said to stand still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A stretch and its speed, in records a second between the last two looks."""

    name: str
    rate: float
    passed: int
    waiting: int | None
    oldest_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A part that does not do its work: `waiting` records for `seconds` at least."""

    part: str
    hop: str
    waiting: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is shown, and said to machines. `seconds`: between the two looks."""

    seconds: float
    hops: Sequence[Hop]
    services: Mapping[str, Books]
    states: Mapping[str, str]
    stands_still: Sequence[Standing]
    note: str = ""


@dataclass(slots=True)
class Flow:
    """The looks so far, as much of them as is needed."""

    _last: Look | None = None
    _moved: dict[str, float] = field(default_factory=dict)

    def see(self, look: Look) -> Picture:
        """The picture of this moment; the first look has no speed yet."""
        before = self._last
        seconds = look.at - before.at if before is not None else 0.0
        past = {stretch.name: stretch for stretch in before.stretches} if before is not None else {}
        hops: list[Hop] = []
        standing: list[Standing] = []
        for stretch in look.stretches:
            earlier = past.get(stretch.name)
            gone = stretch.passed - earlier.passed if earlier is not None else 0
            hops.append(
                Hop(
                    name=stretch.name,
                    rate=max(0.0, gone / seconds) if seconds > 0 else 0.0,
                    passed=stretch.passed,
                    waiting=stretch.waiting,
                    oldest_s=stretch.oldest,
                )
            )
            if not stretch.waiting or gone or (earlier is not None and not earlier.waiting):
                self._moved[stretch.name] = look.at
            elif earlier is not None:
                found = self._standing(stretch, look.at)
                standing += [found] if found is not None else []
        self._last = look
        return Picture(
            seconds=seconds,
            hops=hops,
            services=look.books,
            states=look.states,
            stands_still=standing,
            note=look.note,
        )

    def _standing(self, stretch: Stretch, now: float) -> Standing | None:
        """Whether nothing moved for a while: since we saw it move, or else as long as the oldest has waited."""
        seen = self._moved.get(stretch.name)
        seconds = now - seen if seen is not None else (stretch.oldest or 0.0)
        if seconds < STANDS_AFTER:
            return None
        return Standing(part=stretch.part, hop=stretch.name, waiting=stretch.waiting or 0, seconds=seconds)
