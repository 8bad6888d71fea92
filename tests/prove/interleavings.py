"""The streams of several partners about one firm, interleaved in many ways: what is known in the end is the same.

    python -m tests.prove.interleavings --scenarios 2500 --orders 200 --jobs 2

Each scenario is what two or three partners say of a firm, consents, successions and erasures among it; each order keeps
every partner's own. Ends with 1 and the scenarios whose ends differ. The tests do the first 250, forty orders each.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.unit.intake.test_interleaving import Chance, end_of


def differs(seed: int, orders: int) -> bool:
    """Whether two orders of the scenario end in different files."""
    chance = Chance(seed)
    streams = chance.streams()
    first = end_of(streams, chance.order(streams))
    return any(end_of(streams, chance.order(streams)) != first for _ in range(orders - 1))


def run(seeds: range, orders: int) -> list[int]:
    """The scenarios that differ."""
    return [seed for seed in seeds if differs(seed, orders)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=2_500)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    parts = [range(start, min(start + 50, asked.scenarios)) for start in range(0, asked.scenarios, 50)]
    with ProcessPoolExecutor(asked.jobs) as pool:
        different = [seed for some in pool.map(run, parts, [asked.orders] * len(parts)) for seed in some]
    for seed in different:
        print(f"scenario {seed} ends differently")
    print(f"{asked.scenarios * asked.orders} interleavings, {len(different)} scenarios that differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
