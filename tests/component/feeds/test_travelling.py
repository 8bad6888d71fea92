"""Records travel from a door through two services, once each and in order, whatever is repeated, held or taken away."""

from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from shared.errors import Trouble
from shared.feeds.numbers import Layout
from shared.feeds.records import numbering_of, pack, record_of
from shared.feeds.speech import Cause
from shared.testing.waiting import until
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.toy import Noted, Toy

LAYOUT = Layout(partitions=2, prefix="", generation="g", service="intake")


async def outcomes(stage: Stage, service: str) -> dict[str, int]:
    row = await stage.stores[service].fetchrow(
        """SELECT sum(applied)::int AS applied, sum(repeated)::int AS repeated, sum(held)::int AS held,
        sum(next_offset - first_offset)::int AS consumed FROM positions"""
    )
    return dict(row)


async def test_what_is_written_at_the_door_takes_effect_once_in_each_store_and_in_order(stage: Stage) -> None:
    one, other = firm(), firm()
    async with stage.run("intake"), stage.run("classifier"):
        await stage.write(*[f"{one if n % 2 else other} {n}" for n in range(200)])
        await stage.count("classifier", 200)
    for service in ("intake", "classifier"):
        numbers = await stage.numbers(service)
        assert sorted(numbers) == list(range(200))
        assert [n for n in numbers if n % 2] == sorted(n for n in numbers if n % 2)
    answers = await stage.read("partners.cna.receipts.v1")
    assert [numbering_of(record.headers).sequence for record in answers] == list(range(1, 201))  # type: ignore[union-attr]
    assert await outcomes(stage, "classifier") == {"applied": 200, "repeated": 0, "held": 0, "consumed": 200}


async def test_a_feed_that_is_published_again_is_counted_as_repeats_and_changes_nothing(stage: Stage) -> None:
    one = firm()
    async with stage.run("intake"), stage.run("classifier"):
        await stage.write(*[f"{one} {n}" for n in range(50)])
        await stage.count("classifier", 50)
        # What `feeds republish` does: the cursor is set back, and the relay notices by itself.
        back = "UPDATE relayed SET published = 20 WHERE feed LIKE '%intake.firms%' AND published = 50 RETURNING feed"
        # The reader can be faster than the relay's own cursor.
        await until(lambda: stage.stores["intake"].fetchval(back), what="the cursor behind the fiftieth")

        async def repeated() -> bool:
            return (await outcomes(stage, "classifier"))["repeated"] == 30

        await until(repeated, what="thirty repeats")
    assert await stage.numbers("classifier") == list(range(50))
    assert await outcomes(stage, "classifier") == {"applied": 50, "repeated": 30, "held": 0, "consumed": 80}


async def test_a_record_that_fails_is_held_with_its_firm_and_no_other_firm_waits(stage: Stage) -> None:
    ill, well = firm(), firm()
    async with stage.run("intake"), stage.run("classifier", Toy(fails_on=frozenset({7}))):
        await stage.write(*[f"{ill if n >= 5 and n % 2 else well} {n}" for n in range(30)])
        await stage.count("classifier", 30 - 12)
    seen = await stage.numbers("classifier")
    assert [n for n in seen if n >= 5 and n % 2] == [5]
    assert len(seen) == 18
    held = await stage.stores["classifier"].fetch("SELECT state, failure, reason FROM held ORDER BY id")
    assert [row["state"] for row in held] == ["held"] + ["queued"] * 11
    assert held[0]["reason"].startswith("KeyError at component/feeds/toy.py:")
    assert await stage.stores["classifier"].fetchval("SELECT held FROM firms WHERE firm_id = $1", ill) == 12
    assert await outcomes(stage, "classifier") == {"applied": 18, "repeated": 0, "held": 12, "consumed": 30}


async def test_a_value_that_the_database_refuses_holds_one_record_and_answers_at_the_door(stage: Stage) -> None:
    async with stage.run("intake"):
        await stage.write(f"{firm()} 1", f"{firm()} -1", "not even two words that parse", f"{firm()} 2")
        await stage.count("intake", 2)

        async def answered() -> bool:
            return len(await stage.read("partners.cna.receipts.v1")) == 4

        await until(answered, what="four answers")
    texts = [b"held" in record.value for record in await stage.read("partners.cna.receipts.v1")]
    assert texts == [False, True, True, False]
    failures = await stage.stores["intake"].fetch("SELECT failure, firm_id IS NULL AS unknown FROM held ORDER BY id")
    assert [tuple(row) for row in failures] == [("Undecided", False), ("Unreadable", True)]


