"""Where reading starts is the store's word: neither what the group says nor what the log still has can move it."""

from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AdminClient,
    NewTopic,
)

from shared.feeds.runtime import Feeds
from shared.testing.waiting import until
from tests.component.feeds.conftest import Stage, firm

DOOR = "partners.cna.firms.v1"
ANSWER = 20


async def read_some(stage: Stage) -> str:
    """Three records of one firm, taken in by a service that has ended since; gives the firm."""
    one = firm()
    async with stage.run("intake"):
        await stage.write(*[f"{one} {n}" for n in range(3)])
        await stage.count("intake", 3)
    return one


async def goes_on(stage: Stage, feeds: Feeds[Any], wanted: int) -> None:
    """So many effects are there, or an alarm says why they do not come."""

    async def either() -> bool:
        return bool(feeds.alarms.all()) or len(await stage.numbers("intake")) >= wanted

    await until(either, what=f"{wanted} effects or an alarm")


@pytest.mark.parametrize("said", [0, 6], ids=["behind", "ahead"])
async def test_reading_goes_on_where_the_store_is_whatever_the_group_says(stage: Stage, said: int) -> None:
    one = await read_some(stage)
    await stage.write(*[f"{one} {n}" for n in range(3, 6)])
    admin = AdminClient({**stage.home.kafka_admin()})
    group = ConsumerGroupTopicPartitions(f"{stage.prefix}intake", [TopicPartition(stage.prefix + DOOR, 0, said)])
    for future in admin.alter_consumer_group_offsets([group]).values():
        future.result(ANSWER)
    async with stage.run("intake") as feeds:
        await stage.write(f"{one} 6")
        await goes_on(stage, feeds, 7)
        assert feeds.alarms.all() == {}
    assert await stage.numbers("intake") == list(range(7))


async def test_a_door_that_was_made_anew_is_read_no_further_although_its_log_has_grown_past_the_position(
    stage: Stage,
) -> None:
    one = await read_some(stage)
    admin, topic = AdminClient({**stage.home.kafka_admin()}), stage.prefix + DOOR
    admin.delete_topics([topic])[topic].result(ANSWER)

    async def gone() -> bool:
        return topic not in admin.list_topics(timeout=ANSWER).topics

    await until(gone, what="the end of the topic")
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(ANSWER)
    await stage.write(*[f"{one} {n}" for n in range(10, 15)])
    async with stage.run("intake") as feeds:
        await goes_on(stage, feeds, 5)
        assert list(feeds.alarms.all()) == [f"position {topic}/0"]
        assert "another topic than the one that was read" in feeds.alarms.all()[f"position {topic}/0"]
    assert await stage.numbers("intake") == [0, 1, 2]


async def test_a_door_whose_unread_records_were_removed_is_read_no_further(stage: Stage) -> None:
    one = await read_some(stage)
    await stage.write(*[f"{one} {n}" for n in range(3, 8)])
    at = TopicPartition(stage.prefix + DOOR, 0, 6)
    admin = AdminClient({**stage.home.kafka_admin()})
    admin.delete_records([at])[at].result(ANSWER)
    async with stage.run("intake") as feeds:
        await goes_on(stage, feeds, 5)
        assert list(feeds.alarms.all()) == [f"position {at.topic}/0"]
        assert "records were removed unread, reading stops" in feeds.alarms.all()[f"position {at.topic}/0"]
    assert await stage.numbers("intake") == [0, 1, 2]
