"""The internal topics get twice as many partitions while partners publish and processes die."""

import asyncio
import json
import os
import subprocess
import sys
import zlib
from collections import defaultdict
from pathlib import Path

from deploy.local.home import CHECKOUT
from shared.testing.waiting import until
from tests.chaos.checker import Scene, judge
from tests.chaos.run import look
from tests.chaos.traffic import Traffic
from tests.chaos.world import Replica, World, world

BEFORE, AFTER, ENOUGH = 4, 8, 30


def grow(it: World, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "feeds", "grow", str(AFTER), *words],
        env={**os.environ, "PORTOLANO_HOME": str(it.home.root)},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def grown(it: World) -> bool:
    """The command, given until it has nothing left to do: whoever stands still in the midst may hold it up for once."""
    done = grow(it, "--json")
    out, told = await asyncio.to_thread(done.communicate)
    assert done.returncode in (0, 1), told
    return done.returncode == 0 and json.loads(out)["grown"] == []


def moved(scene: Scene, topic: str) -> set[str]:
    """Firms that were told of on two partitions."""
    found: dict[str, set[int]] = defaultdict(set)
    for partition, record in scene.told(topic):
        found[record.data["firm_id"]].add(partition)
    return {firm_id for firm_id, partitions in found.items() if len(partitions) > 1}


async def sent(traffic: Traffic, firms: int) -> None:
    async def so_many() -> bool:
        return traffic.sent >= firms

    await until(so_many, limit=180, what=f"{firms} firms")


async def test_topics_grow_under_traffic_while_processes_die_and_every_firm_keeps_its_order(tmp_path: Path) -> None:
    async with world(tmp_path, partitions=BEFORE) as it:
        traffic = Traffic(it.home, 10_000, 11, 10.0)
        traffic.start()
        await sent(traffic, ENOUGH)
        sleeper = Replica("classifier", 1)
        it.stop_still(sleeper)
        first = grow(it)
        assert first.stderr is not None
        await asyncio.to_thread(first.stderr.readline)  # the topics have grown, no store has
        first.kill()
        await asyncio.to_thread(first.communicate)
        it.kill(Replica("referral", 1))
        it.count_partitions_anew()
        await until(lambda: grown(it), limit=420, what="the growth of every store")
        it.go_on(sleeper)
        it.kill(Replica("intake", 2))
        await sent(traffic, traffic.sent + 2 * ENOUGH)
        await asyncio.to_thread(traffic.finish)
        await it.at_rest(240.0)
        scene = await look(it, traffic)
        assert [str(finding) for finding in judge(scene)] == []
        assert it.ended == {}, "processes ended by themselves"
        for topic in ("intake.firms.v1", "classifier.assessments.v1", "referral.events.v1"):
            assert moved(scene, topic), f"no firm has changed its partition on {topic}"
        firms = {record.data["firm_id"] for _, record in scene.told("intake.firms.v1")}
        assert any(zlib.crc32(firm_id.encode()) % AFTER >= BEFORE for firm_id in firms)
