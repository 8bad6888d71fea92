"""The evening: the desks open, firms are told at an even pace, and everything is watched until nothing is on its way.

Nothing is awaited for longer than the limit, and nothing is believed: the end is the moment in which partners, stores,
and mail have nothing left to do, not a moment in which it happens to be quiet.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from cli.demo import closing
from cli.demo.checks import Evidence
from cli.demo.closing import Ending
from cli.demo.desks import Desks
from cli.demo.diagnosis import part_that_is_away
from cli.demo.firms import FIRST_NUMBER
from cli.demo.hops import Hop, Totals, finished, hops, stands_still, totals_of
from cli.demo.ledger import Ledger, company_of, need_of, rule_of
from cli.demo.mails import taken_since
from cli.demo.routes import Reaction, react
from cli.demo.script import write_script
from cli.demo.stores import Stores, View, stores
from cli.demo.submissions import Script, Submission
from cli.partner.account import sign_in
from cli.partner.letters import Heard
from deploy.local.home import Home
from shared.agreement import Agreement
from shared.errors import Unreachable

PACE = 12.0
"""Firms that are told in a second, unless that would take longer than `LONGEST`."""
LONGEST = 12.0
_LOOK_EVERY = 0.25
_PICTURE_EVERY = 0.125
_STILL_AFTER = 5.0
_SETTLES_WITHIN = 15.0


class Audience(Protocol):
    """Who watches: the board, or lines."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, doors: Sequence[Hop], view: View, note: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Evening:
    """What is left when it is over. `stuck` is the door where firms still stand, where not all have arrived."""

    evidence: Evidence
    seconds: float
    arrived: bool
    stuck: Hop | None
    note: str


async def play(
    home: Home,
    agreement: Agreement,
    *,
    firms: int,
    seed: int,
    limit: float,
    audience: Callable[[Ledger], Audience],
) -> Evening:
    """Play it. Raises `Trouble` where it cannot even begin; what goes wrong afterwards is evidence."""
    async with stores(home) as kept:
        began = datetime.now(UTC)
        script = write_script(seed, firms, await kept.first_number(FIRST_NUMBER), began)
        endings: list[Ending] = []
        ledger = Ledger(script, {company.codice_fiscale: company for company in script.companies})
        desks = Desks([sign_in(home, code) for code in agreement.partners], _answers(ledger))
        try:
            await asyncio.to_thread(desks.open)
            watch = _Watch(home, ledger, desks, kept, totals_of(script, agreement), limit)
            with audience(ledger) as watching:
                await watch.until_over(watching)
            endings = await closing.end(ledger, desks, home.mail) if watch.arrived else []
            if endings:
                await watch.until_settled()
        finally:
            await asyncio.to_thread(desks.close)
        view = watch.view
        try:
            view = await kept.look(list(ledger.firm_ids))
        except Unreachable as gone:
            watch.note = str(gone)
    mails = await asyncio.to_thread(taken_since, home.mail, began)
    stuck = None if watch.arrived else stands_still(watch.doors())
    return Evening(Evidence(ledger, view, mails, agreement, endings), watch.seconds, watch.arrived, stuck, watch.note)


def schedule(script: Script, start: float) -> dict[str, list[tuple[float, Submission]]]:
    """When each partner sends what: one firm after the other at an even pace from `start` on."""
    step = min(1 / PACE, LONGEST / len(script.roles))
    plan: dict[str, list[tuple[float, Submission]]] = {}
    for turn, role in enumerate(script.roles):
        for submission in role.submissions:
            plan.setdefault(submission.partner, []).append((start + turn * step + submission.after, submission))
    return plan


def _answers(ledger: Ledger) -> Callable[[str, Heard], Reaction | None]:
    """What a partner says of a referral of the cast for which it is responsible; nothing about anybody else's firms."""

    def answer(partner: str, heard: Heard) -> Reaction | None:
        company = company_of(heard, ledger.companies)
        if company is None or heard.data.get("role") != "responsible":
            return None
        return react(ledger.script.seed, company.place, need_of(heard), partner, rule_of(heard))

    return answer


class _Watch:
    """Looks at desks and stores until everything has arrived or the time is over."""

    def __init__(self, home: Home, ledger: Ledger, desks: Desks, kept: Stores, totals: Totals, limit: float) -> None:
        self.view = View()
        self.arrived = False
        self.seconds = 0.0
        self.note = ""
        self._home = home
        self._ledger, self._desks, self._kept, self._totals, self._limit = ledger, desks, kept, totals, limit
        self._moved: tuple[float, tuple[int, ...]] = (0.0, ())

    def doors(self) -> tuple[Hop, ...]:
        return hops(self._ledger, self.view, self._totals)

    async def until_over(self, watching: Audience) -> None:
        start = time.monotonic()
        self._desks.begin(schedule(self._ledger.script, start))
        looking: asyncio.Task[None] | None = None
        next_look = looked_at = start
        try:
            while True:
                self._take()
                now = time.monotonic()
                self.seconds = now - start
                if looking is None and now >= next_look:
                    looking, looked_at = asyncio.create_task(self._look()), now
                if looking is not None and looking.done():
                    looking.result()
                    # Many firms make a look dear: it must not take from the services what it measures.
                    looking, next_look = None, max(looked_at + _LOOK_EVERY, now + 2 * (now - looked_at))
                doors = self.doors()
                watching.show(doors, self.view, self.note or self._stillness(doors, now))
                if self.arrived or self._ledger.broken or self.seconds > self._limit:
                    return
                await asyncio.sleep(_PICTURE_EVERY)
        finally:
            if looking is not None:
                looking.cancel()
                await asyncio.wait({looking}, timeout=2)

    async def until_settled(self) -> None:
        """Until nothing that has come since is on its way, for a few seconds at most."""
        until = time.monotonic() + _SETTLES_WITHIN
        self.arrived = False
        while not self.arrived and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY)
            self._take()
            await self._look()

    def _take(self) -> None:
        for fact in self._desks.drain():
            self._ledger.apply(fact)

    async def _look(self) -> None:
        settled, firms = self._ledger.settled(), list(self._ledger.firm_ids)
        try:
            self.view = await self._kept.look(firms)
        except Unreachable as gone:
            self.note = part_that_is_away(self._home) or str(gone)
            return
        self.note = next(iter(self._ledger.troubles), "") or part_that_is_away(self._home)
        self.arrived = finished(settled, firms, self.view)

    def _stillness(self, doors: Sequence[Hop], now: float) -> str:
        """A line where nothing has passed any door for a while, and firms wait."""
        passed = tuple(hop.passed for hop in doors)
        if passed != self._moved[1]:
            self._moved = (now, passed)
        still = now - self._moved[0]
        stuck = stands_still(tuple(doors))
        if stuck is None or still < _STILL_AFTER:
            return ""
        return f"{stuck.name}: {stuck.waiting} waiting, and nothing has passed for {still:.0f} s"