async def test_a_missing_number_is_seen_by_the_reader_and_waited_for(stage: Stage) -> None:
    one = firm()
    async with stage.run("intake"):
        await stage.write(*[f"{one} {n}" for n in range(40)])
        await stage.count("intake", 40)
        feed = await until(lambda: _published(stage, 40), what="forty published")
    topic, _, partition = feed.rpartition("/")
    # The head of the log is gone, as after a lost disk.
    admin = AdminClient({**stage.home.kafka_admin()})
    admin.delete_records([TopicPartition(topic, int(partition), 10)])[TopicPartition(topic, int(partition))].result(10)
    async with stage.run("classifier") as reader:

        async def alarmed() -> list[str]:
            return [text for text in reader.alarms.all().values() if "feeds republish" in text and "number 1 " in text]

        await until(alarmed, what="an alarm that names the missing number")
        assert await stage.numbers("classifier") == []
        async with stage.run("intake"):
            await stage.stores["intake"].execute("UPDATE relayed SET published = 0 WHERE feed = $1", feed)
            await stage.count("classifier", 40)
        assert await stage.numbers("classifier") == list(range(40))

        async def calm() -> bool:
            return not [name for name in reader.alarms.all() if name.startswith("gap")]

        await until(calm, what="the end of the alarm")


async def _published(stage: Stage, n: int) -> Any:
    return await stage.stores["intake"].fetchval(
        "SELECT feed FROM relayed WHERE feed LIKE '%intake.firms%' AND published = $1", n
    )


async def test_a_store_older_than_kafka_refuses_to_write(stage: Stage) -> None:
    one = firm()
    async with stage.run("intake"):
        await stage.write(*[f"{one} {n}" for n in range(10)])
        feed = await until(lambda: _published(stage, 10), what="ten published")
    await stage.stores["intake"].execute("UPDATE feeds SET sequence = 4 WHERE feed = $1", feed)
    await stage.stores["intake"].execute("UPDATE relayed SET published = 4 WHERE feed = $1", feed)
    with pytest.raises(Trouble, match="Kafka has number 10, the store knows 4: the store was restored"):
        async with stage.run("intake"):
            pass


async def test_a_store_that_says_otherwise_than_kafka_refuses_as_well(stage: Stage) -> None:
    one = firm()
    async with stage.run("intake"):
        await stage.write(*[f"{one} {n}" for n in range(3)])
        feed = await until(lambda: _published(stage, 3), what="three published")
    # As if the store had been restored and had then given the number out again, for something else.
    store = stage.stores["intake"]
    other = record_of(Cause("x").says(Noted(firm_id=one, n=99), firm_id=one), "x", datetime.now(UTC), LAYOUT)
    await store.execute("DELETE FROM outbox WHERE feed = $1", feed)
    await store.execute(
        "INSERT INTO outbox (feed, first, n, generation, body) SELECT $1, 3, 1, generation, $2 FROM generations",
        feed,
        pack([other]),
    )
    with pytest.raises(Trouble, match="number 3 is another record in Kafka than in the store"):
        async with stage.run("intake"):
            pass


async def test_a_trace_header_that_nobody_can_keep_holds_nobody_up(stage: Stage) -> None:
    one = firm()
    topic = f"{stage.prefix}partners.cna.firms.v1"
    async with stage.run("intake"):
        for n, trace in enumerate((b"\x00", b"0" * 1_100_000, b"\xff\xfe", None)):
            headers = [("traceparent", trace)]
            await stage.producer.send_and_wait(topic, f"{one} {n}".encode(), partition=0, headers=headers)
        await stage.count("intake", 4)
    assert await outcomes(stage, "intake") == {"applied": 4, "repeated": 0, "held": 0, "consumed": 4}


async def test_a_door_that_stopped_is_read_again_when_it_is_given_out_anew(stage: Stage) -> None:
    async with stage.run("intake") as reader:
        reader.assignment.stop((f"{stage.prefix}partners.cna.firms.v1", 0))
        async with stage.run("intake"):
            await stage.write(f"{firm()} 1")
            await stage.count("intake", 1)


@pytest.mark.parametrize("service", ["intake", "classifier"])
async def test_two_replicas_share_the_work_and_nothing_is_doubled(stage: Stage, service: str) -> None:
    firms = [firm() for _ in range(20)]
    other = "classifier" if service == "intake" else "intake"
    async with stage.run(other), stage.run(service):
        await stage.write(*[f"{firms[n % 20]} {n}" for n in range(100)], partner="cna")
        async with stage.run(service):
            await stage.write(*[f"{firms[n % 20]} {n}" for n in range(100, 200)], partner="aice")
            await stage.count("classifier", 200)
    assert sorted(await stage.numbers("intake")) == list(range(200))
    assert sorted(await stage.numbers("classifier")) == list(range(200))
