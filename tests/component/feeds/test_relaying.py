"""A feed has one relay at a time: each number lies on its topic once, and who was overtaken moves no cursor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.feeds.journal import Session
from shared.feeds.records import numbering_of
from shared.testing.running import settings_from
from shared.testing.waiting import until
from tests.component.feeds import toy
from tests.component.feeds.conftest import Stage, firm

FEED = "some.v1/0"


@asynccontextmanager
async def session(stage: Stage) -> AsyncIterator[Session]:
    """A relay's own session with intake's store."""
    settings = settings_from(stage.home.service_environment("intake", stage.prefix), toy.IntakeSettings)
    opened = await Session.open(settings.address(), "intake-relay")
    yield opened
    await opened.close()


async def test_a_feed_whose_lock_is_held_is_given_to_nobody_else(stage: Stage) -> None:
    async with session(stage) as one, session(stage) as other:
        assert list(await one.claim([FEED])) == [FEED]
        assert await other.claim([FEED]) == {}
        await one.release(FEED)
        assert list(await other.claim([FEED])) == [FEED]


async def test_a_relay_that_was_overtaken_moves_no_cursor(stage: Stage) -> None:
    async with session(stage) as late, session(stage) as other:
        cursors = await late.claim([FEED])
        await late.release(FEED)
        assert (await other.claim([FEED]))[FEED].published == 0
        cursors[FEED].published = 7
        assert await late.move(cursors) == [FEED]
        assert (await other.cursors([FEED]))[FEED].published == 0


async def test_a_cursor_that_was_set_back_by_hand_is_not_moved_on_over_that(stage: Stage) -> None:
    async with session(stage) as relay:
        cursors = await relay.claim([FEED])
        cursors[FEED].published = 7
        assert await relay.move(cursors) == []
        await stage.stores["intake"].execute("UPDATE relayed SET published = 2 WHERE feed = $1", FEED)
        cursors[FEED].published = 9
        assert await relay.move(cursors) == [FEED]


async def test_two_replicas_put_each_number_on_its_topic_once(stage: Stage) -> None:
    firms = [firm() for _ in range(10)]
    async with stage.run("intake"), stage.run("intake"):
        for n in range(20):
            for partner in ("cna", "aice", "claai"):
                await stage.write(f"{firms[n % 10]} {n}", partner=partner)
        await stage.count("intake", 60)

        async def published() -> bool:
            waiting = "SELECT count(*) FROM feeds LEFT JOIN relayed USING (feed) WHERE sequence <> published"
            return bool(await stage.stores["intake"].fetchval(waiting) == 0)

        await until(published, what="the last number published")
    by_partition: dict[int, list[Any]] = {}
    for record in await stage.read("intake.firms.v1"):
        numbering = numbering_of(record.headers)
        assert numbering is not None
        by_partition.setdefault(record.partition, []).append(numbering.sequence)
    assert by_partition == {k: list(range(1, len(numbers) + 1)) for k, numbers in by_partition.items()}
    assert sum(map(len, by_partition.values())) == 60
