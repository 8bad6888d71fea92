"""Ten thousand timers fall due within ten seconds; two processes fire them and are killed meanwhile: each fires once.

    python -m tests.prove.fire_clocks --timers 10000 --kills 6

Real Kafka, real Postgres, a service of a few lines, `kill -9`. Ends with 1 where a timer fired twice, not at all, or
was not said exactly once. The tests do it with fewer.
"""

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from deploy.local import ports
from deploy.local.home import CHECKOUT, Home, database_name
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.provision import provision
from shared.postgres.pool import Connection, prepare
from shared.testing.waiting import until
from tests.component.feeds import clockwork, toy

WITHIN = timedelta(seconds=10)
LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """Effects, those of them that are one too many, timers left, and what was said; how long it took, in seconds."""

    fired: int
    twice: int
    left: int
    said: int
    took: float


async def fire(home: Home, prefix: str, n: int, *, kills: int) -> Result:
    """Wind `n` timers, let two processes fire them, and kill one of them so many times while they do."""
    store: Connection = await asyncpg.connect(**home.admin_dsn(database_name("intake", prefix)))
    await prepare(store)
    replicas: list[subprocess.Popen[bytes]] = []
    doors = ports.choose(2, avoid=set())
    log = home.log / f"clockwork-{prefix}log"

    def begin(k: int) -> "subprocess.Popen[bytes]":
        environment = home.service_environment("intake", prefix) | {
            "INTAKE_HTTP_PORT": str(doors[k]),
            "INTAKE_KAFKA_SESSION_SECONDS": "6",
        }
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.component.feeds.clockwork"],
                cwd=CHECKOUT,
                env=os.environ | environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    async def reached(wanted: int) -> None:
        async def enough() -> bool:
            return bool(await store.fetchval("SELECT count(*) >= $1 FROM effects", wanted))

        await until(enough, limit=LIMIT, what=f"{wanted} timers fired (the processes' words are in {log})")

    try:
        replicas += [begin(0), begin(1)]
        begun = datetime.now(UTC)
        firms = [str(uuid.uuid4()) for _ in range(n)]
        await clockwork.wind(store, firms, begun)
        await store.execute("UPDATE timers SET due_at = due_at + random() * $1::interval", WITHIN)
        for kill in range(1, kills + 1):
            await reached(kill * n // (kills + 2))
            k = random.randrange(2)
            replicas[k].kill()
            replicas[k].wait()
            replicas[k] = begin(k)
        await reached(n)
        took = (datetime.now(UTC) - begun).total_seconds()
    finally:
        for process in replicas:
            process.terminate()
        for process in replicas:
            process.wait(30)
    row = await store.fetchrow(
        """SELECT count(*) AS effects, count(DISTINCT n) AS fired, (SELECT count(*) FROM timers) AS left,
        (SELECT coalesce(sum(sequence), 0) FROM feeds)::int AS said FROM effects"""
    )
    await store.close()
    assert row is not None, "counts have a row"
    return Result(row["fired"], row["effects"] - row["fired"], row["left"], row["said"], took)


async def _alone(n: int, kills: int) -> Result:
    root = Path(tempfile.mkdtemp(prefix="portolano-clocks-"))
    home = Home(root)
    postgres, kafka = Postgres(home), Kafka(home)
    try:
        postgres.launch()
        kafka.launch()
        postgres.wait_ready(60)
        kafka.wait_ready(60)
        await provision(home, topic_prefix="clocks.", partitions=2)
        await toy.make_tables(home, "clocks.")
        return await fire(home, "clocks.", n, kills=kills)
    finally:
        kafka.stop()
        postgres.stop()
        shutil.rmtree(root, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timers", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=6)
    asked = parser.parse_args()
    result = asyncio.run(_alone(asked.timers, asked.kills))
    print(
        f"{result.fired} of {asked.timers} timers fired, {result.twice} twice, {result.left} left, {result.said} said, "
        f"{asked.kills} kills"
    )
    return 0 if (result.fired, result.twice, result.left, result.said) == (asked.timers, 0, 0, asked.timers) else 1


if __name__ == "__main__":
    sys.exit(main())
