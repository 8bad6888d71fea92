"""A file of the broker's, from the middle of a log, is gone when it starts again: who still needed it says so and
waits, a command brings back what is ours, and what a partner had written is passed over on a person's word alone."""

import asyncio
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # confluent exports these without saying so
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from cli.feeds.accept import accept
from cli.feeds.republish import republish
from shared.feeds.kafka import in_thread
from shared.testing.waiting import until
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.test_remade import DOOR, FIRMS, alarmed, calm
from tests.conftest import Servers

ROUNDS, EACH = 6, 4


async def in_many_segments(stage: Stage, *topics: str) -> None:
    """Each record that comes later than the one before begins a file of its own."""
    admin = AdminClient({**stage.home.kafka_admin()})
    entry = ConfigEntry("segment.ms", "1", incremental_operation=AlterConfigOpType.SET)
    wanted = [ConfigResource(ResourceType.TOPIC, stage.prefix + topic, incremental_configs=[entry]) for topic in topics]
    altered = admin.incremental_alter_configs(wanted)
    await in_thread(lambda: [future.result(10) for future in altered.values()])


def middle(directory: Path, after: int) -> tuple[int, int]:
    """Remove one file of a log, of those that begin behind offset `after`; the offsets that are gone: from, before."""
    begins = sorted(int(path.stem) for path in directory.glob("*.log"))
    assert len([begin for begin in begins if begin > after]) >= 2, f"{directory} has only {begins}"
    lost = next(begin for begin in begins if begin > after)
    for path in directory.glob(f"{lost:020d}.*"):
        path.unlink()
    return lost, begins[begins.index(lost) + 1]


async def test_a_file_that_is_lost_from_the_middle_is_missed_told_and_mended(stage: Stage, servers: Servers) -> None:
    one, said = firm(), ROUNDS * EACH
    await in_many_segments(stage, FIRMS, DOOR)
    async with stage.run("intake"):
        for n in range(ROUNDS):
            await stage.write(*[f"{one} {n * EACH + k}" for k in range(EACH)])
            await stage.count("intake", (n + 1) * EACH)
            feed = await until(lambda: _published(stage, (n + 1) * EACH), what="what was said")  # noqa: B023  # awaited at once
    for n in range(said, said + ROUNDS):
        await stage.write(f"{one} {n}")
    data = stage.home.kafka / "data"
    servers.kafka.stop()
    firms_lost = middle(data / feed.replace("/", "-"), 0)
    door_lost = middle(data / f"{stage.prefix}{DOOR}-0", said)
    await asyncio.to_thread(servers.kafka.start)

    topic = stage.prefix + DOOR
    async with stage.run("intake") as writer, stage.run("classifier") as reader:
        await alarmed(reader, "gap", f"feeds republish {feed} --from {firms_lost[0] + 1}`")
        await alarmed(writer, "gap", f"feeds accept {topic}")
        assert await stage.numbers("classifier") == list(range(firms_lost[0]))
        assert await stage.numbers("intake") == list(range(door_lost[0]))
        await republish(stage.home, feed, firms_lost[0] + 1, by="me", prefix=stage.prefix)
        await stage.count("classifier", door_lost[0])
        (done,) = await accept(stage.home, topic, "a file was lost", by="me", prefix=stage.prefix)
        assert (done.was, done.now) == door_lost
        whole = [n for n in range(said + ROUNDS) if not door_lost[0] <= n < door_lost[1]]
        await stage.count("classifier", len(whole))
        await calm(writer, reader)
    assert await stage.numbers("intake") == whole
    assert await stage.numbers("classifier") == whole


async def _published(stage: Stage, n: int) -> str | None:
    feed: str | None = await stage.stores["intake"].fetchval(
        "SELECT feed FROM relayed WHERE feed LIKE '%intake.firms%' AND published = $1", n
    )
    return feed
