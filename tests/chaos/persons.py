"""Persons whose command dies under their hands, and who give it again."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

from shared.feeds.clock import HOUSE_TIME
from shared.testing.waiting import until
from tests.chaos.giving import Given, give
from tests.chaos.here import DEAD
from tests.chaos.traffic import WAYS, Traffic
from tests.chaos.world import World

Death: TypeAlias = tuple[str, str]
"""A point and its `before` or `after`."""
AT_ONCE = 3
"""Commands beside each other: each spends most of its time on starting."""
NOBODYS = """SELECT p.firm_id::text, p.codice_fiscale FROM profiles p JOIN assertions USING (firm_id)
GROUP BY 1, 2 HAVING count(*) = 1 AND min(partner) <> 'unioncamere' ORDER BY 2 LIMIT $1"""
"""Firms of which one partner speaks: what it says anew changes the profile."""
REQUESTED = """SELECT r.referral_id::text, r.need_id::text, r.partner FROM referrals r JOIN needs n USING (need_id)
JOIN firms f ON f.firm_id = r.firm_id WHERE r.status = 'requested' AND r.role = 'responsible' AND n.rerouted = 0
AND n.referral_id = r.referral_id AND f.held = 0 ORDER BY r.requested_at DESC, 1"""


class Persons:
    """Those who work at one system. `prepare` while partners still send; each way to die once they have ended."""

    def __init__(self, it: World) -> None:
        self._it = it
        self._room = asyncio.Semaphore(AT_ONCE)
        self.died = 0
        self.missed: list[str] = []

    async def prepare(self, traffic: Traffic, firms: int) -> None:
        """Let the classifier hold what it hears of so many firms, and queue something behind each."""
        store = await self._it.store("intake")
        try:
            chosen = {row["firm_id"]: int(row["codice_fiscale"][:7]) - 1 for row in await store.fetch(NOBODYS, firms)}
        finally:
            await store.close()
        assert len(chosen) == firms, f"{len(chosen)} firms have one partner each"
        store = await self._it.store("classifier")
        try:
            some = ", ".join(f"'{firm_id}'" for firm_id in chosen)
            await store.execute(
                f"ALTER TABLE assessments ADD CONSTRAINT fault CHECK (firm_id NOT IN ({some})) NOT VALID"
            )
            for _ in range(2):
                for firm in chosen.values():
                    traffic.again(firm)

            async def queued() -> bool:
                rows = await store.fetch("SELECT DISTINCT firm_id::text FROM held WHERE state = 'queued'")
                return chosen.keys() <= {row["firm_id"] for row in rows}

            await until(queued, limit=60, what="held records with others behind them")
            await store.execute("ALTER TABLE assessments DROP CONSTRAINT fault")
        finally:
            await store.close()

    async def die(self, ways: Mapping[str, Sequence[Death]]) -> None:
        """Each way's deaths, in any order; `missed` says where somebody did not die, or could not go on."""
        store = await self._it.store("classifier")
        heads = [row["id"] for row in await store.fetch("SELECT id FROM held WHERE state = 'held' ORDER BY id")]
        await store.close()
        store = await self._it.store("referral")

        async def rung() -> bool:
            due = f"SELECT count(*) FROM timers WHERE failure IS NULL AND due_at <= {HOUSE_TIME}"
            return not await store.fetchval(due)

        await until(rung, limit=60, what="the clocks that are due: what they take back is no person's any more")
        rows = [tuple(row) for row in await store.fetch(REQUESTED)]
        await store.close()
        referrals = [row for row in rows if uuid.UUID(row[0]).int % 8 not in WAYS]
        work: list[Coroutine[Any, Any, None]] = []
        for way, deaths in ways.items():
            for n, death in enumerate(deaths):
                if way == ORDER:
                    work.append(ORDERS[n % len(ORDERS)](self, death, *referrals.pop()))
                elif way in (REDRIVE, DISCARD):
                    work.append(self._aside(way, death, heads.pop()))
            if way not in (ORDER, REDRIVE, DISCARD):
                work.append(self._one_by_one(way, deaths))
        await asyncio.gather(*work)
        rest = await self._give("held redrive classifier --all")
        if rest.code != 0:
            self.missed.append(f"what was left could not be redriven: {rest.words}")

    async def _one_by_one(self, words: str, deaths: Sequence[Death]) -> None:
        """For commands of which a store knows one at a time."""
        for death in deaths:
            await self._twice(death, words)

    async def _aside(self, way: str, death: Death, head: int) -> None:
        more = ("--reason", "a test") if way == DISCARD else ()
        await self._twice(death, f"held {way} classifier {head}", *more)

    async def _cancel(self, death: Death, referral: str, need: str, partner: str) -> None:
        await self._twice(death, f"cancel {referral} --reason superseded")
        await self._was_noted_once("cancel", need)

    async def _assign(self, death: Death, referral: str, need: str, partner: str) -> None:
        await self._give(f"cancel {referral} --reason superseded")
        await self._twice(death, f"assign {need} {partner} --reason", "a test")
        await self._was_noted_once("assign", need)

    async def _correct(self, death: Death, referral: str, need: str, partner: str) -> None:
        await self._twice(death, f"correct {referral} --second-person bruno.v --reason", "a test")
        await self._was_noted_once("correct", need)

    async def _was_noted_once(self, kind: str, need: str) -> None:
        store = await self._it.store("referral")
        try:
            n = await store.fetchval("SELECT count(*) FROM commands WHERE kind = $1 AND need_id = $2", kind, need)
        finally:
            await store.close()
        if n != 1:
            self.missed.append(f"{kind} of {need} is noted {n} times")

    async def _twice(self, death: Death, words: str, *more: str) -> None:
        """Die with it, then give it again: it is done now, or goes on; or one line says that it was done."""
        first = await self._give(words, *more, dies=" ".join(death))
        if first.code != DEAD:
            self.missed.append(f"`{words}` ended with {first.code} and not at: {death}: {first.words}")
            return
        self.died += 1
        again = await self._give(words, *more)
        if again.code and (again.code, again.words.count("\n")) != (1, 1):
            self.missed.append(f"`{words}`, given again, ended with {again.code}: {again.words}")

    async def _give(self, words: str, *more: str, dies: str = "") -> Given:
        async with self._room:
            return await give(self._it.home, words, *more, dies=dies)


REDRIVE, DISCARD, ORDER = "redrive", "discard", "order"
COUNT, RESTATE = "feeds restate intake --dry-run", "feeds restate intake"
ORDERS: tuple[Callable[[Persons, Death, str, str, str], Coroutine[Any, Any, None]], ...] = (
    Persons._cancel,
    Persons._assign,
    Persons._correct,
)
"""Who dies at a point of all of them takes the next."""
COMMANDED = {
    "shared.feeds.commands": ORDER,
    "shared.feeds.redrive Redriving.discard": DISCARD,
    "shared.feeds.redrive": REDRIVE,
    "shared.feeds.restating Restating.count": COUNT,
    "shared.feeds.restating": RESTATE,
}
"""Points at which no service comes by, and the command that does; looked up by how a point's name begins."""


def command_at(point: str) -> str | None:
    """The command that comes to this point; None where it is a service's."""
    return next((way for place, way in COMMANDED.items() if point.startswith(place)), None)
