"""Bringing a store forward that was restored from an older copy, beside newer peers and a newer Kafka.

What the store had said since the copy stands in Kafka, and so does what it had heard. The lost numbers come back into
the journal, and a new generation forks off behind them; then the service's own code decides again all that it had
decided, in the order and at the times that its own records tell (`script`, `replay`). Every step is a transaction that
takes out of `recovered` what it has decided: whoever is killed goes on where it was, with the same command.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic

import msgspec

from shared.errors import Trouble
from shared.feeds import recovered, store
from shared.feeds.journal import Session
from shared.feeds.kafka import Access, Stretch, Topics, read_logs
from shared.feeds.numbers import Partition, feeds_of, split_feed
from shared.feeds.records import Arrived, numbering_of
from shared.feeds.recovered import Lost, lost_of, own_records
from shared.feeds.replay import Replaying, Told
from shared.feeds.restored import beyond, judge, read_tops
from shared.feeds.script import Input, Own, Step, script
from shared.feeds.sifting import Position, sift_door, sift_feed
from shared.feeds.speech import C
from shared.feeds.subscriptions import Recall, Subscription
from shared.feeds.timers import When
from shared.feeds.unrecoverable import refuse_discarded, refuse_moved, same_life
from shared.postgres.pool import Address, Connection

SLACK = 1000
"""Records more than there are lost numbers that are read of a feed at first: its relays may have repeated some."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be done. `under_way`: the numbers are back already, and it goes on from there."""

    under_way: bool
    lost: Sequence[Lost]
    own: Sequence[Own]
    heads: Mapping[str, int]
    positions: Mapping[Partition, Position]
    read: Mapping[Partition, Sequence[Arrived]]
    steps: Sequence[Step]

    @property
    def nothing(self) -> bool:
        return not self.under_way and not self.lost


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. `undecided`: what was said in the lost life, and nothing says why; `held`: records that are set
    aside."""

    told: Told
    undecided: list[str] = field(default_factory=list)
    held: int = 0


class Recovery(Generic[C]):
    """Recovers one service, in the operator's process."""

    def __init__(
        self,
        replaying: Replaying[C],
        access: Access,
        address: Address,
        subscriptions: Sequence[Subscription],
        timers: Sequence[When[C]],
        partners: Sequence[str],
        recall: Recall[C] | None,
        restated: frozenset[str],
    ) -> None:
        self._replaying = replaying
        self._access, self._address = access, address
        self._timers, self._recall, self._restated = timers, recall, restated
        self.layout = replaying.layout
        self._name = f"{self.layout.service}-recover"
        says = tuple({event: None for table in (subscriptions, timers) for one in table for event in one.says})
        self._feeds = feeds_of(says, tuple(partners), self.layout)
        self._sources = replaying.sources

    async def look(self) -> Found:
        """What Kafka has that the store has not. Raises `Trouble` where it cannot be brought back."""
        tops = await read_tops(self._access, self._name, self._feeds)
        if missing := sorted(set(self._feeds) - tops.keys()):
            raise Trouble(f"{missing[0]} cannot be read: without its topic nobody knows what was said there")
        await self._refuse_if_grown()
        async with self._replaying.pool.acquire() as connection:
            findings = await judge(connection, tops)
            under_way = await recovered.under_way(connection) is not None
            heads = await self._heads(connection)
            await self._replaying.clock.learn(connection)
            behind = {
                feed: heads.get(feed, 0)
                for feed in findings
                if (top := tops[feed]) is not None and top.number > heads.get(feed, 0)
            }
            if strange := sorted(findings.keys() - behind.keys()):
                raise Trouble(f"{findings[strange[0]]}: this store has spoken since it was restored; put the copy back")
            lost = await self._lost(connection, behind) if behind else []
            own = await recovered.left(connection, self.layout.prefix) if under_way else []
        own = [*own, *own_records(lost, self.layout.prefix)]
        refuse_discarded(own)
        refuse_moved(own, self.layout.partitions)
        if not own and not under_way:
            return Found(False, (), (), heads, {}, {}, ())
        positions = await self._positions()
        logs = await read_logs(
            self._access, self._name, sorted(positions), lambda key, begin, end: positions[key].next_offset
        )
        inputs = {key: self._inputs(positions[key], log) for key, log in logs.items()}
        read = {key: log.records for key, log in logs.items()}
        return Found(under_way, lost, own, heads, positions, read, script(own, inputs))

    async def _heads(self, connection: Connection) -> dict[str, int]:
        rows = await connection.fetch("SELECT feed, sequence FROM feeds WHERE feed = ANY($1)", self._feeds)
        return {row["feed"]: row["sequence"] for row in rows}

    async def _refuse_if_grown(self) -> None:
        """Raises `Trouble` where something stands in partitions that the store does not know."""
        more = await beyond(self._access, self._feeds)
        tops = await read_tops(self._access, self._name, more) if more else {}
        if strange := sorted(feed for feed, top in tops.items() if top is not None):
            told = f"{strange[0]} is written, and the store knows {self.layout.partitions} partitions"
            raise Trouble(f"{told}: they grew since this copy was made; put one of afterwards in place")

    async def _lost(self, connection: Connection, behind: Mapping[str, int]) -> list[Lost]:
        partitions = {split_feed(feed): feed for feed in behind}

        def near(key: Partition, begin: int, end: int) -> int:
            return end - 2 * (tops[partitions[key]] - behind[partitions[key]]) - SLACK

        tops = {
            feed: top.number
            for feed, top in (await read_tops(self._access, self._name, sorted(behind))).items()
            if top is not None
        }
        logs = await read_logs(self._access, self._name, sorted(partitions), near)
        far = sorted(key for key, log in logs.items() if _first(log.records) > behind[partitions[key]] + 1)
        if far:
            logs |= await read_logs(self._access, self._name, far, lambda key, begin, end: begin)
        for key, feed in partitions.items():
            await same_life(connection, feed, behind[feed], logs[key].records)
        return [lost_of(feed, behind[feed], logs[key].records) for key, feed in sorted(partitions.items())]

    async def _positions(self) -> dict[Partition, Position]:
        """Where the store stands in all that it hears."""
        topics = Topics(self._access)
        counts = await topics.partitions(self._sources)
        if missing := sorted(self._sources.keys() - counts.keys()):
            raise Trouble(f"{missing[0]} is not there: what was heard on it since the copy is lost")
        partitions = {(topic, k) for topic, n in counts.items() for k in range(n)}
        ids = await topics.ids(sorted(self._sources))
        known = await store.read_positions(self._replaying.pool, partitions)
        for (topic, partition), position in known.items():
            if position.topic_id != ids[topic]:
                raise Trouble(f"{topic}/{partition} is another topic than the one that was read: it was made again")
        return {key: known.get(key) or Position(*key, ids[key[0]], 0) for key in partitions}

    def _inputs(self, position: Position, log: Stretch) -> list[Input]:
        if not log.begin <= position.next_offset <= log.end:
            told = f"{position.topic}/{position.partition} has offsets {log.begin} to {log.end}"
            raise Trouble(
                f"{told}, {position.next_offset} comes next: what was heard since the copy is not kept any more"
            )
        if self._sources[position.topic].door is not None:
            return [
                Input(record.offset, f"{position.topic_id}/{record.partition}/{record.offset}", self._came(record))
                for record in sift_door(position, log.records).fresh
            ]
        return [
            Input(record.offset, _event_id(record), self._came(record))
            for record in sift_feed(position, log.records).fresh
        ]

    def _came(self, record: Arrived) -> datetime:
        return self._replaying.clock.told(datetime.fromtimestamp(record.timestamp / 1000, UTC))

    async def carry_out(self, found: Found, by: str, progress: Callable[[int, int], None]) -> Done:
        """Bring the store forward; `by` is who ordered it. Raises `Trouble` while a process of the service runs."""
        session = await Session.open(self._address, self._name)
        try:
            taken = await session.claim(self._feeds)
            if len(taken) < len(self._feeds):
                raise Trouble(f"a process of {self.layout.service} runs, or another recovery: it must end first")
            return await self._carry_out(found, by, progress)
        finally:
            await session.close()

    async def _carry_out(self, found: Found, by: str, progress: Callable[[int, int], None]) -> Done:
        replaying = self._replaying
        async with replaying.pool.acquire() as connection, connection.transaction():
            generation = await recovered.under_way(connection)
            if (generation is not None) != found.under_way or await self._heads(connection) != found.heads:
                raise Trouble("another recovery has gone on meanwhile: give the command again")
            if found.lost:
                if generation is not None:
                    raise Trouble("the store was restored in the middle of its recovery: put the copy back once more")
                heads = {feed: found.heads.get(feed, 0) for feed in self._feeds}
                generation = await recovered.take_back(connection, found.lost, found.own, heads, by)
                await store.begin_positions(connection, {key: one.topic_id for key, one in found.positions.items()})
            elif await recovered.count_left(connection) != len(found.own):
                raise Trouble("another recovery has gone on meanwhile: give the command again")
        assert generation is not None, "there was something lost, or it was under way"
        replaying.begin(generation, found.own, self._timers, self._recall, self._restated)
        for n, step in enumerate(found.steps):
            await replaying.replay(step, found.read)
            progress(n + 1, len(found.steps))
        async with replaying.pool.acquire() as connection, connection.transaction():
            rest = await recovered.left(connection, self.layout.prefix)
            held = await connection.fetchval("SELECT count(*) FROM held WHERE state IN ('held', 'queued')")
            await recovered.end(connection)
        undecided = [f"{one.feed} {one.sequence}: {one.type}" for one in rest]
        return Done(replaying.told, undecided, held)


def _first(records: Sequence[Arrived]) -> int:
    numbers = (numbering.sequence for record in records if (numbering := numbering_of(record.headers)) is not None)
    return next(numbers, 0)


class _Id(msgspec.Struct):
    id: str = ""


def _event_id(record: Arrived) -> str:
    try:
        return msgspec.json.decode(record.value or b"", type=_Id).id
    except msgspec.MsgspecError:
        return ""
