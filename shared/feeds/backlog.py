"""Rows of a relay's feeds that wait to be sent: what was just committed from memory, everything else from the table.

Memory serves a feed as long as it has the very next row. Where it has not, or had no room, the feed is behind: it is
read from the table, window by window, until nothing more stands there.
"""

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence, Set

from shared.feeds.alarms import Alarms
from shared.feeds.journal import Cursor, Session
from shared.feeds.store import Row

WINDOW = 64
"""Rows of a feed that are sent before their acknowledgements are waited for."""
BACKLOG = 64
"""Rows of a feed kept in memory; the rest is in the table anyway."""


class Backlog:
    """Of one relay; about feeds that it holds."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._fresh: dict[str, deque[Row]] = {}
        self._behind: set[str] = set()

    def add(self, rows: Sequence[Row], mine: Container[str]) -> bool:
        """Keep rows that were just committed, of the feeds that are `mine`; whether some were left to the table."""
        left = False
        for row in rows:
            if row.feed not in mine:
                continue  # whoever holds it was told with the commit
            queue = self._fresh.setdefault(row.feed, deque())
            if row.feed in self._behind or len(queue) >= BACKLOG:
                left = True  # the table has it; a broker that is away must not fill our memory
            else:
                queue.append(row)
        return left

    def stands_in_table(self, feed: str) -> None:
        """There is more of this feed than was ever in memory."""
        self._behind.add(feed)

    def in_memory(self, feed: str) -> bool:
        return bool(self._fresh.get(feed))

    def drop(self, feed: str) -> None:
        """The cursor is another: what is in memory may not follow it."""
        self._fresh.pop(feed, None)

    def again(self, feed: str) -> None:
        """What was taken was not published: it comes once more, from the table."""
        self._behind.add(feed)
        self._fresh.pop(feed, None)

    def clear(self) -> None:
        self._fresh.clear()
        self._behind.clear()

    @property
    def empty(self) -> bool:
        return not any(self._fresh.values()) and not self._behind

    def ready(self, mine: Iterable[str], waits: Set[str]) -> bool:
        """Whether there is something to send on a feed that is not among those that wait."""
        return any(self._fresh.get(feed) for feed in mine if feed not in waits) or bool(self._behind - waits)

    async def take(
        self, mine: Mapping[str, Cursor], waits: Set[str], session: Session
    ) -> tuple[dict[str, list[Row]], list[str]]:
        """The rows that follow each cursor, a window of each feed that is not among those that wait; and the feeds of
        which the very next row is no longer in the table."""
        rows: dict[str, list[Row]] = {}
        for feed, queue in self._fresh.items():
            if feed in waits or feed in self._behind:
                continue
            expected = mine[feed].published + 1
            while queue and len(rows.get(feed, ())) < WINDOW:
                if queue[0].first > expected:
                    self._behind.add(feed)
                    break
                row = queue.popleft()
                if row.last >= expected:
                    rows.setdefault(feed, []).append(row)
                    expected = row.last + 1
        torn: list[str] = []
        wanted = {feed: mine[feed].published for feed in self._behind - waits - rows.keys()}
        if wanted:
            found: dict[str, list[Row]] = {}
            for row in await session.read(wanted):
                found.setdefault(row.feed, []).append(row)
            for feed, published in wanted.items():
                if feed not in found:
                    self._behind.discard(feed)
                elif following := _following(published, found[feed]):
                    rows[feed] = following
                    self._alarms.clear(f"journal {feed}")
                else:
                    torn.append(feed)
                    self._alarms.raise_(
                        f"journal {feed}",
                        f"{feed}: number {published + 1} is not in the journal, {found[feed][0].first} is: it was "
                        "deleted.",
                    )
        return rows, torn


def _following(published: int, found: Sequence[Row]) -> list[Row]:
    """Those that follow the cursor without a hole."""
    rows: list[Row] = []
    expected = published + 1
    for row in found:
        if row.first > expected:
            break
        rows.append(row)
        expected = row.last + 1
    return rows
