"""Partitions come and go. Where reading starts is the store's word alone.

The client swallows exceptions of its assignment callback and would go on from the group's offset, so the callback
does nothing that can fail: it pauses and marks. A task of ours then asks the store for the position and the broker
for the topic's id, seeks, and only then resumes; records of a marked partition are thrown away wherever they came
from.

A topic that is not the one we know, and a door whose log no longer has what comes next, stop and alarm: what partners
wrote there would be lost silently. A person's word, given by command, changes the position in the store; it is seen
here, and reading goes on there. A feed whose log has lost what comes next goes on from the beginning of what there is,
since its numbers will tell. Of a partition that the breaker has stopped it is seen here, too, when it may go on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from shared.feeds import breaker, store
from shared.feeds.alarms import Alarms
from shared.feeds.failures import delays
from shared.feeds.kafka import Consumer, Topics
from shared.feeds.numbers import Partition
from shared.feeds.sifting import Position
from shared.postgres.pool import Pool

log = logging.getLogger(__name__)


class Assignment:
    """Which partitions this process reads, and which of them it may believe."""

    def __init__(self, pool: Pool, topics: Topics, alarms: Alarms, is_door: Callable[[str], bool]) -> None:
        self._pool = pool
        self._topics = topics
        self._alarms = alarms
        self._is_door = is_door
        self._marked: set[Partition] = set()
        self._stopped: dict[Partition, Position | None] = {}
        self._lost: dict[Partition, int] = {}
        self._broken: set[Partition] = set()
        self._wake = asyncio.Event()
        self.seen: Callable[[Mapping[Partition, tuple[int, int]]], None] = lambda bounds: None
        self.consumer: Consumer | None = None
        self.busy = asyncio.Lock()
        """Held while a batch is applied; a partition is given up only between batches."""

    # What the client's listener calls

    def assigned(self, partitions: set[Partition]) -> None:
        assert self.consumer is not None
        for topic, partition in partitions:
            # A position, so that the client does not ask the group for one; paused, so that it is never used.
            self.consumer.seek(topic, partition, 0)
            self.consumer.pause(topic, partition)
        self._marked = set(partitions)
        self._stopped.clear()  # what stopped there will stop again if it is still so
        self._see_broken(self._broken & partitions)
        self._wake.set()

    async def revoked(self, limit: float) -> None:
        """Wait for the batch in flight. Waiting is a courtesy to the next owner; the fence is the lock in the
        database."""
        try:
            await asyncio.wait_for(self.busy.acquire(), limit)
        except TimeoutError:
            log.warning("a batch is still under way after %.0f s; the database fences it", limit)
        else:
            self.busy.release()

    # What the reading loop asks

    def readable(self, partition: Partition) -> bool:
        return partition not in self._marked and partition not in self._stopped

    def again(self, partition: Partition) -> None:
        """Read this partition once more from the store's position."""
        self._marked.add(partition)
        self._wake.set()

    def stop(self, partition: Partition, position: Position | None = None) -> None:
        """Read no further here until a person has looked at it, and has moved the store's position from `position`."""
        self._stopped[partition] = position
        if self.consumer is not None and partition in self.consumer.assigned():
            self.consumer.pause(*partition)

    @property
    def stopped(self) -> set[Partition]:
        """Partitions that are ours and that only a person can set going again."""
        return set(self._stopped)

    @property
    def broken(self) -> set[Partition]:
        """Those of them that the breaker has stopped."""
        return set(self._broken)

    def went_on(self, partition: Partition, position: Position) -> None:
        """Something was applied. Where a log had lost what comes next, the next number shows that no more is missing
        than what the gap's own alarm tells."""
        if partition in self._lost and position.sequence > self._lost[partition]:
            del self._lost[partition]
            self._alarms.clear(f"position {_name(partition)}")

    @property
    def settled(self) -> bool:
        """Every assigned partition is being read, or stopped with an alarm."""
        return self.consumer is not None and not self._marked

    @property
    def partitions(self) -> set[Partition]:
        return self.consumer.assigned() if self.consumer else set()

    # The task

    async def run(self) -> None:
        pauses = delays()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._settle()
                pauses = delays()
            except Exception as error:
                pause = next(pauses)
                log.warning("cannot position yet, again in %.1f s: %s: %s", pause, type(error).__name__, error)
                await asyncio.sleep(pause)
                self._wake.set()

    async def check(self) -> dict[Partition, int]:
        """Look whether the logs still have what comes next; a partition that lost it is positioned anew.

        Gives the next offset of each readable partition that has more to read.
        """
        if self.consumer is None or self._marked:
            return {}
        if self._broken:
            for key in self._broken - await breaker.broken(self._pool, self._broken):
                self.again(key)
        ids = await self._topics.ids({topic for topic, _ in self.consumer.assigned()})
        await self._see_words()
        for key in self.consumer.assigned():
            if key[0] not in ids and self.readable(key):
                self.again(key)
        mine = {key for key in self.consumer.assigned() if self.readable(key)}
        if not mine:
            return {}
        positions = await store.read_positions(self._pool, mine)
        unread = {}
        bounds = await self.consumer.bounds(mine)
        self.seen(bounds)
        for key, (begin, end) in bounds.items():
            if key not in positions:
                continue
            if not begin <= positions[key].next_offset <= end or ids.get(key[0]) != positions[key].topic_id:
                self.again(key)
            elif positions[key].next_offset < end:
                unread[key] = positions[key].next_offset
        return unread

    async def _see_words(self) -> None:
        """Read on where a person has moved the position of a partition that stopped."""
        stopped = {key: at for key, at in self._stopped.items() if at is not None and key not in self._broken}
        if not stopped:
            return
        positions = await store.read_positions(self._pool, stopped)
        for key, at in stopped.items():
            now = positions.get(key)
            if now is not None and (now.topic_id, now.next_offset) != (at.topic_id, at.next_offset):
                self.again(key)

    async def _settle(self) -> None:
        assert self.consumer is not None
        assigned = self._marked & self.consumer.assigned()
        self._marked &= assigned
        ids = await self._topics.ids({topic for topic, _ in assigned})
        wanted = {key for key in assigned if key[0] in ids}
        if wanted:
            await self._position(wanted, ids)
        for topic in ids:
            self._alarms.clear(f"topic {topic}")
        if missing := sorted({topic for topic, _ in assigned - wanted}):
            for topic in missing:
                self._alarms.raise_(f"topic {topic}", f"{topic} does not exist: run `portolano provision`.")
            raise LookupError(f"there is no topic {', '.join(missing)}")

    async def _position(self, wanted: set[Partition], ids: Mapping[str, str]) -> None:
        assert self.consumer is not None
        async with self.busy:
            async with self._pool.acquire() as connection, connection.transaction():
                await store.begin_positions(connection, {key: ids[key[0]] for key in wanted})
                positions, _ = await store.lock_positions(connection, list(wanted))
                # Asked under the lock: bounds from before could lie behind what somebody else has committed meanwhile.
                bounds = await self.consumer.bounds(wanted)
                for key in wanted:
                    self._stopped.pop(key, None)
                for key in wanted:
                    position = positions[key]
                    start = self._start(key, position, ids[key[0]], bounds[key])
                    if start is None:
                        self._stopped[key] = position
                        continue
                    if self._is_door(key[0]):
                        self._alarms.clear(f"gap {_name(key)}")  # if it is still there, it will be met again
                    if start != position:
                        await store.restart_position(connection, start)
                    positions[key] = start
                found = await breaker.broken(connection, wanted)
            self._stopped |= dict.fromkeys(found)
            self._see_broken(self._broken - wanted | found)
            for topic, partition in wanted & self.consumer.assigned():
                if (topic, partition) in self._stopped:
                    self.consumer.pause(topic, partition)  # whoever came here by `again` is still being fetched
                    continue
                self.consumer.seek(topic, partition, positions[topic, partition].next_offset)
                self.consumer.resume(topic, partition)
            self._marked = (self._marked - wanted) & self.consumer.assigned()

    def _see_broken(self, broken: set[Partition]) -> None:
        """These and no others are stopped by the breaker."""
        for topic, partition in self._broken - broken:
            self._alarms.clear(f"breaker {topic}/{partition}")
        self._broken = broken
        for topic, partition in broken:
            self._alarms.raise_(f"breaker {topic}/{partition}", breaker.told(topic, partition))

    def _start(self, key: Partition, position: Position, topic_id: str, bounds: tuple[int, int]) -> Position | None:
        """Where to begin: the stored position, a mended one, or None where only a person can say."""
        name, (begin, end) = _name(key), bounds
        alarm = f"position {name}"
        word = f"`portolano feeds accept {key[0]} --reason …`"
        if position.topic_id != topic_id and (self._is_door(key[0]) or position.sequence > 0):
            self._alarms.raise_(
                alarm,
                f"{name} is another topic than the one that was read (it was deleted and made again): "
                f"reading stops until {word}.",
            )
            return None
        if begin <= position.next_offset <= end:
            self._alarms.clear(alarm)
            return replace(position, topic_id=topic_id)
        text = f"{name} has offsets {begin} to {end}, {position.next_offset} comes next"
        if self._is_door(key[0]):
            self._alarms.raise_(alarm, f"{text}: records were removed unread, reading stops until {word}.")
            return None
        if position.sequence > 0:
            self._alarms.raise_(alarm, f"{text}: records were removed; `portolano feeds republish {key[0]}`.")
            self._lost[key] = position.sequence
        return replace(position, topic_id=topic_id, next_offset=begin)


def _name(key: Partition) -> str:
    return f"{key[0]}/{key[1]}"
