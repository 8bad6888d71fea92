"""A few hundred damaged records through the whole system; `tests/prove/fuzz_broker.py` sends twenty thousand."""

from collections.abc import AsyncIterator, Callable, Iterable

import pytest_asyncio

from deploy.local.home import Home
from tests.e2e.system import System
from tests.ground import ground
from tests.prove.fuzz_broker import fuzz

PREFIX = "fuzz."
RECORDS = 300


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def apart(home: Home, mail_sink: str) -> AsyncIterator[System]:
    """A system of this module's own: what is written to its doors is nothing for others."""
    async with ground(home, PREFIX):
        system = System(home, PREFIX)
        try:
            await system.start()
            yield system
        finally:
            await system.stop()


async def test_whatever_partners_write_each_record_is_answered_once_and_nobody_stops(
    apart: System, show: Callable[[str, Iterable[str]], None]
) -> None:
    result = await fuzz(apart, RECORDS, seed=7, timed=False)
    show("damaged records through the broker", [str(result)])
    assert result.wrong == []
    assert result.sent.forms.keys() >= {"damaged", "odd", "flipped", "good"}, "this seed tries too little"
