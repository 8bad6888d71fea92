"""Looks at desks and stores until everything has arrived or the time is over, and shows it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from cli.demo.desks import Desks
from cli.demo.diagnosis import part_that_is_away
from cli.demo.hops import Hop, Totals, finished, hops, stands_still
from cli.demo.ledger import Ledger
from cli.demo.stores import Stores, View
from deploy.local.home import Home
from shared.errors import Unreachable

_LOOK_EVERY = 0.25
_PICTURE_EVERY = 0.125
_STILL_AFTER = 5.0


class Audience(Protocol):
    """Who watches: the board, or lines."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, doors: Sequence[Hop], view: View, note: str = "") -> None: ...
    def turn(self, day: str) -> None:
        """Another day has come."""


class Watch:
    """What the evening looks like at each moment."""

    def __init__(
        self, home: Home, ledger: Ledger, desks: Desks, kept: Stores, totals: Totals, audience: Audience
    ) -> None:
        self.view = View()
        self.note = ""
        self.audience = audience
        self._home = home
        self._ledger, self._desks, self._kept, self._totals = ledger, desks, kept, totals
        self._moved: tuple[float, tuple[int, ...]] = (0.0, ())
        self._arrived = False

    def doors(self) -> tuple[Hop, ...]:
        return hops(self._ledger, self.view, self._totals)

    async def until_quiet(self, limit: float, done: Callable[[], bool] = lambda: True) -> bool:
        """Return once nothing is on its way any more and `done` says yes; False where that takes longer than `limit`
        seconds, or a client has given up."""
        start = time.monotonic()
        self._arrived = False
        looking: asyncio.Task[None] | None = None
        next_look = looked_at = start
        try:
            while True:
                self._take()
                now = time.monotonic()
                if looking is None and now >= next_look:
                    looking, looked_at = asyncio.create_task(self._look(done)), now
                if looking is not None and looking.done():
                    looking.result()
                    # Many firms make a look dear: it must not take from the services what it measures.
                    looking, next_look = None, max(looked_at + _LOOK_EVERY, now + 2 * (now - looked_at))
                doors = self.doors()
                self.audience.show(doors, self.view, self.note or self._stillness(doors, now))
                if self._arrived or self._ledger.broken or now - start > limit:
                    return self._arrived
                await asyncio.sleep(_PICTURE_EVERY)
        finally:
            if looking is not None:
                looking.cancel()
                await asyncio.wait({looking}, timeout=2)

    def _take(self) -> None:
        for fact in self._desks.drain():
            self._ledger.apply(fact)

    async def _look(self, done: Callable[[], bool]) -> None:
        settled, firms, satisfied = self._ledger.settled(), list(self._ledger.firm_ids), done()
        try:
            self.view = await self._kept.look(firms)
        except Unreachable as gone:
            self.note = part_that_is_away(self._home) or str(gone)
            return
        self.note = next(iter(self._ledger.troubles), "") or part_that_is_away(self._home)
        self._arrived = satisfied and finished(settled, firms, self.view)

    def _stillness(self, doors: Sequence[Hop], now: float) -> str:
        """A line where nothing has passed any door for a while, and firms wait."""
        passed = tuple(hop.passed for hop in doors)
        if passed != self._moved[1]:
            self._moved = (now, passed)
        still = now - self._moved[0]
        stuck = stands_still(tuple(doors))
        if still < _STILL_AFTER or (stuck is None and not self.view.overdue):
            return ""
        if stuck is None:
            return f"referral: {self.view.overdue} clocks are due, and nothing has happened for {still:.0f} s"
        return f"{stuck.name}: {stuck.waiting} waiting, and nothing has passed for {still:.0f} s"
