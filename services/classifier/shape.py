"""A window as the formulas see it: what is open about its years, and of what is known only what can make a difference.
Pure.

Firms differ in their figures, hardly in what is open about them. So that answers can be remembered, windows that no
comparison tells apart have one shape: known shares are one sum, and the sum is moved within the stretch between two
points at which a comparison changes; known markets are counts.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from services.classifier.facts import UNIT, Year
from shared.agreement import Thresholds

Signs = tuple[bool, ...]
"""With exports or without: what a year can be."""


class Steps(NamedTuple):
    """The thresholds as compared: shares in billionths, and counts of markets, both ascending."""

    shares: tuple[int, int, int]
    markets: tuple[int, int]


class Open(NamedTuple):
    """A year as far as it is open. `low` and `high` (billionths) are 0 where the share is known: it is in the sum."""

    signs: Signs
    low: int
    high: int
    listed: bool

    @property
    def share_is_open(self) -> bool:
        return len(self.signs) > 1 or self.low < self.high

    @property
    def markets_are_open(self) -> bool:
        return not self.listed and True in self.signs


class Shape(NamedTuple):
    """A window as the formulas see it, so that windows in which the same is open are the same.

    `base`: the sum of the known shares, moved within its stretch; `last`: how many share thresholds the last year
    reaches by a known share. `sold`: known markets of years that certainly export, up to the greatest threshold;
    `atoms`: further markets, by the set of years (bits) that list them and may turn out to be without exports.
    """

    years: tuple[Open, ...]
    added: bool
    base: int
    last: int
    sold: int
    atoms: tuple[tuple[int, int], ...]


@lru_cache(maxsize=64)
def steps(thresholds: Thresholds) -> Steps:
    first, second, third = (round(share * UNIT) for share in thresholds.shares)
    return Steps((first, second, third), thresholds.markets)


def shape_of(years: Sequence[Year], added: bool, by: Steps) -> Shape:
    """The window of these years, the newest first."""
    opened, base, last, ranges = [], 0, 0, False
    sold: set[str] = set()
    for place, year in enumerate(years):
        signs = (False, True) if year.zero and year.positive else (year.positive,)
        low, high = (year.low, year.high) if year.positive else (0, 0)
        if len(signs) == 1 and low == high:
            base += low
            last = reached(low, by.shares, 1) if place == 0 else last
            low = high = 0
        ranges = ranges or (high > 0 and (low, high) != (0, UNIT))
        opened.append(Open(signs, low, high, year.markets is not None))
        if signs == (True,):
            sold |= year.markets or set()
    lists = [(1 << place, year.markets) for place, year in enumerate(years) if year.zero and year.positive]
    listing: dict[str, int] = {}
    for bit, markets in lists:
        for market in markets or ():
            if market not in sold:
                listing[market] = listing.get(market, 0) | bit
    atoms: dict[int, int] = {}
    for by_years in listing.values():
        atoms[by_years] = min(atoms.get(by_years, 0) + 1, by.markets[-1])
    if not ranges:
        base = _stretch(base, len(years), by)
    return Shape(tuple(opened), added, base, last, min(len(sold), by.markets[-1]), tuple(sorted(atoms.items())))


def _stretch(base: int, n: int, by: Steps) -> int:
    """A sum that compares as this one does, where open shares are anything from 0 to 1."""
    points = _points(n, by)
    below = max((point for point in points if point <= base), default=0)
    above = min((point for point in points if point > base), default=None)
    near = base - below <= _NEAR or (above is not None and above - base <= _NEAR)
    return base if near else below + _NEAR + 1


_NEAR = 8
"""Billionths around a point that are left alone: open shares are above zero, answered ones just below a threshold."""


@lru_cache(maxsize=64)
def _points(n: int, by: Steps) -> tuple[int, ...]:
    """Sums of known shares at which a comparison changes: with up to n − 1 years at their most, and with last year's
    share at a threshold."""
    return tuple(
        sorted(
            {
                share * n - years * UNIT - own
                for share, years, own in product(by.shares, range(n), (0, *by.shares))
                if share * n - years * UNIT - own >= 0
            }
        )
    )


def reached(total: int, thresholds: Iterable[int], n: int) -> int:
    """How many thresholds of the mean over n years this sum reaches."""
    reached = 0
    for threshold in thresholds if n else ():
        reached += total >= threshold * n
    return reached
