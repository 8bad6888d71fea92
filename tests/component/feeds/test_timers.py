"""Timers fire once, in order, and only when nothing that came in time is still unread."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.home import database_name
from shared.feeds import clock, firing, outages, timers
from shared.feeds.runtime import Feeds
from shared.feeds.subscriptions import Subscription
from shared.feeds.watermarks import Watermarks
from shared.postgres.pool import Connection, prepare
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.component.feeds import clockwork, toy
from tests.component.feeds.conftest import Stage, firm
from tests.prove.fire_clocks import fire

PAST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def store(stage: Stage) -> AsyncIterator[Connection]:
    """Intake's store as its administrator sees it, with our types."""
    async with opened(stage) as connection:
        yield connection


@asynccontextmanager
async def opened(stage: Stage) -> AsyncIterator[Connection]:
    connection: Connection = await asyncpg.connect(**stage.home.admin_dsn(database_name("intake", stage.prefix)))
    await prepare(connection)
    yield connection
    await connection.close()


def ticking(
    stage: Stage,
    context: toy.Toy | None = None,
    door: Sequence[Subscription] = clockwork.DOOR,
    **settings: str,
) -> AbstractAsyncContextManager[Feeds[Any]]:
    environment = stage.home.service_environment("intake", stage.prefix)
    environment |= {f"INTAKE_{name.upper()}": value for name, value in settings.items()}
    return running(
        settings_from(environment, toy.IntakeSettings),
        "intake",
        door,
        context or toy.Toy(),
        timers=clockwork.TABLE,
    )


async def looked(feeds: Feeds[Any], times: int = 2) -> None:
    """Wait until it has looked so often from now on."""
    wanted = feeds.firing.looks + times

    async def enough() -> bool:
        return feeds.firing.looks >= wanted

    await until(enough, what=f"{times} looks at the timers")


async def test_each_fires_once_whoever_is_killed_meanwhile(stage: Stage) -> None:
    result = await fire(stage.home, stage.prefix, 1_500, kills=2)
    assert (result.fired, result.twice, result.left, result.said) == (1_500, 0, 0, 1_500)


async def test_one_that_was_moved_after_it_was_chosen_is_not_fired(stage: Stage, store: Connection) -> None:
    one = firm()
    await clockwork.wind(store, [one], PAST)
    now = datetime.now(UTC)
    chosen = await timers.choose(store, ["strike"], now, "test", {}, 10)
    known = await timers.of_firms(store, [one])
    moved = {key: timers.Timer(kind="strike", id="0", firm_id=one, due_at=now + clockwork.LATER) for key in known}
    await timers.bring_about(store, known, moved)
    assert await timers.take(store, chosen) == timers.Taken([], late=1)
    assert (await timers.of_firms(store, [one]))["strike", "0"].due_at == now + clockwork.LATER


async def test_one_that_is_dropped_and_set_again_has_another_cause(stage: Stage, store: Connection) -> None:
    causes = []
    for _ in range(2):
        await clockwork.wind(store, [firm()], PAST)
        chosen = await timers.choose(store, ["strike"], datetime.now(UTC), "test", {}, 10)
        async with store.transaction():
            causes += [due.cause.id for due in (await timers.take(store, chosen)).due]
    assert len(set(causes)) == 2


async def test_what_came_in_time_is_read_before_a_deadline_is_judged(stage: Stage, store: Connection) -> None:
    """The reader is kept from committing, as if it were far behind; a timer without a deadline fires meanwhile."""
    behind = firm()
    async with ticking(stage) as feeds, opened(stage) as outside:
        await stage.write(f"{firm()} 7")
        await stage.count("intake", 1)
        reading = outside.transaction()
        await reading.start()
        await outside.execute("SELECT FROM positions WHERE topic = $1 FOR UPDATE", stage.prefix + clockwork.TOPIC)
        await stage.write(f"{behind} 8")
        await clockwork.wind(store, [behind], PAST, topic=clockwork.TOPIC)
        await looked(feeds, 3)
        assert await stage.numbers("intake") == [7]
        await reading.rollback()
        await stage.count("intake", 2)
        await looked(feeds, 3)
    assert await stage.numbers("intake") == [7, 8]
    assert (await timers.of_firms(store, [behind]))["strike", "0"].due_at > datetime.now(UTC)


async def test_a_deadline_fires_once_its_topic_is_read_to_the_end(stage: Stage, store: Connection) -> None:
    async with ticking(stage):
        await stage.write(f"{firm()} 7")
        await stage.count("intake", 1)
        await clockwork.wind(store, [firm()], datetime.now(UTC), topic=clockwork.TOPIC)
        await stage.count("intake", 2)
    assert await stage.numbers("intake") == [7, 0]


async def test_a_topic_of_which_nothing_certain_is_known_keeps_back_its_own_deadlines_alone(stage: Stage) -> None:
    silent, remade, known = (f"partners.{code}.firms.v1" for code in ("aice", "claai", "cna"))

    async def bounds(asked: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, int]]:
        (key,) = asked
        if key[0].endswith(silent):
            raise ConnectionError("no answer")
        return {key: (0, 0)}

    async def ids(names: Sequence[str]) -> dict[str, str]:
        (name,) = names
        if name.endswith(remade):
            return {name: "another one"}
        return {name: await stage.stores["intake"].fetchval("SELECT topic_id FROM positions WHERE topic = $1", name)}

    async with ticking(stage) as feeds:
        marks = Watermarks(feeds.pool, feeds.clock, stage.prefix, bounds, ids)
        await marks.look([silent, remade, known])
    assert list(marks.read) == [known]


