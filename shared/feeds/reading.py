"""The reading loop: what FastStream hands over goes to the store, and gaps are dealt with.

A gap is believed only when it is seen twice, because records fetched before a seek look like one. Once believed it is
an alarm, and the partition is scanned forward, with the stored position unmoved, until the missing number comes (its
writer was told to publish again); reading goes on there. At a door there is nobody who could publish again: reading
stops.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic

from shared.feeds.alarms import Alarms
from shared.feeds.assignment import Assignment
from shared.feeds.batches import Transactions
from shared.feeds.lag import Lag
from shared.feeds.numbers import Partition
from shared.feeds.records import Arrived, numbering_of
from shared.feeds.relay import Relay
from shared.feeds.sifting import Gap, Position, continues
from shared.feeds.speech import C
from shared.feeds.subscriptions import Source

log = logging.getLogger(__name__)


MOST_BYTES = 1 << 20
"""Values of the records that one transaction takes. What a partner sends may cost as much to read as it is long: a
fetch's megabytes in one piece would keep the position, and all that runs here besides, for seconds."""


def portions(records: Sequence[Arrived]) -> Iterator[Sequence[Arrived]]:
    """The records in their order, in pieces of at most so many bytes; a larger record is a piece of its own."""
    begin = size = 0
    for end, record in enumerate(records):
        own = len(record.value or b"")
        if size and size + own > MOST_BYTES:
            yield records[begin:end]
            begin, size = end, 0
        size += own
    yield records[begin:]


class Reader(Generic[C]):
    def __init__(
        self,
        transactions: Transactions[C],
        assignment: Assignment,
        relay: Relay,
        alarms: Alarms,
        sources: Mapping[str, Source[C]],
        stopping: asyncio.Event,
    ) -> None:
        self._transactions = transactions
        self._assignment = assignment
        self._relay = relay
        self._alarms = alarms
        self._sources = sources
        self._stopping = stopping
        self._suspected: dict[Partition, str] = {}
        self._scanned: dict[Partition, Position] = {}
        self._offsets: dict[Partition, int] = {}
        self.applied = 0
        self.progressed_at = time.monotonic()
        self.lag: Lag | None = None
        self.gap_met: Callable[[str], None] = lambda topic: None

    async def receive(self, records: Sequence[Arrived]) -> None:
        """Apply a batch. Never raises: whatever left this function would be lost, since FastStream only logs it."""
        try:
            async with self._assignment.busy:
                for some in portions(records):
                    await self._receive(some)
        except Exception:
            log.exception("reading failed; the partitions are read again from the store's position")
            for record in records:
                self._assignment.again((record.topic, record.partition))

    def forget(self, partitions: set[Partition]) -> None:
        """After a new assignment nothing that was suspected before counts."""
        for key in partitions:
            self._suspected.pop(key, None)
            self._scanned.pop(key, None)

    async def _receive(self, records: Sequence[Arrived]) -> None:
        groups: dict[Partition, list[Arrived]] = {}
        for record in records:
            key = (record.topic, record.partition)
            if self._assignment.readable(key):
                groups.setdefault(key, []).append(record)
        resumed = set()
        for key in self._scanned.keys() & groups.keys():
            groups[key] = self._from_the_missing_one(key, groups[key])
            if groups[key]:
                resumed.add(key)
            else:
                del groups[key]
        if not groups or self._stopping.is_set():
            return
        done = await self._transactions.apply(groups, frozenset(resumed), self._stopping)
        if done is None:
            return
        self._relay.publish(done.rows)
        self.progressed_at = time.monotonic()
        self.applied += done.consumed
        self._note_age(groups)
        for key in done.broken:
            self._assignment.again(key)  # which finds the breaker open, like any other process that is given it
        gaps = {(gap.topic, gap.partition): gap for gap in done.gaps}
        for key, position in done.positions.items():
            self._offsets[key] = position.next_offset
            if key in resumed:
                del self._scanned[key]
                self._alarms.clear(f"gap {key[0]}/{key[1]}")
            if key not in gaps:
                self._suspected.pop(key, None)
                self._assignment.went_on(key, position)
        for key, gap in gaps.items():
            self._meet(key, gap, done.positions[key])

    def _note_age(self, groups: Mapping[Partition, Sequence[Arrived]]) -> None:
        if self.lag is not None:
            now, clock = time.monotonic(), time.time()
            for key, records in groups.items():
                self.lag.read(key, clock - records[-1].timestamp / 1000, now)

    def _from_the_missing_one(self, key: Partition, records: list[Arrived]) -> list[Arrived]:
        position = self._scanned[key]
        for index, record in enumerate(records):
            numbering = numbering_of(record.headers)
            if numbering is not None and record.offset >= position.next_offset and continues(position, numbering):
                return records[index:]
        return []

    def _meet(self, key: Partition, gap: Gap, position: Position) -> None:
        if self._suspected.get(key) != gap.expected:
            log.warning("%s; reading once more from the store's position", gap)
            self._suspected[key] = gap.expected
            self._assignment.again(key)
            return
        name = f"gap {key[0]}/{key[1]}"
        self.gap_met(key[0])
        if self._sources[key[0]].door is not None:
            self._alarms.raise_(
                name,
                f"{gap}: records were removed unread, reading stops until "
                f"`portolano feeds accept {key[0]} --reason …`.",
            )
            self._assignment.stop(key, position)
            return
        self._alarms.raise_(
            name, f"{gap}: run `portolano feeds republish {key[0]}/{key[1]} --from {position.sequence + 1}`."
        )
        self._scanned[key] = position
        self._assignment.again(key)

    @property
    def gaps(self) -> int:
        """Partitions that wait for a missing number."""
        return len(self._scanned)

    def scans(self, key: Partition) -> bool:
        """Whether a missing number is waited for here: then standing still is as it should be."""
        return key in self._scanned

    async def hint(self) -> None:
        """Once a second, tell the group how far we are."""
        while True:
            await asyncio.sleep(1.0)
            offsets, self._offsets = self._offsets, {}
            if offsets and self._assignment.consumer is not None:
                try:
                    await asyncio.wait_for(self._assignment.consumer.hint(offsets), 5.0)
                except Exception as error:
                    log.debug("the hint to the group failed: %s", error)
