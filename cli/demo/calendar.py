"""The clock of the house, which the demo moves: what time it is for deadlines, and making it later."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg

from deploy.local.home import MOVABLE, Home, database_name
from deploy.local.system import PartStatus
from shared.errors import Unreachable
from shared.feeds import clock
from shared.postgres.pool import Connection

PATIENCE = 4.0
A_MOMENT = timedelta(minutes=1)
"""After a deadline: deadlines are the last seconds of days."""

_NOW = f"SELECT {clock.HOUSE_TIME}"


class Calendar:
    """The time of the services that have deadlines. Raises `Unreachable` where a store does not answer."""

    def __init__(self, home: Home, connections: list[Connection]) -> None:
        self._home, self._stores = home, connections

    async def now(self) -> datetime:
        """What time it is for deadlines (UTC)."""
        return (await self._ask(self._stores[0], timedelta())).astimezone(UTC)

    async def pass_over(self, end: datetime) -> None:
        """Make it a moment later than `end`, at once; nothing where that has passed already."""
        self._home.clock_was_moved()
        for store in self._stores:
            await self._ask(store, end + A_MOMENT - (await self._ask(store, timedelta())))

    async def _ask(self, store: Connection, ahead: timedelta) -> datetime:
        try:
            if ahead > timedelta():
                await clock.move(store, ahead)
            now: datetime = await store.fetchval(_NOW, timeout=PATIENCE)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unreachable(f"the clock cannot be moved ({type(error).__name__}): `portolano status`") from error
        return now


@asynccontextmanager
async def calendar(home: Home) -> AsyncIterator[Calendar]:
    """The calendar of a home whose clock may be moved."""
    opened: list[Connection] = []
    try:
        for service in MOVABLE:
            opened.append(await asyncpg.connect(**home.admin_dsn(database_name(service)), timeout=PATIENCE))
        yield Calendar(home, opened)
    except OSError as error:
        raise Unreachable("the store of referral does not answer: `portolano status`") from error
    finally:
        for connection in opened:
            connection.terminate()


def can_be_moved(parts: Iterable[PartStatus]) -> bool:
    """Whether what runs heeds moves: what was started before they were allowed does not."""
    clocks = {part.name: part.service.get("clock") for part in parts}
    told = [clocks.get(service) for service in MOVABLE]
    return all(isinstance(one, dict) and one.get("may_be_moved") is True for one in told)
