"""A process dies at every point at which it can have something half done, and what is left is whole."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.home import SERVICES
from shared.testing.waiting import until
from tests.chaos.checker import judge
from tests.chaos.here import DEAD
from tests.chaos.link import Mode
from tests.chaos.points import Point, points
from tests.chaos.run import look
from tests.chaos.traffic import Traffic
from tests.chaos.world import Replica, World, world

ELSEWHERE = {
    "shared.feeds.commands": "a person's command, no service comes here",
    "shared.feeds.redrive": "a person's command, no service comes here",
    "shared.feeds.firing Firing._set_aside": "only where a handler fails for good",
    "shared.feeds.kafka Producer.send send 1": "only beyond a batch of Kafka's; the last batch is sent the same way",
}
"""Points that a service at work does not come to, and why."""
ONLY = {
    "shared.feeds.firing": "referral",
    "shared.feeds.watermarks": "referral",
    "shared.feeds.runtime Feeds.work": "notifier",
    "services.notifier": "notifier",
}
"""Points that one service alone comes to; all others are every service's, and each takes its turn."""
ON_PARTING = "Relay._let_go"
MAIL_AWAY = "services.notifier.mail _write"
"""Only what was not taken is written there."""
TRACED = "shared.feeds.traces"
TRACING = {
    "OTEL_SDK_DISABLED": "false",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}
ORDER = ("notifier", "referral", "classifier", "intake")
"""One service dies at a time: what has nothing to do, because those before it are dead, comes to no point."""


def plan(found: Sequence[Point]) -> dict[str, list[Point]]:
    """Which service dies at which points."""
    turns: dict[str, list[Point]] = {service: [] for service in SERVICES}
    for n, point in enumerate(found):
        if any(str(point).startswith(place) for place in ELSEWHERE):
            continue
        own = next((service for place, service in ONLY.items() if str(point).startswith(place)), None)
        if own is None and TRACED in str(point):
            own = "referral"
        turns[own or ("intake", "classifier")[n % 2]].append(point)
    return turns


async def die(it: World, replica: Replica, point: Point, when: str) -> str | None:
    """Begin it so that it dies there, once; what is wrong where it did not."""
    it.kill(replica)
    it.links["mail"].set(Mode.REFUSE if MAIL_AWAY in str(point) else Mode.PASS)
    it.begin(replica, dies=f"{point} {when}", **(TRACING if TRACED in str(point) else {}))
    if ON_PARTING in str(point):
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
    """Some working day's clocks become due each time."""
    store = await it.store("referral")
    try:
        await store.execute(
            """INSERT INTO clock_moves (ahead) SELECT interval '1 day' WHERE (SELECT count(*) FROM clock_moves) < 40
            AND coalesce((SELECT max(moved_at) FROM clock_moves) < clock_timestamp() - interval '1 second', true)"""
        )
    finally:
        await store.close()


async def die_everywhere(it: World, service: str, places: Sequence[Point]) -> list[str]:
    """One death after the other; afterwards it lives again."""
    replica = Replica(service, 1)
    it.unkept.add(replica)
    missed = [
        wrong for point in places for when in ("before", "after") if (wrong := await die(it, replica, point, when))
    ]
    it.kill(replica)
    it.heal()
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
    turns = plan(found)
    settings = {"REFERRAL_MOVED_CLOCK": "true"}
    async with world(root, partitions=2, replicas=1, settings=settings) as it:
        traffic = Traffic(it.home, 100_000, seed=11, rate=8.0)
        traffic.start()

        missed = [one for service in ORDER for one in await die_everywhere(it, service, turns[service])]
        await asyncio.to_thread(traffic.finish)
        await it.ready()
        await it.at_rest(240)
        scene = await look(it, traffic)
        died = 2 * sum(len(places) for places in turns.values()) - len(missed)
        print(f"{len(found)} points, died {died} times; {traffic.sent} firms, {len(traffic.ledger.entries)} records")
        assert missed == []
        assert [str(finding) for finding in judge(scene)] == []


def test_every_point_that_no_service_comes_to_is_named_with_its_reason() -> None:
    found = [str(point) for point in points()]
    for place in (*ELSEWHERE, *ONLY):
        assert any(point.startswith(place) for point in found), f"{place} is no point any more"
    for effect in ("commit", "send", "ack", "cursor", "hint", "mail", "timer"):
        assert any(f" {effect} " in point for point in found), f"no point is a {effect} any more"
