"""`make chaos`: the seeds that have no line yet, one after the other; each line is written at once.

`--seed N [--firms F]` runs one again; `--controls` breaks the product on purpose instead, and sees that it is noticed
(`tests/chaos/controls`). Exit 1 where the judge found a fault, or a control was not noticed.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg

from shared.settings import ServiceSettings
from tests.chaos import page
from tests.chaos.run import run
from tests.chaos.world import World

PATH = Path(__file__).resolve().parents[2] / "docs" / "chaos.jsonl"
PLAN = [(5_000, seed) for seed in range(1, 21)] + [(20_000, seed) for seed in range(1, 4)]
SESSION = float(ServiceSettings.model_fields["kafka_session_seconds"].default)
"""Seconds, as services have it by themselves."""
DURABLE = ("fsync", "full_page_writes", "synchronous_commit", "wal_sync_method")


async def durability(world: World) -> dict[str, str]:
    """What was true of the servers while they were killed."""
    connection = await asyncpg.connect(**world.home.admin_dsn())
    try:
        found = {f"PostgreSQL: {name}": await connection.fetchval(f"SHOW {name}") for name in DURABLE}
    finally:
        await connection.close()
    written = (world.home.kafka / "server.properties").read_text().splitlines()
    for name in ("min.insync.replicas", "log.flush.interval.messages"):
        value = next((line.partition("=")[2] for line in written if line.startswith(f"{name}=")), "Kafka's own")
        found[f"Kafka: {name}"] = value
    return found | {"producers": "acks=all, idempotent", "Kafka: session of a reader": f"{SESSION:g} s"}


async def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description="Run the seeds that are not in docs/chaos.md yet.")
    parser.add_argument("--seed", type=int, help="run this one alone, again if need be")
    parser.add_argument("--firms", type=int, default=5_000, help="with --seed (default %(default)s)")
    parser.add_argument("--rate", type=float, default=30.0, help="firms a second (default %(default)s)")
    parser.add_argument("--minutes", type=float, help="begin no further seed after so long")
    parser.add_argument(
        "--controls", action="store_true", help="no seeds: break the product and see that it is noticed"
    )
    options = parser.parse_args()
    if options.controls:
        return await asyncio.to_thread(subprocess.call, [sys.executable, "-m", "tests.chaos.controls"])
    plan = PLAN if options.seed is None else [(options.firms, options.seed)]
    known = {(one["firms"], one["seed"]) for one in page.read(PATH)} if options.seed is None else set()
    began = asyncio.get_running_loop().time()
    failed = 0
    for firms, seed in plan:
        if (firms, seed) in known:
            continue
        if options.minutes and asyncio.get_running_loop().time() - began > options.minutes * 60:
            print("no time for more; the next run goes on from here", file=sys.stderr)
            break
        root = Path(tempfile.mkdtemp(prefix="portolano-chaos-"))
        settings: dict[str, str] = {}

        async def note(world: World, into: dict[str, str] = settings) -> None:
            into |= await durability(world)

        try:
            result = await run(seed, firms, rate=options.rate, session=SESSION, begun=note, root=root)
        except AssertionError as error:
            print(f"{firms} firms, seed {seed}: no rest: {error}; everything is left in {root}", file=sys.stderr)
            return 1
        line = page.line_of(result, settings)
        page.write([one for one in page.read(PATH) if (one["firms"], one["seed"]) != (firms, seed)] + [line], PATH)
        print(
            f"{firms} firms, seed {seed}: {line['kills']} kills count, {line['counted']}; "
            f"faults {line['faults']}; {line['seconds']} s"
        )
        for finding in result.findings:
            print(f"  {finding}", file=sys.stderr)
        failed += bool(result.findings)
        if result.findings:
            print(f"  everything is left in {root}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
