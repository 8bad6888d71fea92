"""A reader that has never read begins at the topic's end, and what comes next is no gap."""

import asyncio
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from cli.audit.evidence import read_store, read_topics
from cli.audit.findings import Report
from cli.audit.readers import check_reader
from cli.feeds.baseline import begin_at_the_end
from deploy.local.home import Home
from shared.contracts.topics import INTAKE_FIRMS, internal_topics
from shared.errors import Trouble
from shared.testing.waiting import until
from tests.component.feeds.conftest import Stage, firm

TOPIC = next(topic for topic in internal_topics() if topic.name == INTAKE_FIRMS)


async def forgotten(home: Home, name: str, before: int) -> None:
    """The log's first records go, as with its keep."""
    admin = AdminClient({**home.kafka_admin()})
    for future in admin.delete_records([TopicPartition(name, k, before) for k in range(2)]).values():
        await asyncio.to_thread(future.result, 20)


async def published(stage: Stage, wanted: int) -> None:
    async def so_many() -> bool:
        sql = "SELECT coalesce(sum(published), 0) FROM relayed WHERE feed LIKE '%intake.firms%'"
        return bool(await stage.stores["intake"].fetchval(sql) == wanted)

    await until(so_many, what=f"{wanted} published records")


async def test_a_reader_that_begins_at_a_baseline_reads_what_comes_next_and_misses_nothing(stage: Stage) -> None:
    name, firms = f"{stage.prefix}{INTAKE_FIRMS}", [firm() for _ in range(12)]
    async with stage.run("intake"):
        await stage.write(*[f"{one} 1" for one in firms])
        await published(stage, len(firms))
        await forgotten(stage.home, name, 1)
        begun = await begin_at_the_end(stage.home, TOPIC, "classifier", stage.prefix)
        assert sum(one.sequence for one in begun) == len(firms)
        async with stage.run("classifier") as classifier:
            with pytest.raises(Trouble, match="classifier runs"):
                await begin_at_the_end(stage.home, TOPIC, "classifier", stage.prefix)
            await stage.write(*[f"{one} 2" for one in firms])
            await stage.count("classifier", len(firms))
            assert classifier.alarms.all() == {}
        assert await stage.numbers("classifier") == [2] * len(firms)
        with pytest.raises(Trouble, match="has read"):
            await begin_at_the_end(stage.home, TOPIC, "classifier", stage.prefix)
    report: Any = Report()
    store = await read_store(stage.home, "classifier", stage.prefix, ())
    for key, log in (await read_topics(stage.home, [name])).items():
        check_reader(report, store, *key, log)
    assert report.clean, report.told()
