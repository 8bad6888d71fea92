"""A record that touches several firms: all are locked before it is decided, and it waits where one of them waits."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import asyncpg

from deploy.local.home import database_name
from shared.feeds.failures import Outdated
from shared.feeds.runtime import Feeds
from shared.feeds.speech import Batch, Said, Work
from shared.feeds.subscriptions import Touched
from shared.postgres.pool import Connection
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.component.feeds import toy
from tests.component.feeds.conftest import Stage, firm


def writer(stage: Stage, also: str, **bent: Any) -> AbstractAsyncContextManager[Feeds[Any]]:
    """The toy's intake, whose records all touch one more firm."""

    async def touched(connection: Connection, notes: Sequence[toy.Note]) -> list[Touched]:
        return [(note.firm_id, also) for note in notes]

    settings = settings_from(stage.home.service_environment("intake", stage.prefix), toy.IntakeSettings)
    return running(settings, "intake", (replace(toy.WRITER[0], firm_of=touched, **bent),), toy.Toy())


async def test_it_is_decided_only_when_every_firm_that_it_touches_is_locked(stage: Stage) -> None:
    other = firm()
    outside = await asyncpg.connect(**stage.home.admin_dsn(database_name("intake", stage.prefix)))
    try:
        await outside.execute("INSERT INTO firms (firm_id) VALUES ($1)", other)
        async with writer(stage, other):
            transaction = outside.transaction()
            await transaction.start()
            await outside.execute("SELECT FROM firms WHERE firm_id = $1 FOR UPDATE", other)
            await stage.write(f"{firm()} 1")
            await asyncio.sleep(1.0)
            assert await stage.numbers("intake") == []
            await transaction.commit()
            await stage.count("intake", 1)
    finally:
        await outside.close()


async def test_it_queues_under_its_own_firm_where_another_that_it_touches_waits(stage: Stage) -> None:
    own, other = firm(), firm()
    await stage.stores["intake"].execute("INSERT INTO firms (firm_id, held) VALUES ($1, 1)", other)
    async with writer(stage, other):
        await stage.write(f"{own} 1")

        async def queued() -> list[Any]:
            rows = await stage.stores["intake"].fetch("SELECT state, firm_id::text FROM held")
            return [tuple(row) for row in rows]

        assert await until(queued, what="the queued record") == [("queued", own)]
    assert await stage.stores["intake"].fetchval("SELECT held FROM firms WHERE firm_id = $1", own) == 1


async def test_a_batch_whose_locks_turn_out_to_be_too_few_is_tried_again_and_nothing_is_held(stage: Stage) -> None:
    tries = 0

    async def note(notes: Batch[toy.Note], work: Work[toy.Toy]) -> list[Said]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Outdated("linked meanwhile")
        return await toy.note(notes, work)

    async with writer(stage, firm(), handler=note):
        await stage.write(f"{firm()} 1")
        await stage.count("intake", 1)
    assert tries == 2
    assert await stage.stores["intake"].fetchval("SELECT count(*) FROM held") == 0
