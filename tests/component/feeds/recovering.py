"""Toy intake's store, lost and restored from a copy, and brought forward again, inside the test."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from deploy.local.home import database_name
from shared.agreement import load
from shared.feeds.clock import Clock
from shared.feeds.numbers import load_layout
from shared.feeds.records import event_id_of, numbering_of
from shared.feeds.recovery import Recovery
from shared.feeds.replay import Replaying
from shared.feeds.subscriptions import Subscription, sources_of
from shared.feeds.timers import When
from shared.postgres.pool import open_pool
from shared.testing.running import settings_from
from tests.chaos.copies import restore
from tests.component.feeds import toy
from tests.component.feeds.conftest import Stage
from tests.component.feeds.toy import Toy


async def back(stage: Stage, copy: Path) -> None:
    """Intake's store is as old as the copy."""
    await stage.stores["intake"].close()
    await restore(stage.home, "intake", copy, stage.prefix)
    stage.stores["intake"] = await asyncpg.connect(**stage.home.admin_dsn(database_name("intake", stage.prefix)))


@asynccontextmanager
async def recovering(
    stage: Stage, door: Sequence[Subscription] = toy.WRITER, timers: Sequence[When[Toy]] = ()
) -> AsyncIterator[Recovery[Toy]]:
    """What `portolano recover` builds of a service's parts."""
    settings = settings_from(stage.home.service_environment("intake", stage.prefix), toy.IntakeSettings)
    partners = load(settings.agreement).partners
    pool = await open_pool(settings.address(), application="intake-operator", size=2)
    try:
        async with pool.acquire() as connection:
            layout = await load_layout(connection, "intake", stage.prefix)
        sources = sources_of(door, stage.prefix, partners)
        replaying = Replaying(pool, layout, Toy(), sources, "test", Clock())
        yield Recovery(replaying, settings.access(), settings.address(), door, timers, partners, None, frozenset())
    finally:
        pool.terminate()


async def lying(stage: Stage, topic: str) -> tuple[dict[int, list[int]], Counter[str]]:
    """The numbers on each partition as they lie in Kafka, and how often each event's id does."""
    numbers: dict[int, list[int]] = {}
    ids: Counter[str] = Counter()
    for record in await stage.read(topic):
        numbering = numbering_of(record.headers)
        assert numbering is not None
        numbers.setdefault(record.partition, []).append(numbering.sequence)
        ids[event_id_of(record)] += 1
    return numbers, ids
