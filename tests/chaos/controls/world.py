"""A small run of the whole system under blows, for a copy that is broken: what its judge finds, as one line of JSON.

    python -m tests.chaos.controls.world --firms 900

Started by `make chaos ARGS=--controls` in the copy. `{"findings": ["lost: intake: 3 firms of 900", …], "kills": 7}`;
exit 1 where the system did not come to rest, so that nothing could be judged.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.blows import Pace, What
from tests.chaos.run import run

PACE = Pace(kills=(0.5, 2.0), others=(1.0, 4.0))
WEIGHTS = {What.LINK: 1}
RATE = 60.0
"""Firms a second: so many that a blow always finds something half done."""
REST = 240.0


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=900, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    asked = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="portolano-chaos-"))
    try:
        result = await run(
            asked.seed, asked.firms, rate=RATE, pace=PACE, weights=WEIGHTS, partitions=4, rest=REST, root=root
        )
    except AssertionError as error:
        print(f"no rest: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(json.dumps({"findings": [str(one) for one in result.findings], "kills": len(result.kills)}))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
