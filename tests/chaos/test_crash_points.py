"""A process dies at every point at which it can have something half done, and what is left is whole."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.home import SERVICES, Home
from shared.feeds.clock import HOUSE_TIME
from shared.testing.waiting import until
from tests.chaos.checker import judge
from tests.chaos.here import DEAD
from tests.chaos.persons import COMMANDED, DISCARD, REDRIVE, Persons, command_at
from tests.chaos.points import Point, points
from tests.chaos.roads import ROADS, road_to
from tests.chaos.run import look
from tests.chaos.traffic import Traffic
from tests.chaos.world import Replica, World, world

ELSEWHERE: dict[str, str] = {
    "shared.feeds.restating": "`portolano feeds restate` is ended in test_restate.py",
    "shared.feeds.recovered": "`portolano recover` is killed in test_recover.py",
    "shared.feeds.recovery": "`portolano recover` is killed in test_recover.py",
    "shared.feeds.replay": "`portolano recover` is killed in test_recover.py",
    "cli.feeds": "`portolano feeds` is ended at each of them in tests/component/feeds/test_dying.py",
    "cli.held.parts": "nothing is written there: the layout is read",
}
"""Points that nobody comes to here, and why."""
TRACKS = (("notifier", "classifier"), ("referral", "intake"))
"""Who dies beside each other, and who after. What has nothing to do, because those before it are dead, comes to no
point; so those that die together are no neighbours."""
MOMENTS = ("before", "after")


def plan(found: Sequence[Point]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Which service dies at which points, and which command."""
    services: dict[str, list[str]] = {service: [] for service in SERVICES}
    commands: dict[str, list[str]] = {command: [] for command in COMMANDED.values()}
    for n, point in enumerate(map(str, found)):
        if any(point.startswith(place) for place in ELSEWHERE):
            continue
        if command := command_at(point):
            commands[command].append(point)
        else:
            services[road_to(point).service or ("intake", "classifier")[n % 2]].append(point)
    places = list(ROADS)
    for some in services.values():  # in the order of the roads: the first need most time to pass
        some.sort(key=lambda point: next((n for n, place in enumerate(places) if point.startswith(place)), len(places)))
    return services, commands


async def die(it: World, traffic: Traffic, replica: Replica, point: str, when: str) -> str | None:
    """Begin it so that it dies there, once; what is wrong where it did not."""
    road = road_to(point)
    async with road.way(it, traffic):
        it.kill(replica)
        it.begin(replica, dies=f"{point} {when}", **road.told)
        if road.parting:
            await until(lambda: asyncio.to_thread(it.is_ready, replica), limit=40, what=f"{replica} to be ready")
            it.processes[replica].send_signal(signal.SIGTERM)

        async def ended() -> bool:
            if replica.service == "referral":
                await let_time_pass(it)
            return it.processes[replica].poll() is not None

        try:
            await until(ended, limit=90, what="its death")
        except AssertionError:
            return f"{replica} did not come to: {when} {point}"
    code = it.processes[replica].returncode
    return None if code == DEAD else f"{replica} ended with {code} and not at: {when} {point}"


async def let_time_pass(it: World) -> None:
    """Another day comes where no clock is due, no more than one each second."""
    store = await it.store("referral")
    try:
        await store.execute(
            f"""INSERT INTO clock_moves (ahead) SELECT interval '1 day' WHERE (SELECT count(*) FROM clock_moves) < 40
            AND NOT EXISTS (SELECT FROM timers WHERE failure IS NULL AND due_at <= {HOUSE_TIME})
            AND coalesce((SELECT max(moved_at) FROM clock_moves) < clock_timestamp() - interval '1 second', true)"""
        )
    finally:
        await store.close()


async def die_everywhere(it: World, traffic: Traffic, service: str, places: Sequence[str]) -> list[str]:
    """One death after the other; afterwards it lives again."""
    replica = Replica(service, 1)
    it.unkept.add(replica)
    missed = []
    for point in places:
        for when in MOMENTS:
            began = time.monotonic()
            if wrong := await die(it, traffic, replica, point, when):
                missed.append(wrong)
            print(f"{time.monotonic() - began:6.1f} s  {service:<10}  {when:<6}  {point}")
    it.kill(replica)
    it.begin(replica)
    it.unkept.discard(replica)
    await until(lambda: asyncio.to_thread(it.is_ready, replica), limit=60, what=f"{replica} to be ready")
    return missed


@pytest.fixture
def root() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="portolano-points-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


async def test_a_death_at_any_point_leaves_nothing_lost_doubled_or_out_of_order(root: Path) -> None:
    found = list(points())
    services, commands = plan(found)
    deaths = {command: [(point, when) for point in some for when in MOMENTS] for command, some in commands.items()}
    Home(root).let_clock_be_moved()
    async with world(root, partitions=2, replicas=1, points=True) as it:
        traffic = Traffic(it.home, 100_000, seed=11, rate=4.0)
        traffic.start()
        persons = Persons(it)
        for track in TRACKS:
            missed = await asyncio.gather(
                *(die_everywhere(it, traffic, service, services[service]) for service in track)
            )
            persons.missed += [one for some in missed for one in some]
        await persons.prepare(traffic, len(deaths[REDRIVE]) + len(deaths[DISCARD]))
        await asyncio.to_thread(traffic.finish)
        await persons.die(deaths)
        await it.ready()
        await it.at_rest(90)
        scene = await look(it, traffic)
        died = 2 * sum(map(len, services.values())) + persons.died
        print(f"{len(found)} points, died {died} times; {traffic.sent} firms, {len(traffic.ledger.entries)} records")
        assert persons.missed == []
        assert [str(finding) for finding in judge(scene)] == []


def test_every_road_leads_to_a_point_and_every_kind_of_effect_has_one() -> None:
    found = [str(point) for point in points()]
    for place in (*ELSEWHERE, *ROADS, *COMMANDED):
        assert any(point.startswith(place) for point in found), f"{place} is no point any more"
    for effect in ("commit", "send", "ack", "cursor", "hint", "mail", "timer"):
        assert any(f" {effect} " in point for point in found), f"no point is a {effect} any more"
