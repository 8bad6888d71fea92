"""The four segments as formulas, and which of them a firm can be in when not everything about it is known. Pure.

    deep               = Root ∨ (Share(0.50) ∧ Years(5) ∧ Markets(10))
    highly_experienced = deep ∧ Invest
    consolidating      = ¬highly_experienced ∧ (deep ∨ (Means ∧ Share(0.10) ∧ All ∧ (Markets(3) ∨ Share(0.25))))
    light_presence     = ¬(the two above) ∧ (Any ∨ Presence) ∧ Sme
    no_experience      = ¬Any ∧ ¬Presence ∧ Sme
    out_of_target      = none of the four

What is not known takes every value that it can have; the values that the formulas tell apart fall into a few groups
that vary independently of each other, so the possible segments are found by trying every combination of a handful of
cases, not by enumerating numbers. That is exact: no combination is left out, none is tried that no firm could be in.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

NO_EXPERIENCE = "no_experience"
LIGHT_PRESENCE = "light_presence"
CONSOLIDATING = "consolidating"
HIGHLY_EXPERIENCED = "highly_experienced"
OUT_OF_TARGET = "out_of_target"

RANKED = (NO_EXPERIENCE, LIGHT_PRESENCE, CONSOLIDATING, HIGHLY_EXPERIENCED)
"""The agreement's order; `out_of_target` has no rank."""

SHARES = (0.10, 0.25, 0.50)
"""Thresholds of the export share; the first is also SIMEST's for a loan line."""
MARKETS = (3, 10)
YEARS = 5


class Trade(NamedTuple):
    """What the years of the window amount to. `share` counts the thresholds of `SHARES` reached, `markets` of
    `MARKETS`."""

    any: bool
    all: bool
    share: int
    markets: int


class Abroad(NamedTuple):
    """Presence abroad: any at all, and one that makes a root (subsidiary, joint venture, stake of 10 % or more)."""

    present: bool
    rooted: bool


class Cases(NamedTuple):
    """Every case that the known facts leave open, in each group that varies by itself. No group is empty."""

    trade: frozenset[Trade]
    years: frozenset[bool]
    abroad: frozenset[Abroad]
    invest: frozenset[bool]
    means: frozenset[bool]
    sme: frozenset[bool]


def segment(trade: Trade, years: bool, abroad: Abroad, invest: bool, means: bool, sme: bool) -> str:
    """The segment of a firm about which everything is known."""
    deep = (trade.any and abroad.rooted) or (trade.share >= 3 and years and trade.markets >= 2)
    if deep:
        return HIGHLY_EXPERIENCED if invest else CONSOLIDATING
    if means and trade.share >= 1 and trade.all and (trade.markets >= 1 or trade.share >= 2):
        return CONSOLIDATING
    if not sme:
        return OUT_OF_TARGET
    return LIGHT_PRESENCE if trade.any or abroad.present else NO_EXPERIENCE


@lru_cache(maxsize=65536)
def possible(cases: Cases) -> tuple[str, ...]:
    """The segments that some completion of the facts gives, ranked ones first. Remembered: firms share their
    ignorance."""
    found = {segment(*values) for values in product(*cases)}
    return tuple(code for code in (*RANKED, OUT_OF_TARGET) if code in found)
