"""The house's clock in these tests: it is moved, and never waited for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.feeds import clock
from shared.feeds.runtime import Feeds
from shared.testing.waiting import until
from tests.component.referral.desk import Desk

MOMENT = timedelta(minutes=1)


@dataclass
class Time:
    """The house's clock, of which a test is the master."""

    desk: Desk

    async def now(self) -> datetime:
        ahead: timedelta = await self.desk.stage.store.fetchval(
            "SELECT coalesce(sum(ahead), interval '0') FROM clock_moves"
        )
        return datetime.now(UTC) + ahead

    async def go_to(self, when: datetime) -> None:
        """Make it a little later than that."""
        await clock.move(self.desk.stage.store, when + MOMENT - await self.now())

    async def due(self, column: str) -> datetime:
        row = await self.desk.stage.store.fetchrow("SELECT * FROM referrals ORDER BY requested_at LIMIT 1")
        when: datetime = row[column]
        return when


async def looked(feeds: Feeds[Any], times: int = 3) -> None:
    wanted = feeds.firing.looks + times

    async def enough() -> bool:
        return feeds.firing.looks >= wanted

    await until(enough, what=f"{times} looks at the timers")
