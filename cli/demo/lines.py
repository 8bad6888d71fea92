"""Where nobody watches: a line for each door when a tenth, a half, and all of it has passed."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from cli.demo.hops import Hop
from cli.demo.stores import View

_MARKS = (10, 50, 100)
_NOTE_AGAIN = 10.0
"""Seconds after which the same trouble is told again."""


class Lines:
    """The board's plain sister."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._began = time.monotonic()
        self._told: dict[str, int] = {}
        self._note = ""
        self._noted_at = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, doors: Sequence[Hop], view: View, note: str = "") -> None:
        """Say what is new."""
        for hop in doors:
            share = 100 * hop.passed // hop.due if hop.due else 0
            mark = max((mark for mark in _MARKS if share >= mark), default=0)
            if mark > self._told.get(hop.name, 0):
                self._told[hop.name] = mark
                self._say(f"{self._seconds()}  {hop.name}: {hop.passed} of {hop.due} {hop.unit}")
        now = time.monotonic()
        if note and (note.partition(":")[0] != self._note or now - self._noted_at > _NOTE_AGAIN):
            self._say(f"{self._seconds()}  {note}")
            self._noted_at = now
        self._note = note.partition(":")[0]

    def turn(self, day: str) -> None:
        """Another day has come."""
        self._say(f"{self._seconds()}  {day}")

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"
