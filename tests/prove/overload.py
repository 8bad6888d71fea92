"""A flood, a slow database, a mail server that hangs and two full disks, for longer than in the tests.

    python -m tests.prove.overload [--seconds 60] [--rate 20]

Ends with 0 only where the flood was held to its quota, the others' median time to a receipt grew by no more than the
stated factor, memory stayed bounded, no process ended by itself, and the judge found nothing; with 3 where no small
disk can be mounted here.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from shared.agreement import load
from tests.chaos.disk import why_not
from tests.chaos.overload import GROWTH, QUOTA_WINDOW, SLOWED, Shown, Sizes, overload


def wrong(shown: Shown) -> list[str]:
    """What does not hold, a line each."""
    most = load().quotas.producer_bytes_per_second * (shown.lasted("flood") + QUOTA_WINDOW)
    grown = max(shown.grown.values())
    checks = {
        f"the flood was not held back: {shown.flooded} bytes": shown.throttled > 0 and shown.flooded <= most,
        f"the flood slowed others {_factor(shown, 'flood'):.0f} times": _factor(shown, "flood") <= SLOWED,
        f"hanging mail slowed partners {_factor(shown, 'mail'):.0f} times": _factor(shown, "mail") <= SLOWED,
        "no mail waited": shown.pending > 0,
        f"memory grew by {grown >> 20} MiB": grown < GROWTH,
        f"processes ended: {shown.ended}": not shown.ended,
        "a full disk was not told": all(shown.alarms.values()) and len(shown.alarms) == 2,
        f"{len(shown.findings)} findings: {[str(one) for one in shown.findings[:3]]}": not shown.findings,
    }
    return [what for what, holds in checks.items() if not holds]


def _factor(shown: Shown, window: str) -> float:
    return shown.median(window) / shown.median("calm")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each trouble lasts")
    parser.add_argument("--rate", type=float, default=20.0, help="firms a second meanwhile")
    asked = parser.parse_args()
    if why := why_not():
        print(why)
        return 3
    root = Path(tempfile.mkdtemp(prefix="portolano-overload-"))
    sizes = Sizes(
        calm=20,
        flood=asked.seconds,
        slow=asked.seconds,
        hanging=asked.seconds,
        full=20,
        rate=asked.rate,
        padding=4000,
        disk=3072,
    )
    shown = await overload(root, sizes, tell=print)
    failed = wrong(shown)
    if not failed:
        shutil.rmtree(root, ignore_errors=True)
    for line in failed:
        print(line)
    flood, mail, slow = (_factor(shown, name) for name in ("flood", "mail", "slow"))
    print(
        f"{shown.records} records; flood {shown.flooded >> 20} MiB in {shown.lasted('flood'):.0f} s, others' receipts "
        f"{flood:.1f} times later (limit {SLOWED}), {mail:.1f} times while mail hung, "
        f"{slow:.1f} times on a slow database; memory +{max(shown.grown.values()) >> 20} MiB; "
        f"{len(shown.ended)} processes ended, {len(shown.findings)} findings"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
