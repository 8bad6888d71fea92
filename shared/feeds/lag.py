"""How old the oldest unread record is, without reading it. Pure.

Every few seconds somebody looks how far each log reaches. A record that lies before us was there when the log was first
seen to reach beyond our position, so its age is at least the time since then, and at most one look more. What lay there
before the first look is older than we can know from that; then the age of what is being read now says it.
"""

from collections import deque
from collections.abc import Mapping

from shared.feeds.numbers import Partition

LOOKS = 512
"""Ends remembered of a partition that falls ever further behind; beyond that every other one is forgotten."""
RECENT = 10.0
"""Seconds for which the age of what was read last counts."""


class Lag:
    """Fed with the ends of logs and with what is read; all times are monotonic seconds."""

    def __init__(self) -> None:
        self._ends: dict[Partition, deque[tuple[int, float]]] = {}
        self._read: dict[Partition, tuple[float, float]] = {}

    def reach(self, ends: Mapping[Partition, int], now: float) -> None:
        """The logs reach to these offsets (that of the next record to come)."""
        for key, end in ends.items():
            seen = self._ends.setdefault(key, deque())
            if seen and end < seen[-1][0]:
                seen.clear()  # another log under the same name
            if not seen or end > seen[-1][0]:
                seen.append((end, now))
            if len(seen) > LOOKS:
                self._ends[key] = deque([one for n, one in enumerate(seen) if n % 2 == 0 or n == len(seen) - 1])

    def read(self, key: Partition, age: float, now: float) -> None:
        """A record was read whose age was then `age` seconds."""
        self._read[key] = (age, now)

    def seconds(self, key: Partition, next_offset: int, now: float) -> float:
        """Age of the oldest record from `next_offset` on; 0 where the log was not seen to reach beyond it."""
        seen = self._ends.get(key)
        while seen and seen[0][0] <= next_offset:
            # The last end that we have passed is kept: the same end must not count as new when it is seen again.
            if len(seen) == 1:
                return 0.0
            seen.popleft()
        if not seen:
            return 0.0
        age, at = self._read.get(key, (0.0, 0.0))
        return max(now - seen[0][1], age if now - at < RECENT else 0.0)

    def forget(self, keep: set[Partition]) -> None:
        """Partitions that are no longer ours."""
        for key in [*self._ends.keys() - keep]:
            del self._ends[key]
