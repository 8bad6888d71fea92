"""A store that lost its last hours decides them again, and Kafka has everything once: what was said is not said again,
clocks that had rung are taken for rung, and no id is ever given to something else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.contracts.base import Event
from shared.errors import Trouble
from shared.feeds.aside import Closing
from shared.feeds.recovery import Done, Found, Recovery
from shared.feeds.redrive import Redriving
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import Subscription
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.chaos.copies import dump, lasting
from tests.component.feeds import clockwork, toy
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.recovering import back, lying, recovering
from tests.component.feeds.test_timers import ticking

FIRMS, RECEIPTS = "intake.firms.v1", "partners.cna.receipts.v1"


class Killed(Exception):
    """The command ends here, like one that is killed."""


async def carried_out(recovery: Recovery[toy.Toy]) -> Done:
    return await recovery.carry_out(await recovery.look(), "somebody", lambda n, of: None)


async def too_late(recovery: Recovery[toy.Toy], looked: Sequence[Found]) -> None:
    """Who looked before somebody else went on changes nothing."""
    for found in looked:
        with pytest.raises(Trouble, match="another recovery has gone on meanwhile: give the command again"):
            await recovery.carry_out(found, "somebody else", lambda n, of: None)


async def published(stage: Stage) -> None:
    """Everything that was given out is in Kafka."""
    sql = "SELECT coalesce(sum(sequence - published), 0) = 0 FROM feeds LEFT JOIN relayed USING (feed)"
    await until(lambda: stage.stores["intake"].fetchval(sql), what="the cursors at the heads")


async def has_everything_once(stage: Stage) -> None:
    for topic in (FIRMS, RECEIPTS):
        numbers, ids = await lying(stage, topic)
        assert {k: list(range(1, len(some) + 1)) for k, some in numbers.items()} == numbers
        assert set(ids.values()) == {1}, f"an id stands twice on {topic}"


async def test_what_was_said_before_the_store_was_lost_is_decided_again_and_not_said_again(
    stage: Stage, tmp_path: Path
) -> None:
    firms = [firm() for _ in range(3)]
    async with stage.run("intake"):
        await stage.write(*[f"{firms[n % 3]} {n}" for n in range(4)])
        await stage.count("intake", 4)
        await published(stage)
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    async with stage.run("intake"):
        for n in range(4, 10):
            await stage.write(f"{firms[n % 3]} {n}")
            await stage.count("intake", n + 1)  # a transaction each
        await published(stage)
    before = await lasting(stage.home, "intake", stage.prefix)
    await back(stage, tmp_path / "copy")

    def dies(n: int, of: int) -> None:
        assert of > 2
        if n == 2:
            raise Killed

    async with recovering(stage) as beside, recovering(stage) as recovery:
        looked = [await beside.look()]
        with pytest.raises(Killed):
            await recovery.carry_out(await recovery.look(), "somebody", dies)
        looked.append(await beside.look())
        with pytest.raises(Killed):
            await recovery.carry_out(await recovery.look(), "somebody", dies)
        await too_late(beside, looked)
        done = await carried_out(recovery)
        await too_late(beside, looked)
    assert (done.told.again, done.told.new, done.told.otherwise, done.undecided) == (4, 0, [], [])
    assert await lasting(stage.home, "intake", stage.prefix) == before
    async with stage.run("intake") as intake, stage.run("classifier") as reader:
        await stage.write(*[f"{one} 10" for one in firms])
        await stage.count("classifier", 13)
        await published(stage)
        assert (intake.alarms.all(), reader.alarms.all()) == ({}, {})
    await has_everything_once(stage)
    assert await stage.numbers("intake") == [*range(10), 10, 10, 10]


async def test_a_clock_that_had_rung_does_not_ring_again_and_no_later_one_gets_its_version(
    stage: Stage, tmp_path: Path
) -> None:
    """Versions are passed over in the lost life, as by transactions that were rolled back; of the same clock as many
    follow afterwards."""
    one = firm()
    wound = f"{one} 1"
    store = stage.stores["intake"]
    await clockwork.wind(store, [one], datetime(2026, 1, 1, tzinfo=UTC))
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    async with ticking(stage, door=clockwork.STIRRING):
        await stage.count("intake", 1)
        await store.execute("SELECT nextval('timer_versions') FROM generate_series(1, 3)")
        await stage.write(wound)
        await stage.count("intake", 3)
        await published(stage)
    rung = await stage.numbers("intake")
    await back(stage, tmp_path / "copy")
    async with recovering(stage, clockwork.STIRRING, clockwork.TABLE) as recovery:
        done = await carried_out(recovery)
    assert (done.told.again, done.told.new, done.told.otherwise, done.undecided) == (4, 0, [], [])
    assert await stage.numbers("intake") == rung
    async with ticking(stage, door=clockwork.STIRRING):
        for n in range(6):
            await stage.write(wound)
            await stage.count("intake", 5 + 2 * n)
        await published(stage)
    await has_everything_once(stage)


class Delayed(Event, frozen=True):
    """What the toy answers of a record that it holds."""

    type: ClassVar[str] = "it.portolano.toy.delayed.v1"
    feed: ClassVar[str] = "partners.{partner}.receipts.v1"

    offset: int


def delayed(record: Heard[Any]) -> Said:
    return record.says(Delayed(offset=record.place.offset), to=record.partner)


async def fails(notes: Batch[Any], work: Work[toy.Toy]) -> list[Said]:
    raise KeyError("a fault that the lost life had not")


async def test_what_fails_when_it_is_decided_again_is_held_and_says_nothing_twice_once_it_is_redriven(
    stage: Stage, tmp_path: Path
) -> None:
    door: Sequence[Subscription] = [replace(toy.WRITER[0], held=delayed, says=(*toy.WRITER[0].says, Delayed))]
    environment = stage.home.service_environment("intake", stage.prefix)
    settings = settings_from(environment, toy.IntakeSettings)
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    async with running(settings, "intake", door, toy.Toy()):
        await stage.write(f"{firm()} 1")
        await stage.count("intake", 1)
        await published(stage)
    await back(stage, tmp_path / "copy")
    async with recovering(stage, [replace(door[0], handler=fails)]) as recovery:
        done = await carried_out(recovery)
    assert (done.held, done.told.new, len(done.undecided)) == (1, 1, 2)
    async with running(settings, "intake", door, toy.Toy()) as intake:
        redriving = Redriving(intake.pool, intake.layout, toy.Toy(), intake.transactions._sources, "test", intake.clock)
        (driven,) = await redriving.redrive(
            await stage.stores["intake"].fetchval("SELECT id FROM held"), Closing("somebody", "mended")
        )
        assert driven.outcome == "applied"
        await published(stage)
    assert await stage.numbers("intake") == [1]
    await has_everything_once(stage)
    _, said = await lying(stage, RECEIPTS)
    assert len(said) == 2  # what it was answered in the lost life, and that it was delayed
