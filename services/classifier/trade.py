"""What the years of a window can amount to, and what is left of that once some of their facts are answered. Pure.

Shares and markets have more values than anybody could try. But the formulas compare only two sums with thresholds (last
year's share, and the window's for its mean) and one count (distinct markets). While the years with exports stay the
same, each sum moves over an interval and meets every level between its ends; and where some shares are answered, what
the others leave open changes only where the answered sum crosses one of finitely many points. Between two of these
points nothing changes, so one value for each stretch stands for all: every case is found, and no number is guessed.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise, product

from services.classifier.segments import BIT, Trade
from services.classifier.shape import Shape, Steps, reached


@lru_cache(maxsize=4096)
def _kinds(any_: bool, all_: bool, shares: tuple[int, int], markets: tuple[int, int]) -> int:
    """The trades between these levels (both ends included), as a set."""
    found = 0
    for share, market in product(range(shares[0], shares[1] + 1), range(markets[0], markets[1] + 1)):
        found |= BIT[Trade(any_, share >= 3 and market >= 2, share >= 1 and all_ and (market >= 1 or share >= 2))]
    return found


@lru_cache(maxsize=65536)
def outcomes(shape: Shape, by: Steps) -> int:
    """Every trade that the window can amount to, as a set."""
    (all_of_them,) = residues(shape, by, (), ())
    return all_of_them


def residues(shape: Shape, by: Steps, shares: tuple[int, ...], markets: tuple[int, ...]) -> Iterator[int]:
    """What can be left open, a set of trades for each way of answering the share or the markets of these years (0 is
    the last one); some come more than once.

    Exact where each year whose markets are answered certainly exports or has its share answered too, and where at most
    one year that lists its markets may turn out either way.
    """
    rest = tuple(place for place in range(len(shape.years)) if place not in shares)
    unlisted = _bits(place for place, year in enumerate(shape.years) if not year.listed and place not in markets)
    for signs in product(*(shape.years[place].signs for place in shares)):
        sold_in = tuple(place for place, positive in zip(shares, signs, strict=True) if positive)
        patterns = [
            _Pattern(shape, sold_in, [place for place, yes in zip(rest, some, strict=True) if yes])
            for some in product(*(shape.years[place].signs for place in rest))
        ]
        exporting = tuple(pattern.years for pattern in patterns)
        levels = _market_levels(exporting, unlisted, _bits(markets), shape.sold, shape.atoms, by.markets)
        for reach in _share_levels(shape, by, patterns, sold_in):
            for held in levels:
                left = 0
                for pattern, share, market in zip(patterns, reach, held, strict=True):
                    left |= _kinds(pattern.any, pattern.all, share, market)
                yield left


def _bits(places: Iterable[int]) -> int:
    return sum(1 << place for place in places)


class _Pattern:
    """Which years export: `answered` among those whose share is answered, `free` among the others."""

    def __init__(self, shape: Shape, answered: tuple[int, ...], free: list[int]) -> None:
        self.years = _bits(answered) | _bits(free)
        self.any = shape.added or self.years != 0
        self.all = len(shape.years) == len(answered) + len(free) > 0
        self.low = sum(shape.years[place].low for place in free)
        self.high = sum(shape.years[place].high for place in free)
        last = shape.years[0] if 0 in free else None
        self.last = (last.low, last.high) if last is not None else (0, 0)


def _share_levels(
    shape: Shape, by: Steps, patterns: list[_Pattern], answered: tuple[int, ...]
) -> set[tuple[tuple[int, int], ...]]:
    """For each stretch of the answered shares: the least and the greatest level in each pattern."""
    n = len(shape.years)
    low = sum(shape.years[place].low for place in answered)
    high = sum(shape.years[place].high for place in answered)
    found = set()
    for least, most, own in _last_years(shape, by, answered):
        start, end = low + least, high + most
        points = {start}
        for share, pattern in product(by.shares, patterns):
            points |= {share * n - shape.base - total for total in (pattern.low, pattern.high)}
        for point in points:
            if start <= point <= end:
                found.add(tuple([_reach(shape, by, pattern, point, own) for pattern in patterns]))
    return found


def _last_years(shape: Shape, by: Steps, answered: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Stretches of the last year's share, where it is answered: what they take off both ends of the sum, and the level
    that the last year reaches by itself."""
    if 0 not in answered:
        yield 0, 0, shape.last
        return
    last = shape.years[0]
    edges = [last.low, *(share for share in by.shares if last.low < share <= last.high), last.high + 1]
    for start, after in pairwise(edges):
        yield start - last.low, after - 1 - last.high, max(shape.last, reached(start, by.shares, 1))


def _reach(shape: Shape, by: Steps, pattern: _Pattern, answered: int, own: int) -> tuple[int, int]:
    n = len(shape.years)
    least = reached(shape.base + answered + pattern.low, by.shares, n)
    most = reached(shape.base + answered + pattern.high, by.shares, n)
    return (
        max(least, own, reached(pattern.last[0], by.shares, 1)),
        max(most, own, reached(pattern.last[1], by.shares, 1)),
    )


@lru_cache(maxsize=65536)
def _market_levels(
    patterns: tuple[int, ...],
    unlisted: int,
    answered: int,
    sold: int,
    atoms: tuple[tuple[int, int], ...],
    thresholds: tuple[int, int],
) -> tuple[tuple[tuple[int, int], ...], ...]:
    """For each way of answering: the least and the greatest level of distinct markets in each pattern (the years that
    export, as bits). `unlisted` and `answered` are years as bits, too.

    An answer is taken to name markets that no other year lists. One that names some again, of a year that may be
    without exports, would leave nothing else open: without that year only the last threshold tells (`steady` wants
    exports in all), and new markets alone bring the counts to each combination of below and above it.
    """
    counts = [sold + sum(count for years, count in atoms if years & pattern) for pattern in patterns]
    free = [bool(unlisted & pattern) for pattern in patterns]
    answering = [bool(answered & pattern) for pattern in patterns]
    # One market more changes something where a count reaches a threshold.
    steps = {max(threshold - count, 0) for threshold, count in product(thresholds, counts)} if any(answering) else ()
    found = set()
    for new in {0, *steps}:
        levels = [reached(count + new * yes, thresholds, 1) for count, yes in zip(counts, answering, strict=True)]
        found.add(
            tuple([(level, len(thresholds) if some else level) for level, some in zip(levels, free, strict=True)])
        )
    return tuple(found)
