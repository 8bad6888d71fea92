"""Persons who give the same command on feeds at the same moment: each gets an answer, and it is done once."""

import asyncio

from deploy.local.home import Home
from shared.contracts.topics import SERVICES
from shared.errors import Trouble
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.ordering import growths, order
from tests.component.feeds.recovering import lying
from tests.component.feeds.remade import remake
from tests.component.feeds.test_dying import published
from tests.ground import PARTITIONS, ground

FIRMS = "intake.firms.v1"
AT_ONCE = 4


async def ordered(home: Home, prefix: str, command: str, *what: str) -> list[str]:
    """What those are told who are refused."""
    done = await asyncio.gather(*(order(home, prefix, command, one) for one in what), return_exceptions=True)
    refused = [one for one in done if one is not None]
    assert [one for one in refused if not isinstance(one, Trouble)] == []
    return [str(one) for one in refused]


async def test_a_topic_is_accepted_by_one_of_several_and_comes_again_once(stage: Stage) -> None:
    async with stage.run("intake"), stage.run("classifier"):
        await stage.write(*[f"{firm()} {n}" for n in range(6)])
        await stage.count("classifier", 6)
        await published(stage)
    await remake(stage.home, FIRMS, stage.prefix)
    for partition in range(PARTITIONS):
        await stage.producer.send_and_wait(stage.prefix + FIRMS, b"out of turn", partition=partition)
    refused = await ordered(stage.home, stage.prefix, "accept", *[FIRMS] * AT_ONCE)
    assert all(one.endswith("there is nothing to accept") for one in refused)
    for service in ("intake", "classifier"):
        assert await stage.stores[service].fetchval("SELECT count(*) FROM feed_orders") == 1
    async with stage.run("intake") as intake, stage.run("classifier") as classifier:
        await stage.write(f"{firm()} 6")
        await stage.count("classifier", 7)
        await published(stage)
        assert (intake.alarms.all(), classifier.alarms.all()) == ({}, {})
    _, ids = await lying(stage, FIRMS)
    assert (len(ids), set(ids.values())) == (7, {1})


async def test_stores_grow_to_the_greatest_number_that_somebody_wants(home: Home) -> None:
    """Who is refused is told why, and given again the command has nothing left to do, or the rest."""
    async with ground(home) as prefix:
        wanted = [PARTITIONS + n for n in (1, 2, 2)]
        await ordered(home, prefix, "grow", *map(str, wanted))
        await order(home, prefix, "grow", str(max(wanted)))
        assert {partitions for partitions, _ in (await growths(home, prefix)).values()} == {max(wanted)}


async def test_stores_grow_once_where_several_want_the_same_and_nobody_is_refused(home: Home) -> None:
    async with ground(home) as prefix:
        for n in (1, 2, 3):
            assert await ordered(home, prefix, "grow", *[str(PARTITIONS + n)] * 2) == []
            assert await growths(home, prefix) == dict.fromkeys(SERVICES, (PARTITIONS + n, n))
