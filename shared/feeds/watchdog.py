"""Notices a consumer that stays stuck although there is something to read, and a relay that does not publish.

After a broker's restart the client can keep its place in the group, send heartbeats, and never fetch again. Nothing
fails then, so what is watched is progress: records lie before us, no batch is under way, and nothing has been applied
for a while. The remedy is to end the process; whoever runs it starts another one, and the store says where to go on.
"""

import time
from collections.abc import Mapping

from shared.feeds.numbers import Partition

NOTHING_AT_ALL = 15.0
"""Seconds without any progress of the whole reader, while there is something unread."""
ONE_PARTITION = 60.0
"""Seconds without progress of one partition while others move: a slow batch elsewhere is no reason to end."""
IDLE = 2.0
"""Seconds that a turn of the relay may take without being called standing still."""


class Watchdog:
    """Fed with what is unread every few seconds; says when that has gone on for too long."""

    def __init__(self) -> None:
        self._waiting: dict[Partition, tuple[int, float]] = {}

    def look(self, unread: Mapping[Partition, int], progressed_at: float, now: float | None = None) -> str | None:
        """`unread` gives the next offset of each partition that has more to read; times are monotonic seconds.

        The reason why the reader must be called stuck, or None.
        """
        now = time.monotonic() if now is None else now
        self._waiting = {
            key: (offset, self._waiting[key][1] if self._waiting.get(key, (None,))[0] == offset else now)
            for key, offset in unread.items()
        }
        for (topic, partition), (offset, since) in self._waiting.items():
            still = now - max(since, progressed_at)
            if still > NOTHING_AT_ALL:
                return (
                    f"nothing was read for {still:.0f} s although {topic}/{partition} has more from offset {offset} on"
                )
            if now - since > ONE_PARTITION:
                return f"{topic}/{partition} was not read for {now - since:.0f} s although it has more from {offset} on"
        return None

    def rest(self) -> None:
        """What waits now waits for somebody else (a database, a lock): count anew afterwards."""
        self._waiting.clear()

    def idle_for(self, progressed_at: float) -> float:
        """Seconds for which something has been waiting without any progress; 0 where nothing waits."""
        if not self._waiting:
            return 0.0
        return max(0.0, time.monotonic() - max(progressed_at, min(since for _, since in self._waiting.values())))


class Turns:
    """Told of each turn of a relay; says for how long it has stood still."""

    def __init__(self) -> None:
        self._waits_since: float | None = None
        self._turned_at = time.monotonic()

    def turned(self, waits: bool) -> None:
        """A turn is done; `waits` where something still waits to be published."""
        self._turned_at = time.monotonic()
        if not waits:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = self._turned_at

    def published(self) -> None:
        self._waits_since = None

    def stuck_for(self) -> float:
        """Seconds for which something has waited to be published and nothing was, or the relay itself has not turned;
        0 where all is well."""
        now = time.monotonic()
        waits = 0.0 if self._waits_since is None else now - self._waits_since
        turned = now - self._turned_at
        return max(waits, turned if turned > IDLE else 0.0)
