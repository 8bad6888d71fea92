"""Twelve partitions become twenty-four under traffic, with a process killed every few seconds until every store knows.

    python -m tests.prove.grow_topics [--firms 500] [--rate 20]

Ends with 0 only where firms have changed their partition on every topic, no process ended by itself, and the judge
found nothing.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.growing import Grown, Sizes, grow_under_traffic

BEFORE, AFTER = 12, 24
KILLS = 4.0
"""Seconds from one kill to the next while the stores grow."""


def wrong(grown: Grown) -> list[str]:
    """What does not hold, a line each."""
    checks = {
        f"no firm has changed its partition: {grown.moved}": all(grown.moved.values()) and grown.on_new > 0,
        f"processes ended: {grown.ended}": not grown.ended,
        f"{len(grown.findings)} findings: {[str(one) for one in grown.findings[:3]]}": not grown.findings,
    }
    return [what for what, holds in checks.items() if not holds]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=500, help="before the growth; twice as many come after it")
    parser.add_argument("--rate", type=float, default=20.0, help="firms a second")
    asked = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="portolano-growth-"))
    grown = await grow_under_traffic(root, Sizes(BEFORE, AFTER, asked.firms, asked.rate, KILLS))
    failed = wrong(grown)
    for line in failed:
        print(line)
    if failed:
        print(f"everything is left in {root}")
    else:
        shutil.rmtree(root, ignore_errors=True)
    print(
        f"{grown.records} records while {BEFORE} partitions became {AFTER}, {grown.killed} kills; firms that moved: "
        f"{', '.join(f'{firms} on {topic}' for topic, firms in grown.moved.items())}; {len(grown.findings)} findings"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
