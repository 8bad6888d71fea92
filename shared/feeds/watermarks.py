"""Until when a partner's topic was read for certain: what a deadline may rest on.

The database is asked for the time, then the broker for the end of the log: whatever was appended until that time lies
before that end. Once the store's position has reached it, all of it has taken effect. Any process may find that out,
whoever reads the topic.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.feeds import store
from shared.feeds.clock import Clock
from shared.feeds.sifting import Position
from shared.postgres.pool import Pool

log = logging.getLogger(__name__)

Bounds = Callable[[Iterable[tuple[str, int]]], Awaitable[Mapping[tuple[str, int], tuple[int, int]]]]
Ids = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]

GRACE = timedelta(seconds=2)
"""By how much the broker's clock and the database's may differ, and what is being appended may still come."""


@dataclass(frozen=True, slots=True)
class _Asked:
    at: datetime
    end: int


@dataclass(frozen=True, slots=True)
class _Log:
    """A partition as the broker has it."""

    topic_id: str
    begin: int
    end: int

    def continues(self, position: Position) -> bool:
        """Whether it is the one that was read so far, with all that comes next."""
        return self.topic_id == position.topic_id and self.begin <= position.next_offset


class Watermarks:
    """What one process has found out; topics are named without prefix and have one partition."""

    def __init__(self, pool: Pool, clock: Clock, prefix: str, bounds: Bounds, ids: Ids) -> None:
        self._pool, self._clock, self._prefix = pool, clock, prefix
        self._bounds, self._ids = bounds, ids
        self._asked: dict[str, _Asked] = {}
        self.read: dict[str, datetime] = {}
        """Topic -> until when it was read, in the time of the house."""

    async def look(self, topics: Sequence[str]) -> None:
        """Ask for the end of these topics and see how far they were read. Raises what the database raises.

        A topic that is not the one that was read, that has lost what comes next, or of which the broker says nothing,
        is not read for certain; the others are.
        """
        if not topics:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            now = await self._clock.now(connection)
        wanted = {topic: (self._prefix + topic, 0) for topic in topics}
        answers = await asyncio.gather(*(self._ask(key) for key in wanted.values()))
        positions = await store.read_positions(self._pool, list(wanted.values()))
        for (topic, key), answer in zip(wanted.items(), answers, strict=True):
            position = positions.get(key)
            if answer is None or position is None or not answer.continues(position):
                self._asked.pop(topic, None)
                continue
            asked = self._asked.setdefault(topic, _Asked(now, answer.end))
            if position.next_offset >= asked.end:
                self.read[topic] = asked.at - GRACE
                del self._asked[topic]

    async def _ask(self, key: tuple[str, int]) -> _Log | None:
        try:
            (begin, end), ids = (await self._bounds([key]))[key], await self._ids([key[0]])
        except Exception as error:
            log.warning("the end of %s is not known, its deadlines wait: %s", key[0], type(error).__name__)
            return None
        return _Log(ids[key[0]], begin, end)
