"""Topics that were deleted and made again, and logs that lost records: seen by whoever reads or writes them, and mended
by a person's command."""

from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from cli.feeds.accept import accept
from cli.feeds.republish import republish
from shared.errors import Trouble
from shared.feeds.records import numbering_of
from shared.feeds.runtime import Feeds
from shared.testing.waiting import until
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.remade import remake

FIRMS = "intake.firms.v1"
DOOR, RECEIPTS = "partners.cna.firms.v1", "partners.cna.receipts.v1"


async def alarmed(feeds: Feeds[Any], name: str, text: str) -> None:
    async def told() -> bool:
        return any(key.startswith(name) and text in said for key, said in feeds.alarms.all().items())

    await until(told, limit=40, what=f"an alarm {name!r} that says {text!r}")


async def calm(*services: Feeds[Any]) -> None:
    async def quiet() -> bool:
        return not any(one.alarms.all() for one in services)

    await until(quiet, limit=40, what="the end of all alarms")


async def numbers(stage: Stage, topic: str) -> dict[int, list[int]]:
    """The numbers on each partition, as they lie there."""
    found: dict[int, list[int]] = {}
    for record in await stage.read(topic):
        numbering = numbering_of(record.headers)
        assert numbering is not None
        found.setdefault(record.partition, []).append(numbering.sequence)
    return found


async def orders(stage: Stage, service: str) -> list[tuple[str, str, str]]:
    rows = await stage.stores[service].fetch("SELECT kind, topic, given_by FROM feed_orders ORDER BY id")
    return [(row["kind"], row["topic"].removeprefix(stage.prefix), row["given_by"]) for row in rows]


async def test_a_topic_made_again_under_a_running_system_waits_for_a_word_and_then_has_everything(
    stage: Stage,
) -> None:
    firms = [firm() for _ in range(6)]
    topic = stage.prefix + FIRMS
    async with stage.run("intake") as writer, stage.run("classifier") as reader:
        await stage.write(*[f"{firms[n % 6]} {n}" for n in range(40)])
        await stage.count("classifier", 40)
        await remake(stage.home, FIRMS, stage.prefix)
        await stage.write(*[f"{firms[n % 6]} {n}" for n in range(40, 60)])
        await stage.count("intake", 60)
        await alarmed(reader, "position", f"feeds accept {topic}")
        await alarmed(writer, "log", f"feeds accept {topic}")
        assert len(await stage.numbers("classifier")) == 40
        with pytest.raises(Trouble, match="deleted and made again"):
            await republish(stage.home, topic, None, by="me", prefix=stage.prefix)
        would = await accept(stage.home, topic, "a trial", by="me", rehearse=True, prefix=stage.prefix)
        assert await orders(stage, "intake") == []
        done = await accept(stage.home, topic, "somebody's mistake", by="me", prefix=stage.prefix)
        assert [(one.service, one.kind) for one in done] == [(one.service, one.kind) for one in would]
        await stage.count("classifier", 60, limit=40)
        await calm(writer, reader)
    by_firm = await stage.numbers("classifier")
    assert sorted(by_firm) == list(range(60))
    assert all([n for n in by_firm if n % 6 == k] == list(range(k, 60, 6)) for k in range(6))
    found = await numbers(stage, FIRMS)
    assert {k: list(range(1, len(some) + 1)) for k, some in found.items()} == found, "a reader begins with number 1"
    assert await orders(stage, "intake") == [("accept", FIRMS, "me")]
    assert await orders(stage, "classifier") == [("accept", FIRMS, "me")]


async def test_a_topic_made_again_beside_an_older_copy_of_its_writers_store_is_not_accepted(stage: Stage) -> None:
    one, topic = firm(), stage.prefix + FIRMS
    async with stage.run("intake"), stage.run("classifier"):
        await stage.write(*[f"{one} {n}" for n in range(10)])
        await stage.count("classifier", 10)
    (feed,) = [
        row["feed"] for row in await stage.stores["intake"].fetch("SELECT feed FROM feeds") if topic in row["feed"]
    ]
    await remake(stage.home, FIRMS, stage.prefix)
    await stage.stores["intake"].execute("UPDATE feeds SET sequence = 7 WHERE feed = $1", feed)
    for rehearse in (True, False):
        with pytest.raises(Trouble, match=f"classifier has heard number 10 of {feed}, and the store of intake .* 7"):
            await accept(stage.home, topic, "a mistake", by="me", rehearse=rehearse, prefix=stage.prefix)
    assert await orders(stage, "intake") == await orders(stage, "classifier") == []
    await stage.stores["intake"].execute("UPDATE feeds SET sequence = 10 WHERE feed = $1", feed)
    assert await accept(stage.home, topic, "a mistake", by="me", rehearse=True, prefix=stage.prefix)