async def test_one_whose_firm_has_held_records_waits_and_the_others_do_not(stage: Stage, store: Connection) -> None:
    ill = firm()
    await clockwork.wind(store, [ill, firm()], PAST)
    await store.execute("UPDATE firms SET held = 1 WHERE firm_id = $1", ill)
    async with ticking(stage) as feeds:
        await stage.count("intake", 1)
        await looked(feeds)
        assert await stage.numbers("intake") == [1]
        await store.execute("UPDATE firms SET held = 0 WHERE firm_id = $1", ill)
        await stage.count("intake", 2)


async def test_one_that_fails_for_good_is_set_aside_with_an_alarm_and_the_others_fire(
    stage: Stage, store: Connection
) -> None:
    await clockwork.wind(store, [firm() for _ in range(40)], PAST)
    async with ticking(stage, toy.Toy(fails_on=frozenset({7}))) as feeds:
        await stage.count("intake", 39)
        await looked(feeds)
        assert "1 timers failed" in feeds.alarms.all()["timers"]
    assert sorted(await stage.numbers("intake")) == [n for n in range(40) if n != 7]
    row = await store.fetchrow("SELECT id, failure, failed_by FROM timers")
    assert row is not None
    assert (row["id"], row["failed_by"]) == ("7", "test")
    assert row["failure"].startswith("KeyError at component/feeds/clockwork.py:")
    await store.execute("UPDATE timers SET failed_by = 'the version before'")
    async with ticking(stage):
        await stage.count("intake", 40)


async def test_time_moves_on_only_where_the_settings_allow_it(stage: Stage, store: Connection) -> None:
    await clockwork.wind(store, [firm()], datetime.now(UTC) + timedelta(days=3))
    await clock.move(store, timedelta(days=4))
    async with ticking(stage) as feeds:
        await looked(feeds)
    assert await stage.numbers("intake") == []
    async with ticking(stage, moved_clock="true"):
        await stage.count("intake", 1)


async def test_a_record_keeps_the_time_at_which_it_came(stage: Stage, store: Connection) -> None:
    house = clock.Clock(moved=True)
    before = datetime.now(UTC) - timedelta(seconds=5)
    await clock.move(store, timedelta(days=2))
    async with store.transaction():
        now = await house.now(store)
    assert house.told(before) == before
    assert timedelta(days=2) <= now - before < timedelta(days=2, minutes=5)


async def test_whoever_fires_passes_over_a_firm_that_a_handler_has_in_hand(stage: Stage, store: Connection) -> None:
    """Were it to wait for the firm with the timer in its hand, the two would wait for each other."""
    one = firm()
    await clockwork.wind(store, [one], PAST)
    chosen = await timers.choose(store, ["strike"], datetime.now(UTC), "test", {}, 10)
    async with opened(stage) as handler, handler.transaction():
        await handler.execute("SELECT FROM firms WHERE firm_id = $1 FOR UPDATE", one)
        async with store.transaction():
            await store.execute("SET LOCAL lock_timeout = '5s'")
            assert await timers.take(store, chosen) == timers.Taken([], late=0)
            known = await timers.of_firms(handler, [one])
            await asyncio.wait_for(timers.bring_about(handler, known, {}), 5)


async def test_handlers_that_move_timers_and_those_who_fire_them_never_wait_for_each_other(
    stage: Stage, store: Connection
) -> None:
    firms = [firm() for _ in range(20)]
    async with ticking(stage, door=clockwork.STIRRING), ticking(stage, door=clockwork.STIRRING) as feeds:
        await asyncio.gather(*(stage.write(*(f"{firms[n % 20]} {n}" for n in range(k, 600, 10))) for k in range(10)))
        await stage.count("intake", 1200, limit=60)
        await looked(feeds)
    numbers = await stage.numbers("intake")
    assert sorted(numbers) == [*range(600), *range(clockwork.STIRRED, clockwork.STIRRED + 600)]
    assert await store.fetchval("SELECT count(*) FROM timers") == 0
    assert await store.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    assert await store.fetchval("SELECT count(*) FROM held") == 0


async def test_a_silence_of_the_service_is_an_outage_before_and_after_its_next_sign_of_life(
    stage: Stage, store: Connection
) -> None:
    house = clock.Clock()
    await outages.beat(store)
    assert await outages.outages(store, house) == ()
    await store.execute("UPDATE heartbeat SET beat_at = now() - interval '3 hours'")
    (seen,) = await outages.outages(store, house)
    assert seen.ended_at - seen.began_at >= timedelta(hours=3)
    for _ in range(2):
        async with store.transaction():
            await outages.beat(store)
    (kept,) = await outages.outages(store, house)
    assert kept.began_at == seen.began_at


async def test_what_is_late_is_counted_and_alarmed_but_not_for_firms_that_wait_for_a_person(
    stage: Stage, store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firing, "LATE_FOR", 0.0)
    late, ill = firm(), firm()
    async with ticking(stage, toy.Toy(fails_on=frozenset())) as feeds:
        await looked(feeds)
        feeds.firing.hears = never
        await clockwork.wind(store, [late, ill], datetime.now(UTC) - timedelta(minutes=20))
        await store.execute("UPDATE firms SET held = 1 WHERE firm_id = $1", ill)

        async def alarmed() -> bool:
            return firing.OVERDUE in feeds.alarms.all()

        await until(alarmed, what="an alarm about clocks that are not heard")
        found = await feeds.firing.ahead(timedelta(hours=24))
        assert (found.soon, timedelta(minutes=20) <= found.overdue < timedelta(minutes=25)) == (2, True)
        await store.execute("DELETE FROM timers WHERE firm_id = $1", late)

        async def over() -> bool:
            return firing.OVERDUE not in feeds.alarms.all()

        await until(over, what="the end of the alarm: what is left waits for a person")
        assert (await feeds.firing.ahead(timedelta())).overdue == timedelta()


async def never() -> bool:
    return False
