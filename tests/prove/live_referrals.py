"""Referrals live against a model of the agreement's text, from many seeds, and on at random once all was tried.

    python -m tests.prove.live_referrals --lives 6 --more 60 --jobs 2

Each life covers the whole space of what may happen where, and goes on for so many rounds of ten examples. Ends with 1
where service and model differ, or a life could not be completed. The tests live once, and stop when all was tried.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.unit.referral.machine.life import live

APART = 10_000
"""Seeds between the first ones of two lives: more than a life has rounds."""


def run(n: int, more: int) -> tuple[str, list[str], int]:
    """What was tried, what was not, and in how many steps."""
    tally = live(most=300, more=more, first_seed=n * APART)
    return tally.tried_of, tally.left, tally.steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=6)
    parser.add_argument("--more", type=int, default=60, help="rounds of each life beyond those that cover the space")
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.jobs) as pool:
        lives = list(pool.map(run, range(1, asked.lives + 1), [asked.more] * asked.lives))
    for _, left, _ in lives:
        for one in left:
            print(f"never tried: {one}")
    whole = sum(not left for _, left, _ in lives)
    tried = "; ".join(sorted({tried for tried, _, _ in lives}))
    print(f"{tried} in {whole} of {asked.lives} lives, {sum(steps for *_, steps in lives)} steps, no difference")
    return 0 if whole == asked.lives else 1


if __name__ == "__main__":
    sys.exit(main())
