"""The four segments as formulas, and which of them a firm can be in when not everything about it is known. Pure.

    deep               = Root ∨ (Share(0.50) ∧ Years(5) ∧ Markets(10))
    highly_experienced = deep ∧ Invest
    consolidating      = ¬highly_experienced ∧ (deep ∨ (Means ∧ Share(0.10) ∧ All ∧ (Markets(3) ∨ Share(0.25))))
    light_presence     = ¬(the two above) ∧ (Any ∨ Presence) ∧ Sme
    no_experience      = ¬Any ∧ ¬Presence ∧ Sme
    out_of_target      = none of the four                     (consolidating needs Sme too where the policy says so)

What is not known takes every value that it can have; the values that the formulas tell apart fall into a few groups
that vary independently of each other, so the possible segments are found by trying every combination of a handful of
cases, not by enumerating numbers. That is exact: no combination is left out, none is tried that no firm could be in.
"""

from collections.abc import Iterator
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

NO = frozenset({False})
YES = frozenset({True})
EITHER = frozenset({False, True})


class Trade(NamedTuple):
    """What the years of the window amount to, as far as the formulas see it.

    `wide`: Share(0.50) ∧ Markets(10). `steady`: Share(0.10) ∧ All ∧ (Markets(3) ∨ Share(0.25)).
    """

    any: bool
    wide: bool
    steady: bool


TRADES = tuple(Trade(*values) for values in product((False, True), repeat=3))
"""All of them; a set of trades is a number whose bits stand for these, in this order."""
BIT = {trade: 1 << place for place, trade in enumerate(TRADES)}


class Abroad(NamedTuple):
    """Presence abroad: any at all, and one that makes a root (subsidiary, joint venture, stake of 10 % or more)."""

    present: bool
    rooted: bool


class Cases(NamedTuple):
    """Every case that the known facts leave open, in each group that varies by itself. No group is empty.

    `trade` is a set of trades, see `TRADES`. `means` (to consolidate) is known always: silence means yes.
    """

    trade: int
    years: frozenset[bool]
    abroad: frozenset[Abroad]
    invest: frozenset[bool]
    sme: frozenset[bool]
    means: bool


def trades(of: int) -> Iterator[Trade]:
    """The members of a set of trades."""
    return (trade for trade, bit in BIT.items() if of & bit)


def segment(
    trade: Trade, years: bool, abroad: Abroad, invest: bool, sme: bool, *, means: bool, large_firms: bool
) -> str:
    """The segment of a firm about which everything is known."""
    deep = (trade.any and abroad.rooted) or (trade.wide and years)
    if deep and invest:
        return HIGHLY_EXPERIENCED
    if (deep or (means and trade.steady)) and (sme or large_firms):
        return CONSOLIDATING
    if not sme:
        return OUT_OF_TARGET
    return LIGHT_PRESENCE if trade.any or abroad.present else NO_EXPERIENCE


@lru_cache(maxsize=65536)
def possible(cases: Cases, large_firms: bool) -> tuple[str, ...]:
    """The segments that some completion of the facts gives, ranked ones first. Remembered: firms share their
    ignorance."""
    found = {
        segment(*values, means=cases.means, large_firms=large_firms)
        for values in product(trades(cases.trade), cases.years, cases.abroad, cases.invest, cases.sme)
    }
    return tuple(code for code in (*RANKED, OUT_OF_TARGET) if code in found)
