"""The whole house on topics and databases of the test's own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.local.home import Home
from tests.component.telemetry.whole import Whole, a_whole


@pytest_asyncio.fixture(loop_scope="session")
async def whole(home: Home) -> AsyncIterator[Whole]:
    async with a_whole(home) as one:
        yield one
