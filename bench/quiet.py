"""When everything that was sent has been worked off by our services, asked from their stores and from the topics."""

import asyncio
import time
from types import TracebackType
from typing import Self

import asyncpg

from bench.hops import Hops
from bench.topics import Topics
from deploy.local.home import SERVICES, Home, database_name
from shared.agreement import load
from shared.contracts import topics
from shared.errors import Trouble

LOOK_EVERY = 0.5

_LEFT = """SELECT (SELECT coalesce(sum(next_offset), 0) FROM positions)::bigint AS read,
    (SELECT coalesce(sum(f.sequence - coalesce(r.published, 0)), 0)
     FROM feeds f LEFT JOIN relayed r USING (feed))::bigint AS unpublished"""


class Quiet:
    """Connections to the four stores of a prefix, for as long as a measurement lasts."""

    def __init__(self, home: Home, prefix: str, everything: Topics) -> None:
        self._home, self._prefix, self._everything = home, prefix, everything
        declared = topics.topics(load().partners)
        self._inputs = {s: {prefix + topic.name for topic in declared if s in topic.readers} for s in SERVICES}
        self.stores: dict[str, asyncpg.Connection] = {}

    async def __aenter__(self) -> Self:
        for service in SERVICES:
            arguments = self._home.admin_dsn(database_name(service, self._prefix))
            self.stores[service] = await asyncpg.connect(**arguments)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for store in self.stores.values():
            await store.close()

    async def left(self) -> int:
        """Records that are not read yet or not published yet. Zero: nothing will happen any more by itself, save for
        what waits for a clock."""
        left = 0
        done = {service: await store.fetchrow(_LEFT) for service, store in self.stores.items()}
        ends = await self._everything.ends()  # after the stores: what they said meanwhile counts as unread
        for service, row in done.items():
            assert row is not None
            unread = sum(end for (topic, _), end in ends.items() if topic in self._inputs[service]) - row["read"]
            left += unread + row["unpublished"]
        return int(left)


async def until_quiet(quiet: Quiet, hops: Hops, still_for: float) -> None:
    """Return when nothing is left to do. Raises `Trouble` where for `still_for` seconds nothing gets less."""
    least, less_at = None, time.monotonic()
    while (left := await quiet.left()) > 0:
        hops.require_alive()
        if least is None or left != least:
            least, less_at = left, time.monotonic()
        elif time.monotonic() - less_at > still_for:
            raise Trouble(f"{left} records are left and nothing moves; logs: {hops.logs}")
        await asyncio.sleep(LOOK_EVERY)
