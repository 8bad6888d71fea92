"""A partition whose records fail one after the other is read no further until a person has dealt with them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from shared.feeds.aside import Closing
from shared.feeds.redrive import Redriving
from shared.feeds.runtime import Feeds
from shared.feeds.subscriptions import sources_of
from shared.health import figures, readiness, scrape
from shared.testing.waiting import until
from tests.component.feeds import toy
from tests.component.feeds.conftest import Stage, firm

POISON = -1
"""A number that the table of effects does not take."""


def poisoned(n: int) -> list[str]:
    """As many records, each of a firm of its own, that fail for good."""
    return [f"{firm()} {POISON}" for _ in range(n)]


async def write(stage: Stage, lines: Sequence[str], partner: str = "cna") -> None:
    """All at once, in this order."""
    topic = f"{stage.prefix}partners.{partner}.firms.v1"
    await asyncio.gather(*[await stage.producer.send(topic, line.encode(), partition=0) for line in lines])


async def consumed(stage: Stage, partner: str = "cna") -> int:
    topic = f"{stage.prefix}partners.{partner}.firms.v1"
    return int(await stage.stores["intake"].fetchval("SELECT next_offset FROM positions WHERE topic = $1", topic) or 0)


async def reaches(stage: Stage, offset: int) -> None:
    async def there() -> bool:
        return await consumed(stage) >= offset

    await until(there, what=f"offset {offset}")


async def broken(feeds: Feeds[Any], wanted: bool) -> None:
    async def so() -> bool:
        return bool(feeds.assignment.broken) is wanted and feeds.assignment.settled

    await until(so, what=f"the breaker open: {wanted}")


async def mend_and_redrive(stage: Stage, feeds: Feeds[Any]) -> None:
    """As a person would: the fault is mended, then what it held is applied."""
    await stage.stores["intake"].execute("ALTER TABLE effects DROP CONSTRAINT effects_n_check")
    sources = sources_of(toy.WRITER, stage.prefix, ["cna", "aice"])
    records = Redriving(feeds.pool, feeds.layout, toy.Toy(), sources, "mended")
    for id in await records.heads():
        await records.redrive(id, Closing("a person", "mended"))


async def test_reading_stops_with_the_twentieth_that_fails_and_the_other_partitions_go_on(stage: Stage) -> None:
    async with stage.run("intake") as feeds:
        await write(stage, [f"{firm()} 1", *poisoned(60), f"{firm()} 2"])
        await broken(feeds, True)
        await write(stage, [f"{firm()} 3"], "aice")
        await stage.count("intake", 2)
        assert await consumed(stage) == 21
        assert await stage.stores["intake"].fetchval("SELECT count(*) FROM held") == 20
        assert await stage.numbers("intake") == [1, 3]
        door = f"{stage.prefix}partners.cna.firms.v1/0"
        assert list(feeds.alarms.all()) == [f"breaker {door}"]
        shown = await figures(feeds)
        assert (shown["breakers"], shown["stopped"]) == ([door], [door])
        assert await readiness(feeds) == [f"a person, to look at {door}"]
        assert b'portolano_breakers{service="intake"} 1.0' in await scrape(feeds)


async def test_a_restart_changes_nothing_and_what_is_redriven_lets_it_go_on(stage: Stage) -> None:
    async with stage.run("intake") as feeds:
        await write(stage, [*poisoned(30), f"{firm()} 1"])
        await broken(feeds, True)
    async with stage.run("intake") as feeds:
        await broken(feeds, True)
        assert await consumed(stage) == 20
        await mend_and_redrive(stage, feeds)
        await reaches(stage, 31)
        await broken(feeds, False)
        assert feeds.alarms.all() == {}
    assert sorted(await stage.numbers("intake")) == [POISON] * 30 + [1]
    assert await stage.stores["intake"].fetchval("SELECT sum(held) FROM positions") == 0


async def test_what_queues_behind_a_failure_is_none(stage: Stage) -> None:
    ill = firm()
    async with stage.run("intake") as feeds:
        queue = [f"{ill} {POISON}", *[f"{ill} {n}" for n in range(50)]]
        await write(stage, [*poisoned(17), *queue, *poisoned(1), f"{firm()} 7"])
        await reaches(stage, 70)
        assert feeds.alarms.all() == {}
    states = await stage.stores["intake"].fetch("SELECT state, count(*) AS n FROM held GROUP BY state")
    assert {row["state"]: row["n"] for row in states} == {"held": 19, "queued": 50}


async def test_failures_further_apart_than_a_thousand_records_stop_nothing(stage: Stage) -> None:
    good = firm()
    async with stage.run("intake") as feeds:
        await write(stage, [*poisoned(19), *[f"{good} {n}" for n in range(1000)], *poisoned(19), f"{good} 1000"])
        await reaches(stage, 1039)
        assert feeds.alarms.all() == {}
        await write(stage, poisoned(1))
        await broken(feeds, True)
