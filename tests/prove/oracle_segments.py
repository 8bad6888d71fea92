"""Possible segments and missing sets against brute force, on as many generated firms as one has time for.

    python -m tests.prove.oracle_segments --firms 100000 --seed 1 --jobs 2

Prints how many firms had a missing set of each size; ends with 1 and the firms where service and brute force differ.
A hundred thousand take about five minutes of one core.
"""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.unit.classifier.comparing import compare

AT_ONCE = 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--completions", type=int, default=8_000, help="the most that one firm may have on the grid")
    asked = parser.parse_args()
    parts = [(start, min(AT_ONCE, asked.firms - start)) for start in range(0, asked.firms, AT_ONCE)]
    sizes: Counter[int] = Counter()
    differences: list[str] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        running = [pool.submit(compare, f"{asked.seed}/{start}", count, asked.completions) for start, count in parts]
        for done, part in enumerate(running, 1):
            some, different = part.result()
            sizes += some
            differences += different
            if sys.stderr.isatty():
                print(f"\r{done}/{len(running)} thousand, {len(differences)} differences", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    for size, count in sorted(sizes.items()):
        print(f"{count:7d} firms with {size or 'no'} missing fact{'' if size == 1 else 's'}")
    for one in differences:
        print(one)
    print(f"{asked.firms} firms, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
