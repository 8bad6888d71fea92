"""`python -m bench`: measure, write the results down after each measurement, make the page of them."""

import argparse
import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from bench import page, plan, results, run
from deploy.local.home import CHECKOUT
from shared.errors import Trouble

RESULTS = CHECKOUT / "var" / "bench" / "results.json"
_NUMBERS = ("rounds", "firms", "typical_firms", "mail_firms", "singles", "per_second", "seconds")
QUICK = CHECKOUT / "var" / "bench" / "quick.json"


def main() -> int:
    """Exit code 0: measured. 1: one line says why not."""
    asked = _parser().parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM):  # both in order, also where the run was started in the background
        signal.signal(ending, signal.default_int_handler)
    try:
        if asked.quick:
            QUICK.unlink(missing_ok=True)
            found = asyncio.run(run.measure(plan.QUICK, QUICK))
            print(page.quick(found))
            return 0
        if not asked.page_only:
            asyncio.run(run.measure(_size(asked), asked.results))
        page.publish(results.read(asked.results), asked.docs)
        return 0
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
    except KeyboardInterrupt:
        print("broken off; the same command goes on behind the last finished measurement", file=sys.stderr)
    return 1


def _size(asked: argparse.Namespace) -> plan.Size:
    given = {name: getattr(asked, name) for name in _NUMBERS if getattr(asked, name) is not None}
    return replace(plan.Size(**given), rows=tuple(asked.rows or plan.ROWS))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small one: `portolano ÷ raw`, less than two minutes")
    parser.add_argument("--page-only", action="store_true", help="measure nothing; make the page of what is there")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file of results; what it holds is kept")
    parser.add_argument("--docs", type=Path, default=CHECKOUT / "docs", help="where the page goes")
    parser.add_argument("--rows", nargs="+", choices=plan.ROWS, help="only these")
    for name in _NUMBERS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    return parser


if __name__ == "__main__":
    sys.exit(main())
