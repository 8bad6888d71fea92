"""A restored store decides again what it had decided, each transaction at the time at which it was.

It is the service's own code that decides. What it says and had said already is not said again: it stands in Kafka, and
is only compared. What it says besides, because that was lost before it was published or because it decides otherwise
than before, gets the next numbers.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds import recovered, store, timers
from shared.feeds.batches import Transactions
from shared.feeds.commands import TRIES
from shared.feeds.failures import Outdated, deciding
from shared.feeds.numbers import Layout, Partition
from shared.feeds.records import Arrived, Packed, by_feed, event_id_of
from shared.feeds.script import Own, Step, said_of
from shared.feeds.speech import C, Said, Work
from shared.feeds.subscriptions import Recall, Source, Word
from shared.feeds.timers import Due, When
from shared.postgres.pool import Connection, Pool

log = logging.getLogger(__name__)


class New(Exception):
    """What is decided would be said for the first time: it was not decided in the lost life."""


@dataclass(slots=True)
class Told:
    """What became of the replay so far."""

    steps: int = 0
    again: int = 0
    """Records that were decided again as they had been said."""
    otherwise: list[str] = field(default_factory=list)
    """Where something was decided again and reads otherwise than it was said."""
    new: int = 0
    """Records that are said for the first time."""
    refused: list[str] = field(default_factory=list)
    """Why what no record had caused could not be done again."""


class Replaying(Transactions[C]):
    """The transactions of a store that is brought forward. `begin` first; then step after step."""

    @property
    def pool(self) -> Pool:
        return self._pool

    @property
    def sources(self) -> Mapping[str, Source[C]]:
        return self._sources

    def begin(
        self,
        generation: str,
        own: Sequence[Own],
        when: Sequence[When[C]],
        recall: Recall[C] | None,
        restated: frozenset[str],
    ) -> None:
        """`own` is what was said and is not decided again yet; what is new is said in `generation`. Of the types
        `restated` is what repeats the state, by a person's command: nothing follows from it."""
        self._restated = restated
        self.layout = replace(self.layout, generation=generation, said=frozenset())
        self._own = {one.event_id: one for one in own}
        self._when = {kind: one for one in when for kind in one.kinds}
        self._recall = recall
        self.told = Told()
        self._step = Step(datetime.min)
        self._stopped: set[Partition] = set()
        self._done: set[str] = set()

    async def replay(self, step: Step, read: Mapping[Partition, Sequence[Arrived]]) -> None:
        """Decide one step. `read` are the records of each partition that come next."""
        self._step = step
        groups = {
            key: [record for record in read[key] if record.offset <= upto]
            for key, upto in step.upto.items()
            if key not in self._stopped
        }
        if groups:
            try:
                await self._again(groups)
            except New:
                self._stopped.update(groups)  # from here on it is the service's own work, once it runs
        if repeats := [word.event_id for word in step.words if word.type in self._restated]:
            async with self._pool.acquire() as connection, connection.transaction():
                await recovered.decided(connection, repeats)
            self._done.update(repeats)
            self.told.again += len(repeats)
        clocks = [word for word in step.words if word.clock is not None]
        if clocks:
            await self._ring(clocks)
        words = [word for word in step.words if word.clock is None]
        if words and self._recall is not None:
            await self._remember(words, self._recall)
        self.told.steps += 1

    async def _again(self, groups: dict[Partition, list[Arrived]]) -> None:
        for _ in range(TRIES):
            with suppress(Outdated):
                done = await self._divide(groups, frozenset())
                if done.gaps:
                    raise Trouble(f"{done.gaps[0]}: its writer must publish it again before this can go on")
                return
        raise Trouble("what the records touch changes faster than it can be locked: does a process still run?")

    def _moment(self, now: datetime) -> datetime:
        return self._step.at

    async def _number(
        self, connection: Connection, layout: Layout, records: Mapping[str, list[Packed]]
    ) -> list[store.Row]:
        fresh: dict[str, list[Packed]] = {}
        known: list[Own] = []
        otherwise: list[str] = []
        for feed, some in records.items():
            for record in some:
                own = self._own.get(event_id_of(record))
                if own is None:
                    fresh.setdefault(feed, []).append(record)
                    continue
                known.append(own)
                if own.record.value != record.value or own.feed != feed:
                    parts = ", ".join(differing(own.record.value, record.value)) or "its partition"
                    otherwise.append(f"{own.feed} {own.sequence}: {own.type}, in {parts}")
        if fresh and self._step.silent and self._step.tail:
            raise New
        if known:
            await recovered.decided(connection, [own.event_id for own in known])
        rows = await store.number(connection, layout, fresh)
        self._done.update(own.event_id for own in known)
        self.told.again += len(known)
        self.told.otherwise += otherwise
        self.told.new += sum(map(len, fresh.values()))
        return rows

    async def _ring(self, words: Sequence[Own]) -> None:
        """Hear the timers that had said this."""
        by_id = {one.event_id: one for one in words}
        kinds = sorted({(one.type, one.to) for one in words})
        versions = sorted({one.clock for one in words if one.clock is not None})
        firms = _firms(words)
        async with self._pool.acquire() as connection, connection.transaction():
            await store.lock_firms(connection, firms)
            had: dict[timers.Key, int] = {}
            standing = []
            for due in await timers.armed(connection, firms):
                for version in versions:
                    if said_of(Due(due.timer, version).cause.id, by_id, kinds):
                        had[due.timer.key] = version
                        standing.append(due)
            taken = [Due(one.timer, had[one.timer.key]) for one in (await timers.take(connection, standing)).due]
            work = self._work(connection)
            said: list[Said] = []
            for due in taken:
                with deciding():
                    said += await self._when[due.timer.kind].handler([due], work)
            await self._number(connection, self.layout, by_feed(said + work.said, self._step.at, self.layout))

    async def _remember(self, words: Sequence[Own], recall: Recall[C]) -> None:
        """Do again what somebody had done by hand, or outside: the record of it says all that is needed."""
        for own in words:
            if own.event_id in self._done:
                continue  # an order says several things
            word = Word(own.type, own.firm_id, own.at, own.data, own.order)
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await store.lock_firms(connection, _firms([own]))
                    work = self._work(connection)
                    said = await recall(word, work)
                    await self._number(connection, self.layout, by_feed(said + work.said, self._step.at, self.layout))
            except Trouble as trouble:
                self.told.refused.append(f"{own.feed} {own.sequence}: {own.type}: {trouble}")

    def _work(self, connection: Connection) -> Work[C]:
        return Work(connection=connection, now=self._step.at, context=self._context, clock=self.clock)


def differing(said: bytes, now: bytes) -> list[str]:
    """The names of the members in which two JSON documents differ, without what stands in them; a member's members go
    after a dot."""
    return _differing(msgspec.json.decode(said), msgspec.json.decode(now), "")


def _differing(one: object, other: object, name: str) -> list[str]:
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted(one.keys() | other.keys())
        return [part for n in names for part in _differing(one.get(n), other.get(n), f"{name}.{n}" if name else n)]
    return [name or "all of it"]


def _firms(words: Sequence[Own]) -> list[FirmId]:
    return sorted({one.firm_id for one in words if one.firm_id is not None})
