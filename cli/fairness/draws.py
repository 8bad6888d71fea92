"""Ties as they were drawn: what each partner got of each group, and how likely that is by chance alone. Pure.

A draw depends on firm and group alone, so one that comes again for another need of the firm is the same draw and counts
once. Where a tied partner served the firm already nothing was drawn, unless several did.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One tie of a receipt. `staying`: the members that served the firm already; where there are any, the tie was among
    them. `hash` is the winner's."""

    firm_id: str
    members: tuple[str, ...]
    staying: tuple[str, ...]
    partner: str
    hash: str

    @property
    def among(self) -> tuple[str, ...]:
        """Those between whom the hash chose."""
        return tuple(sorted(self.staying or self.members))


@dataclass(frozen=True, slots=True)
class Group:
    """What the members of one group got of its draws; `p` is the probability of shares at least as unequal by
    chance."""

    members: tuple[str, ...]
    won: tuple[int, ...]
    chi_square: float
    p: float

    @property
    def draws(self) -> int:
        return sum(self.won)

    @property
    def equal_share(self) -> float:
        return self.draws / len(self.members)


@dataclass(frozen=True, slots=True)
class Fairness:
    """All groups, and one chi-square over them."""

    groups: tuple[Group, ...]
    chi_square: float
    freedom: int
    p: float


def fairness(draws: Iterable[Draw]) -> Fairness:
    """The shares of every group in which something was drawn."""
    won: dict[tuple[str, ...], Counter[str]] = {}
    for draw in {(one.firm_id, one.among): one for one in draws if len(one.among) > 1}.values():
        won.setdefault(draw.among, Counter())[draw.partner] += 1
    groups = tuple(_group(members, won[members]) for members in sorted(won))
    total = math.fsum(group.chi_square for group in groups)
    freedom = sum(len(group.members) - 1 for group in groups)
    return Fairness(groups, total, freedom, upper_tail(total, freedom))


def _group(members: tuple[str, ...], won: Counter[str]) -> Group:
    counts = tuple(won[code] for code in members)
    equal = sum(counts) / len(members)
    chi_square = math.fsum((count - equal) ** 2 / equal for count in counts)
    return Group(members, counts, chi_square, upper_tail(chi_square, len(members) - 1))


def upper_tail(chi_square: float, freedom: int) -> float:
    """The probability that chance alone gives at least this chi-square with so many degrees of freedom: the regularised
    upper incomplete gamma function Q(freedom / 2, chi_square / 2), which a whole or half argument makes a finite
    sum."""
    if freedom <= 0 or chi_square <= 0:
        return 1.0
    half = chi_square / 2
    # Q(1/2, x) = erfc(√x), Q(1, x) = e^-x, and Q(a + 1, x) = Q(a, x) + x^a e^-x / Γ(a + 1).
    a, q = (0.5, math.erfc(math.sqrt(half))) if freedom % 2 else (1.0, math.exp(-half))
    while a < freedom / 2:
        q += math.exp(a * math.log(half) - half - math.lgamma(a + 1))
        a += 1
    return min(q, 1.0)


HEADINGS = ("firm_id", "members", "staying", "partner", "hash")
"""Columns of the file of ties; codes in one column are divided by blanks."""


def rows(draws: Sequence[Draw]) -> Iterator[tuple[str, ...]]:
    """The file of ties, without its headings."""
    for one in draws:
        yield one.firm_id, " ".join(one.members), " ".join(one.staying), one.partner, one.hash
