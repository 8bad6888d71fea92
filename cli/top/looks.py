"""What was seen at one moment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The way between two parts.

    `passed`: records since the beginning of the store; `waiting`: records that wait, of them `unsent` in the outbox of
    the part that they come from; `oldest`: seconds since the oldest of them was said. None: Kafka did not tell.
    """

    source: str
    target: str
    passed: int
    waiting: int | None
    unsent: int = 0
    oldest: float | None = None

    @property
    def name(self) -> str:
        return f"{self.source} → {self.target}"

    @property
    def part(self) -> str:
        """Whose work it is that they do not wait: nobody can read what was not yet sent."""
        ours = self.target in ("partners", "mail") or (self.unsent > 0 and self.unsent == self.waiting)
        return self.source if ours else self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """One service: what became of all records that it read, and what it has yet to publish.

    `held`: records that are set aside and wait for a person; `queued`: those that wait behind them. `outbox_age`:
    seconds since the oldest unpublished record was said.
    """

    applied: int = 0
    repeated: int = 0
    refused: int = 0
    discarded: int = 0
    held: int = 0
    queued: int = 0
    outbox: int = 0
    outbox_age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything at one moment. `at`: seconds on a clock that only goes forward. `states`: of each service's process,
    in a word; empty where no supervisor runs them (in containers).
    """

    at: float
    stretches: tuple[Stretch, ...]
    books: Mapping[str, Books]
    states: Mapping[str, str]
    note: str = ""
