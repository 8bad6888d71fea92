"""A feed's numbers begin at one, go on by one, and follow the order of commits; what is rolled back uses up none."""

import asyncio
from datetime import UTC, datetime

import asyncpg

from deploy.local.home import database_name
from shared.feeds import store
from shared.feeds.numbers import Layout
from shared.feeds.records import Packed, record_of
from shared.feeds.speech import Cause
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.toy import Noted

LAYOUT = Layout(partitions=2, prefix="", generation="g", service="intake")


def record() -> Packed:
    one = firm()
    return record_of(Cause("x").says(Noted(firm_id=one, n=1), firm_id=one), "x", datetime.now(UTC), LAYOUT)


async def test_a_feed_that_never_spoke_begins_at_one_and_goes_on_where_it_was(stage: Stage) -> None:
    connection = stage.stores["intake"]
    first = await store.number(connection, LAYOUT, {"b/0": [record(), record()], "a/0": [record()]})
    again = await store.number(connection, LAYOUT, {"b/0": [record()], "c/0": [record()]})
    assert [(row.feed, row.first) for row in first] == [("a/0", 1), ("b/0", 1)]
    assert [(row.feed, row.first) for row in again] == [("b/0", 3), ("c/0", 1)]
    assert await connection.fetchval("SELECT sum(n)::int FROM outbox") == 5


async def test_who_numbers_second_waits_for_the_first_and_takes_its_numbers_where_that_gives_up(stage: Stage) -> None:
    other = await asyncpg.connect(**stage.home.admin_dsn(database_name("intake", stage.prefix)))
    try:
        first = stage.stores["intake"].transaction()
        await first.start()
        await store.number(stage.stores["intake"], LAYOUT, {"a/0": [record()]})
        second = asyncio.create_task(store.number(other, LAYOUT, {"a/0": [record()]}))
        waiting, _ = await asyncio.wait({second}, timeout=0.5)
        assert waiting == set()
        await first.rollback()
        assert [row.first for row in await second] == [1]
    finally:
        await other.close()
