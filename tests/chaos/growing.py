"""The internal topics get more partitions while partners publish and processes die; the same story at every size."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.home import CHECKOUT
from shared.testing.waiting import until
from tests.chaos.checker import Finding, Scene, judge
from tests.chaos.run import look
from tests.chaos.traffic import Traffic
from tests.chaos.world import Replica, World, world

TOPICS = ("intake.firms.v1", "classifier.assessments.v1", "referral.events.v1")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Partitions before and after; firms before the growth and, twice as many, after it; firms a second; seconds from
    one kill of a process to the next while the stores grow (None: the three kills of the story alone)."""

    before: int
    after: int
    firms: int
    rate: float
    kills: float | None = None


@dataclass(frozen=True, slots=True)
class Grown:
    """What is there when all is at rest."""

    records: int
    killed: int
    moved: dict[str, int]
    """By topic: firms that were told of on two partitions."""
    on_new: int
    """Firms whose place is on a partition that was not there before."""
    findings: list[Finding]
    ended: dict[str, int]


async def grow_under_traffic(root: Path, sizes: Sizes) -> Grown:
    """Raises `AssertionError` where growth or rest does not come."""
    async with world(root, partitions=sizes.before) as it:
        traffic = Traffic(it.home, 1_000_000, 11, sizes.rate)
        traffic.start()
        await _sent(traffic, sizes.firms)
        sleeper = Replica("classifier", 1)
        it.stop_still(sleeper)
        first = _command(it, sizes.after)
        assert first.stderr is not None
        await asyncio.to_thread(first.stderr.readline)  # the topics have grown, no store has
        first.kill()
        await asyncio.to_thread(first.communicate)
        it.kill(Replica("referral", 1))
        it.count_partitions_anew()
        killed = ["referral-1", "intake-2"]
        async with _killing(it, sizes.kills, killed):
            await until(lambda: _grown(it, sizes.after), limit=420, what="the growth of every store")
        it.go_on(sleeper)
        it.kill(Replica("intake", 2))
        await _sent(traffic, traffic.sent + 2 * sizes.firms)
        await asyncio.to_thread(traffic.finish)
        await it.at_rest(240.0)
        scene = await look(it, traffic)
        firms = {record.data["firm_id"] for _, record in scene.told(TOPICS[0])}
        return Grown(
            records=len(traffic.ledger.entries),
            killed=len(killed),
            moved={topic: _moved(scene, topic) for topic in TOPICS},
            on_new=sum(zlib.crc32(firm_id.encode()) % sizes.after >= sizes.before for firm_id in firms),
            findings=judge(scene),
            ended=dict(it.ended),
        )


def _command(it: World, partitions: int, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "feeds", "grow", str(partitions), *words],
        env={**os.environ, "PORTOLANO_HOME": str(it.home.root)},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def _grown(it: World, partitions: int) -> bool:
    """The command, given until it has nothing left to do: whoever stands still in the midst may hold it up for once."""
    done = _command(it, partitions, "--json")
    out, told = await asyncio.to_thread(done.communicate)
    assert done.returncode in (0, 1), told
    return done.returncode == 0 and json.loads(out)["grown"] == []


@asynccontextmanager
async def _killing(it: World, pause: float | None, killed: list[str]) -> AsyncIterator[None]:
    """One process after the other, until the block ends; the sleeper is left to sleep."""

    async def strike() -> None:
        for service, number in itertools.cycle(
            (("intake", 1), ("referral", 2), ("notifier", 1), ("classifier", 2), ("intake", 2), ("referral", 1))
        ):
            await asyncio.sleep(pause or 0.0)  # the pace of the blows
            it.kill(Replica(service, number))
            killed.append(f"{service}-{number}")

    striking = asyncio.create_task(strike()) if pause is not None else None
    try:
        yield
    finally:
        if striking is not None:
            striking.cancel()
            await asyncio.gather(striking, return_exceptions=True)


def _moved(scene: Scene, topic: str) -> int:
    found: dict[str, set[int]] = defaultdict(set)
    for partition, record in scene.told(topic):
        found[record.data["firm_id"]].add(partition)
    return sum(len(partitions) > 1 for partitions in found.values())


async def _sent(traffic: Traffic, firms: int) -> None:
    async def so_many() -> bool:
        return traffic.sent >= firms

    await until(so_many, limit=600, what=f"{firms} firms")
