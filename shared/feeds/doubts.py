"""Feeds on which a relay must not send now, because their log is not, or may not be, what was published on it.

The logs themselves are looked at when a feed is taken, every few seconds, and before anything is sent again after an
error. A log that was deleted and made again, or has lost its end, gets nothing more until a person has had it
published again; what is wrong with it is an alarm.
"""

import asyncio
from collections.abc import Callable, Mapping

from shared.feeds.alarms import Alarms
from shared.feeds.journal import Cursor
from shared.feeds.kafka import Topics
from shared.feeds.logs import Log, Published, fault, lost
from shared.feeds.numbers import split_feed

EVERY = 5.0
"""Seconds between two looks."""
SOON = 0.5
"""The same while a feed waits for one."""


class Displaced(Exception):
    """Records were acknowledged before the place at which they can stand: the log has lost what stood before them."""


class Doubts:
    """Of one relay, about the feeds that it holds."""

    def __init__(self, topics: Topics, alarms: Alarms, wake: Callable[[], None]) -> None:
        self._topics, self._alarms, self._wake = topics, alarms, wake
        self._unsure: set[str] = set()
        self._wrong: set[str] = set()
        self._displaced: set[str] = set()
        self._asked: tuple[dict[str, Published], asyncio.Task[dict[tuple[str, int], Log]]] | None = None
        self._asked_at = 0.0

    @property
    def feeds(self) -> set[str]:
        """Those on which nothing is sent now."""
        return self._unsure | self._wrong

    def failed(self, feed: str, published: Published, error: BaseException) -> None:
        """Sending went wrong: look at the log before the next try."""
        self._unsure.add(feed)
        if isinstance(error, Displaced):
            self._displaced.add(feed)
            self._tell(feed, lost(feed, published))

    def set_anew(self, feed: str) -> None:
        """A person has moved the cursor of this feed: what stood where it cannot stand comes again."""
        self._displaced.discard(feed)

    def forget(self) -> None:
        """Nothing is held any more."""
        if self._asked is not None:
            self._asked[1].cancel()
            self._asked = None
        for feed in self._wrong:
            self._alarms.clear(f"log {feed}")
        for some in (self._unsure, self._wrong, self._displaced):
            some.clear()

    async def first_look(self, mine: Mapping[str, Cursor]) -> dict[str, str]:
        """Look at feeds that were just taken. Gives the topics that are seen for the first time, by feed; raises what
        the broker's client raises."""
        known = {feed: cursor.known for feed, cursor in mine.items()}
        return self._compare(mine, known, await self._topics.logs([split_feed(feed) for feed in known]))

    def look(self, now: float, mine: Mapping[str, Cursor]) -> dict[str, str]:
        """Ask the broker beside the work, and heed its answer once it is there. Gives as `first_look`."""
        if self._asked is None:
            if mine and now - self._asked_at > (SOON if self.feeds else EVERY):
                known = {feed: cursor.known for feed, cursor in mine.items()}  # before the broker is asked: it goes on
                asking = asyncio.create_task(self._topics.logs([split_feed(feed) for feed in known]))
                asking.add_done_callback(lambda _: self._wake())
                self._asked, self._asked_at = (known, asking), now
            return {}
        known, asking = self._asked
        if not asking.done():
            return {}
        self._asked, self._asked_at = None, now
        return self._compare(mine, known, asking.result()) if asking.exception() is None else {}

    def _compare(
        self, mine: Mapping[str, Cursor], known: Mapping[str, Published], logs: Mapping[tuple[str, int], Log]
    ) -> dict[str, str]:
        first_seen: dict[str, str] = {}
        for feed, published in known.items():
            if feed not in mine:
                continue
            found = logs.get(split_feed(feed))
            if found is None:
                self._tell(feed, f"{feed} does not exist: run `portolano provision`.")
            elif (wrong := fault(feed, published, found)) is not None:
                self._tell(feed, wrong)
            elif feed not in self._displaced:
                self._unsure.discard(feed)
                self._wrong.discard(feed)
                self._alarms.clear(f"log {feed}")
                if mine[feed].topic_id != found.topic_id:
                    first_seen[feed] = found.topic_id
        return first_seen

    def _tell(self, feed: str, wrong: str) -> None:
        self._wrong.add(feed)
        self._alarms.raise_(f"log {feed}", wrong)
