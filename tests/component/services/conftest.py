"""A stage for each service: topics and databases of the test's own, two partitions."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import asyncpg
import pytest_asyncio

from deploy.local.home import Home, database_name
from tests.component.services.stage import Stage, open_producer
from tests.ground import ground

Set = Callable[[str], Awaitable[Stage]]


@pytest_asyncio.fixture(loop_scope="session")
async def set_stage(home: Home) -> AsyncIterator[Set]:
    async with AsyncExitStack() as stack:

        async def make(service: str) -> Stage:
            prefix = await stack.enter_async_context(ground(home, stores=(service,)))
            producer = await open_producer(home)
            stack.push_async_callback(producer.stop)
            store = await asyncpg.connect(**home.admin_dsn(database_name(service, prefix)))
            stage = Stage(home, prefix, service, producer, store)
            stack.push_async_callback(lambda: stage.store.close())
            return stage

        yield make
