"""What time it is: the database's clock, which tests and demonstrations may move ahead.

Everybody who decides asks here, and nobody reads another clock. A move is a row of `clock_moves`: from that instant on
it is later by so much. What happened before a move keeps its time, so the broker's append times are told in moved time
as well: a record that came on the moved Saturday came on a Saturday, whenever it is read. Rows count only where the
service's setting `moved_clock` allows it; elsewhere they are not even read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Move:
    """From `at` (real time) on it is later by `ahead`."""

    at: datetime
    ahead: timedelta


class Clock:
    """The clock of one process; it learns of moves at the beginning of each transaction."""

    def __init__(self, *, moved: bool = False) -> None:
        self._moved = moved
        self._moves: tuple[Move, ...] = ()

    @property
    def may_be_moved(self) -> bool:
        """Whether moves count here."""
        return self._moved

    @property
    def ahead(self) -> timedelta:
        """By how much it is later than in the world, as far as this process has learnt."""
        return sum((move.ahead for move in self._moves), timedelta())

    async def learn(self, connection: Connection) -> None:
        """See what moves there are; costs nothing where they do not count."""
        if self._moved:
            rows = await connection.fetch("SELECT moved_at, ahead FROM clock_moves ORDER BY id")
            self._moves = tuple(Move(row["moved_at"], row["ahead"]) for row in rows)

    async def now(self, connection: Connection) -> datetime:
        """The time at the beginning of the open transaction, in UTC."""
        await self.learn(connection)
        return self.told(await connection.fetchval("SELECT now()"))

    def told(self, at: datetime) -> datetime:
        """A real instant as this house tells the time."""
        return at + sum((move.ahead for move in self._moves if move.at <= at), timedelta())


HOUSE_TIME = "(now() + (SELECT coalesce(sum(ahead), interval '0') FROM clock_moves))"
"""SQL: what time it is in a store whose clock may be moved, for somebody who only looks; the real time where it never
was."""


async def move(connection: Connection, ahead: timedelta) -> None:
    """Make it later from now on, for every process of the service that honours it."""
    await connection.execute("INSERT INTO clock_moves (ahead) VALUES ($1)", ahead)
