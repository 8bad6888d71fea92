"""A person's command on feeds dies at each point at which it can have something half done, and is given again."""

import asyncio
import os
import sys
import zlib
from collections.abc import Sequence
from functools import cache

from deploy.local.home import CHECKOUT, Home
from shared.testing.waiting import until
from tests.chaos.here import DEAD
from tests.chaos.points import points
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.ordering import growths, order
from tests.component.feeds.recovering import lying
from tests.component.feeds.remade import remake
from tests.ground import PARTITIONS, ground

FIRMS = "intake.firms.v1"
MOMENTS = ("before", "after")
COMMANDS = {
    "republish": "cli.feeds.republish",
    "accept": "cli.feeds.accept",
    "grow": "cli.feeds.growing",
    "begin": "cli.feeds.baseline",
}
"""Each command that dies here, and how the points begin at which it does."""


@cache
def found() -> Sequence[str]:
    return [str(point) for point in points() if str(point).startswith("cli.feeds.")]


def places(command: str) -> list[str]:
    return [point for point in found() if point.startswith(COMMANDS[command])]


async def dies(home: Home, prefix: str, words: Sequence[str], point: str) -> None:
    """Give the command so that it dies there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.dying", "tests.component.feeds.ordering", prefix, *words),
        env={**os.environ, "PORTOLANO_HOME": str(home.root), "PORTOLANO_DIES": point},
        cwd=CHECKOUT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == DEAD, f"it ended with {process.returncode} and not {point}: {told.decode()}"


def firm_on(partition: int) -> str:
    """A firm whose records go there."""
    return next(one for one in iter(firm, "") if zlib.crc32(one.encode()) % PARTITIONS == partition)


async def orders(stage: Stage, service: str = "intake") -> int:
    return int(await stage.stores[service].fetchval("SELECT count(*) FROM feed_orders"))


async def published(stage: Stage) -> None:
    sql = "SELECT coalesce(sum(sequence - published), 0) = 0 FROM feeds LEFT JOIN relayed USING (feed)"
    await until(lambda: stage.stores["intake"].fetchval(sql), what="the cursors at the heads")


def test_every_point_of_a_command_on_feeds_is_one_that_it_dies_at_here() -> None:
    assert set(found()) == {point for command in COMMANDS for point in places(command)}
    assert all(places(command) for command in COMMANDS)


async def test_a_feed_comes_again_whole_or_not_at_all_and_who_gave_the_word_is_noted_with_it(stage: Stage) -> None:
    async with stage.run("intake") as intake, stage.run("classifier") as classifier:
        await stage.write(*[f"{firm()} {n}" for n in range(6)])
        await stage.count("classifier", 6)
        await published(stage)
        for point in places("republish"):
            for when, noted in zip(MOMENTS, (0, 1), strict=True):
                before = await orders(stage)
                await dies(stage.home, stage.prefix, ("republish", FIRMS), f"{point} {when}")
                assert await orders(stage) == before + noted
            await published(stage)
            await order(stage.home, stage.prefix, "republish", FIRMS)
        await published(stage)
        assert (intake.alarms.all(), classifier.alarms.all()) == ({}, {})
    _, ids = await lying(stage, FIRMS)
    assert set(ids.values()) == {1 + 2 * len(places("republish"))}, "as often as it was noted, and once before"
    assert sorted(await stage.numbers("classifier")) == list(range(6))


async def test_a_topic_is_accepted_to_its_end_by_the_command_given_again(stage: Stage) -> None:
    """Made again, with records on it that are out of turn, while nobody runs; one partition has never had any."""
    async with stage.run("intake"), stage.run("classifier"):
        await stage.write(*[f"{firm_on(1)} {n}" for n in range(6)])
        await stage.count("classifier", 6)
        await published(stage)
    for point in places("accept"):
        await remake(stage.home, FIRMS, stage.prefix)
        for partition in range(PARTITIONS):
            await stage.producer.send_and_wait(stage.prefix + FIRMS, b"out of turn", partition=partition)
        for when in MOMENTS:
            await dies(stage.home, stage.prefix, ("accept", FIRMS), f"{point} {when}")
        await order(stage.home, stage.prefix, "accept", FIRMS)
        async with stage.run("intake"):
            await published(stage)
    assert [await orders(stage, service) for service in ("intake", "classifier")] == [len(places("accept"))] * 2
    async with stage.run("intake") as intake, stage.run("classifier") as classifier:
        await stage.write(f"{firm()} 6")
        await stage.count("classifier", 7)
        await published(stage)
        assert (intake.alarms.all(), classifier.alarms.all()) == ({}, {})
    assert sorted(await stage.numbers("classifier")) == list(range(7))
    numbers, ids = await lying(stage, FIRMS)
    assert {k: list(range(1, len(some) + 1)) for k, some in numbers.items()} == numbers
    assert (len(ids), set(ids.values())) == (7, {1})


async def test_a_reader_is_begun_at_the_end_in_all_partitions_or_in_none(stage: Stage) -> None:
    async with stage.run("intake"):
        await stage.write(*[f"{firm()} {n}" for n in range(6)])
        await stage.count("intake", 6)
        await published(stage)
    for point in places("begin"):
        for when in MOMENTS:
            await dies(stage.home, stage.prefix, ("begin", "classifier"), f"{point} {when}")
            begun = await stage.stores["classifier"].fetchval("SELECT count(*) FROM positions")
            assert begun == (0 if when == "before" else PARTITIONS)
        await order(stage.home, stage.prefix, "begin", "classifier")
    async with stage.run("intake"), stage.run("classifier") as classifier:
        await stage.write(f"{firm()} 6")
        await stage.count("classifier", 1)
        assert classifier.alarms.all() == {}
    assert await stage.numbers("classifier") == [6]


async def test_stores_that_have_not_grown_yet_grow_by_the_command_given_again(home: Home) -> None:
    async with ground(home) as prefix:
        for n, point in enumerate(places("grow"), 1):
            wanted = PARTITIONS + n
            for when in MOMENTS:
                await dies(home, prefix, ("grow", str(wanted)), f"{point} {when}")
                assert {(wanted - 1, n - 1), (wanted, n)} >= set((await growths(home, prefix)).values())
            await order(home, prefix, "grow", str(wanted))
            assert set((await growths(home, prefix)).values()) == {(wanted, n)}
