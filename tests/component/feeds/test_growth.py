"""A store grows: who decides meanwhile waits, and whoever still has the old number in memory gets no feed's number."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.kafka.broker import Broker
from shared.errors import Trouble
from shared.feeds import growth, store
from shared.feeds.failures import Outgrown
from shared.feeds.growth import Growth
from shared.feeds.numbers import load_layout, partition_of
from shared.feeds.records import Packed
from shared.feeds.speech import Batch, Said, Work
from shared.postgres.pool import prepare
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.chaos.copies import dump
from tests.component.feeds import toy
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.recovering import back

WAS, NOW = 2, 4


def goes_elsewhere() -> str:
    """A firm whose partition is another one afterwards."""
    return next(one for one in iter(firm, "") if partition_of(one, WAS) != partition_of(one, NOW))


def feeds_of(stage: Stage) -> list[str]:
    return [f"{stage.prefix}intake.firms.v1/{k}" for k in range(WAS)]


async def raised(stage: Stage, connection: Any, heads: dict[str, int]) -> None:
    broker = Broker(stage.home.kafka_admin(), stage.home.kafka_client)
    await broker.add_partitions({f"{stage.prefix}intake.firms.v1": NOW})
    await growth.grow(connection, Growth(str(uuid.uuid4()), WAS, NOW, heads, "somebody"))


async def follows(stage: Stage) -> None:
    """The reader's own store grows as well; by that its processes know that there is more to read."""
    connection, topic = stage.stores["classifier"], "classifier.assessments.v1"
    await prepare(connection)
    async with connection.transaction():
        heads = await growth.hold(connection, [f"{stage.prefix}{topic}/{k}" for k in range(WAS)])
        await growth.grow(connection, Growth(str(uuid.uuid4()), WAS, NOW, heads, "somebody"))


async def test_who_decides_while_a_feed_is_held_waits_and_then_says_it_on_the_new_one(stage: Stage) -> None:
    keeper = stage.stores["intake"]
    await prepare(keeper)
    one = goes_elsewhere()
    async with stage.run("intake") as intake, stage.run("classifier"):
        await stage.write(f"{one} 1")
        await stage.count("classifier", 1)
        async with keeper.transaction():
            heads = await growth.hold(keeper, feeds_of(stage))
            await stage.write(f"{one} 2")

            async def waits() -> bool:
                sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                return bool(await keeper.fetchval(sql))

            await until(waits, what="a writer at the held feed")
            assert await growth.behind(keeper, heads, f"{stage.prefix}intake.firms.v1", {}) == []
            await raised(stage, keeper, heads)
        await follows(stage)
        await stage.count("classifier", 2)
        assert await stage.numbers("classifier") == [1, 2]
        assert (
            await keeper.fetchval("SELECT sequence FROM feeds WHERE feed = $1", feeds_of(stage)[partition_of(one, WAS)])
            == 1
        )
        new = f"{stage.prefix}intake.firms.v1/{partition_of(one, NOW)}"
        assert await keeper.fetchval("SELECT sequence FROM feeds WHERE feed = $1", new) == 1
        assert intake.layout.partitions == NOW
        assert intake.alarms.all() == {}


async def test_who_has_the_old_number_in_memory_gets_none_on_any_feed_of_before(stage: Stage) -> None:
    connection = stage.stores["intake"]
    await prepare(connection)
    layout = await load_layout(connection, "intake", stage.prefix)
    async with connection.transaction():
        await raised(stage, connection, await growth.hold(connection, feeds_of(stage)))
    said = [Packed(b"key", b"value", [])]
    for feed in feeds_of(stage):  # that were never written, too
        with pytest.raises(Outgrown, match="more than the 2 partitions"):
            async with connection.transaction():
                await store.number(connection, layout, {feed: said, f"{stage.prefix}partners.cna.receipts.v1/0": said})
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    for partitions in (NOW, NOW + 1):
        (row,) = await store.number(connection, replace(layout, partitions=partitions), {feeds_of(stage)[0]: said})
        assert row.last == partitions - NOW + 1


async def test_a_feed_is_behind_until_it_is_published_and_every_reader_has_read_it(stage: Stage) -> None:
    writer, reader = stage.stores["intake"], stage.stores["classifier"]
    topic = f"{stage.prefix}intake.firms.v1"
    one = firm()
    feed = f"{topic}/{partition_of(one, WAS)}"
    async with stage.run("intake"):
        await stage.write(f"{one} 1")
        await stage.count("intake", 1)
        heads = await growth.heads_of(writer, feeds_of(stage))
        assert heads[feed] == 1
        await until(lambda: published(writer, feed), what="the feed's cursor")
        (late,) = await growth.behind(writer, heads, topic, {"classifier": reader})
        assert str(late) == f"{feed}: number 1 is published, classifier has read 0"
        async with stage.run("classifier"):
            await stage.count("classifier", 1)
        assert await growth.behind(writer, heads, topic, {"classifier": reader}) == []


async def published(connection: Any, feed: str) -> bool:
    return bool(await connection.fetchval("SELECT published FROM relayed WHERE feed = $1", feed))


async def test_a_store_from_before_a_growth_starts_no_more_where_it_has_spoken_on_a_new_partition_alone(
    stage: Stage, tmp_path: Path
) -> None:
    one = next(one for one in iter(firm, "") if partition_of(one, NOW) >= WAS)
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    connection = stage.stores["intake"]
    await prepare(connection)
    async with connection.transaction():
        await raised(stage, connection, await growth.hold(connection, feeds_of(stage)))
    quiet = [replace(toy.WRITER[0], handler=note_alone)]
    settings = settings_from(stage.home.service_environment("intake", stage.prefix), toy.IntakeSettings)
    async with running(settings, "intake", quiet, toy.Toy()):
        await stage.write(f"{one} 1")
        await stage.count("intake", 1)
        await until(
            lambda: connection.fetchval("SELECT sum(published) = 1 FROM relayed"), what="what was said, published"
        )
    await back(stage, tmp_path / "copy")
    with pytest.raises(Trouble, match=r"/[23]: Kafka has number 1, the store knows 0: the store was restored"):
        async with running(settings, "intake", quiet, toy.Toy()):
            pass


async def note_alone(notes: Batch[toy.Note], work: Work[toy.Toy]) -> list[Said]:
    """Nothing is answered."""
    return [one for one in await toy.note(notes, work) if one.to is None]


async def test_the_number_of_partitions_is_never_lowered(stage: Stage) -> None:
    connection = stage.stores["intake"]
    for statement in ("UPDATE layout SET partitions = 1", "DELETE FROM layout"):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="never lowered"):
            await connection.execute(statement)
