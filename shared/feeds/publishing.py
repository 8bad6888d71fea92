"""Rows handed to Kafka, feed by feed, and what became of them.

The producer is made when there is something to send. It must not outlive an error: whoever uses it throws it away
then, and sends again from the cursor.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.feeds.doubts import Displaced
from shared.feeds.journal import Cursor, Session
from shared.feeds.kafka import Access, Producer
from shared.feeds.numbers import split_feed
from shared.feeds.records import Headers, Numbering, Packed, numbered
from shared.feeds.store import Row
from shared.feeds.traces import Traces

ANSWER = 15.0
"""Seconds that a sending may take before it is given up and sent again from the cursor."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a feed's records: how many are acknowledged without a hole, and what happened to the first that
    is not."""

    acknowledged: int
    wrong: BaseException | None = None


class Publisher:
    """Of one relay: its producer."""

    def __init__(self, access: Access, name: str) -> None:
        self._access = access
        self._name = name
        self._producer: Producer | None = None
        self.forks: Mapping[str, Mapping[str, int]] = {}
        """The generations of the store, each with the numbers at which its feeds forked off."""
        self.traces: Traces | None = None

    async def send(
        self, rows: Mapping[str, Sequence[Row]], mine: Mapping[str, Cursor], session: Session
    ) -> dict[str, Sent]:
        """Send the rows that follow each feed's cursor. Raises `ConnectionError` where the session, and with it the
        locks, may have ended."""
        await session.still_ours()
        try:
            if self._producer is None:
                producer = Producer(self._access, self._name)
                await producer.start()
                self._producer = producer
        except Exception as error:
            return {feed: Sent(0, error) for feed in rows}
        producer = self._producer
        began = time.time_ns()
        became: dict[str, Sent] = {}
        sent: dict[str, list[tuple[int, asyncio.Future[Any]]]] = {}

        async def hand_over(feed: str) -> None:
            """Feeds beside each other: one whose topic is not there must not keep the others waiting."""
            try:
                async with asyncio.timeout(ANSWER):
                    records = self._records(feed, rows[feed], mine[feed].published)
                    sent[feed] = await producer.send(*split_feed(feed), records)
            except Exception as refused:
                became[feed] = Sent(0, refused)

        await session.while_ours(asyncio.gather(*[hand_over(feed) for feed in rows]))
        futures = [future for some in sent.values() for _, future in some]
        if futures:
            await session.while_ours(asyncio.wait(futures, timeout=ANSWER))
        for feed, acknowledgements in sent.items():
            cursor = mine[feed]
            became[feed] = _prefix(acknowledgements, cursor.published + 1 - cursor.begins)
            if self.traces is not None:
                self.traces.published(feed, rows[feed], cursor.published, became[feed].acknowledged, began)
        return became

    def _records(self, feed: str, rows: Sequence[Row], published: int) -> Iterator[tuple[Packed, Headers]]:
        """The records after the cursor with their numbers; the first row may have been published in part."""
        for row in rows:
            fork = self.forks.get(row.generation, {}).get(feed)
            for sequence, record in enumerate(row.records, row.first):
                if sequence > published:
                    begins = fork is not None and sequence == fork + 1
                    yield record, numbered(record, Numbering(sequence, row.generation, fork if begins else None))

    async def discard(self) -> None:
        """Throw the producer away, with whatever it has under way."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.discard()

    async def stop(self) -> None:
        """Let it end in peace: nothing is under way."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()


def _prefix(batches: Sequence[tuple[int, "asyncio.Future[Any]"]], least: int) -> Sent:
    """What became of these batches. `least`: the first of them can stand at this offset or later."""
    acknowledged = 0
    for n, future in batches:
        if not future.done():
            future.cancel()
            return Sent(acknowledged, TimeoutError("no acknowledgement"))
        if future.cancelled():
            return Sent(acknowledged, TimeoutError("cancelled"))
        if error := future.exception():
            return Sent(acknowledged, error)
        if 0 <= future.result().offset < least + acknowledged:
            return Sent(acknowledged, Displaced())
        acknowledged += n
    return Sent(acknowledged)
