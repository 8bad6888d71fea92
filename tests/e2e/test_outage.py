"""The database goes away under load, then the broker; when they are back everything goes on by itself."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator

import pytest_asyncio

from shared.testing.waiting import until
from tests.conftest import Servers
from tests.e2e.firms import submission
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.ground import ground

PREFIX = "outage."
SECONDS = float(os.environ.get("PORTOLANO_OUTAGE_SECONDS", "6"))
"""How long each server is away; an operator who wants to see half a minute sets 30."""


@pytest_asyncio.fixture(loop_scope="session")
async def system(servers: Servers, mail_sink: str) -> AsyncIterator[System]:
    async with ground(servers.home, PREFIX):
        system = System(servers.home, PREFIX)
        try:
            await system.start()
            yield system
        finally:
            await system.stop()


class Load(threading.Thread):
    """A partner that publishes twenty firms a second and never gives up."""

    def __init__(self, partner: Partner) -> None:
        super().__init__(daemon=True)
        self.partner = partner
        self.published = 0
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.wait(0.05):
            self.partner.submit(submission(self.published))
            self.published += 1
        self.partner.flush(60)


async def test_a_server_that_is_away_for_a_while_costs_nothing_but_time(system: System, servers: Servers) -> None:
    load = Load(Partner(servers.home, "unioncamere", PREFIX))
    load.start()
    store = "SELECT count(*) FROM notifications"
    await until(lambda: system.stores["notifier"].fetchval(store), limit=30, what="the first notification")
    for server in (servers.postgres, servers.kafka):
        before = load.published
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(SECONDS)
        await asyncio.to_thread(server.start)
        await until(lambda: asyncio.to_thread(lambda: load.published > before + 20), what="more load")  # noqa: B023
    load.enough.set()
    await asyncio.to_thread(load.join, 90)
    await system.reconnect()

    report = await at_rest(system)
    assert report.told() == []
    assert await system.stores["intake"].fetchval("SELECT count(*) FROM profiles") == load.published
    restarts = [name for name, process in system.processes.items() if process.poll() is not None]
    assert restarts == [], "a service gave up instead of waiting"