async def test_a_partners_outbound_topic_made_again_while_its_writer_is_away_has_the_whole_copy_again(
    stage: Stage,
) -> None:
    one = firm()
    async with stage.run("intake"):
        await stage.write(*[f"{one} {n}" for n in range(10)])
        await stage.count("intake", 10)
        await until(lambda: _published(stage, RECEIPTS, 10), what="ten receipts")
    await remake(stage.home, RECEIPTS, stage.prefix)
    async with stage.run("intake") as writer:
        await alarmed(writer, "log", f"feeds accept {stage.prefix}{RECEIPTS}")
        await stage.write(f"{one} 10")
        await stage.count("intake", 11)
        assert await stage.read(RECEIPTS) == []
        await accept(stage.home, stage.prefix + RECEIPTS, "a mistake", by="me", prefix=stage.prefix)
        await until(lambda: _published(stage, RECEIPTS, 11), what="eleven receipts")
        await calm(writer)
    assert await numbers(stage, RECEIPTS) == {0: list(range(1, 12))}


async def test_a_partners_inbound_topic_made_again_is_read_from_its_beginning_on_a_persons_word(stage: Stage) -> None:
    async with stage.run("intake"):
        await stage.write(*[f"{firm()} {n}" for n in range(5)])
        await stage.count("intake", 5)
    await remake(stage.home, DOOR, stage.prefix)
    await stage.write(*[f"{firm()} {n}" for n in range(5, 13)])  # it has grown past the offset that came next
    async with stage.run("intake") as reader:
        await alarmed(reader, "position", f"feeds accept {stage.prefix}{DOOR}")
        assert len(await stage.numbers("intake")) == 5
        (done,) = await accept(stage.home, stage.prefix + DOOR, "a mistake", by="me", prefix=stage.prefix)
        assert (done.was, done.now, done.another_topic) == (5, 0, True)
        await stage.count("intake", 13)
        await calm(reader)
        with pytest.raises(Trouble, match="nothing to accept"):
            await accept(stage.home, stage.prefix + DOOR, "again", by="me", prefix=stage.prefix)
    assert await stage.numbers("intake") == list(range(13))
    row = await stage.stores["intake"].fetchrow("SELECT * FROM feed_orders")
    assert (row["reason"], row["changed"]) == (
        "a mistake",
        '{"%s/0": {"now": 0, "was": 5, "another_topic": true}}' % (stage.prefix + DOOR),
    )


async def test_records_of_a_partner_that_were_removed_unread_are_told_and_passed_over_on_a_word_alone(
    stage: Stage,
) -> None:
    topic = stage.prefix + DOOR
    await stage.write(*[f"{firm()} {n}" for n in range(9)])
    admin = AdminClient({**stage.home.kafka_admin()})
    admin.delete_records([TopicPartition(topic, 0, 4)])[TopicPartition(topic, 0)].result(10)
    async with stage.run("intake") as reader:
        await alarmed(reader, "position", "records were removed unread")
        assert await stage.numbers("intake") == []
        (done,) = await accept(stage.home, topic, "the disk was lost", by="me", prefix=stage.prefix)
        assert (done.was, done.now, done.another_topic) == (0, 4, False)
        await stage.count("intake", 5)
        await calm(reader)
    assert await stage.numbers("intake") == [4, 5, 6, 7, 8]


async def test_all_feeds_of_a_topic_come_again_by_one_command_under_the_same_numbers(stage: Stage) -> None:
    firms = [firm() for _ in range(8)]
    async with stage.run("intake"), stage.run("classifier"):
        await stage.write(*[f"{firms[n % 8]} {n}" for n in range(32)])
        await stage.count("classifier", 32)
        once = await numbers(stage, FIRMS)
        await until(lambda: _published(stage, FIRMS, 32), what="the cursors behind the last record")
        with pytest.raises(Trouble, match="nothing of"):
            await republish(stage.home, stage.prefix + FIRMS, 33, by="me", prefix=stage.prefix)
        done = await republish(stage.home, stage.prefix + FIRMS, None, by="me", prefix=stage.prefix)
        assert [(again.first, again.published) for again in done] == [(1, len(once[k])) for k in sorted(once)]

        async def twice() -> bool:
            return {k: some * 2 for k, some in once.items()} == await numbers(stage, FIRMS)

        await until(twice, what="every record a second time")
    assert sorted(await stage.numbers("classifier")) == list(range(32))
    assert await orders(stage, "intake") == [("republish", FIRMS, "me")]


async def _published(stage: Stage, topic: str, n: int) -> bool:
    done = await stage.stores["intake"].fetchval(
        "SELECT sum(published) FROM relayed WHERE feed LIKE $1 || '/%'", stage.prefix + topic
    )
    return bool(done == n)
