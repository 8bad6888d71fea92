"""Whether a firm is a micro, small or medium-sized enterprise (Recommendation 2003/361/EC). Pure.

Staff below a ceiling *and* (turnover *or* balance sheet up to one), figures that the policy repeats from the
recommendation. Figures of linked enterprises are added
whole, of partner enterprises by the share held (art. 6). A quarter or more in public hands excludes (art. 3, 4). The
status changes only after two consecutive years (art. 4, 2), so the previous year's figures decide where they are
known.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

from services.classifier.facts import ANYTHING, Bounds, bounds
from services.classifier.segments import EITHER, NO, YES
from shared.agreement import Presumptions, Sme
from shared.contracts.firm import Figure, Figures, Holding, Range, Size


class Measures(NamedTuple):
    """Whether each measure is such as an SME's: known to be, known not to be, or either.

    The first three count holdings in. `independent`: no enterprise of which nobody told the figures makes it too large.
    `private`: less than a quarter is in public hands.
    """

    staff: frozenset[bool]
    turnover: frozenset[bool]
    balance: frozenset[bool]
    independent: frozenset[bool]
    private: frozenset[bool]


def is_sme(staff: bool, turnover: bool, balance: bool, independent: bool, private: bool) -> bool:
    return staff and (turnover or balance) and independent and private


@lru_cache(maxsize=1024)
def sme(measures: Measures) -> frozenset[bool]:
    """The answers that are possible."""
    return frozenset(is_sme(*values) for values in product(*measures))


def measure(size: Size | None, presumptions: Presumptions, by: Sme) -> Measures:
    """The measures of the year that decides, with what is presumed; of a firm that tells no size, all are open."""
    if size is None:
        independent = YES if presumptions.autonomous else EITHER
        return Measures(EITHER, EITHER, EITHER, independent, YES)
    figures = deciding(size, presumptions)
    staff = with_holdings(figures.staff, size.holdings, "staff", by)
    turnover = with_holdings(figures.turnover_eur, size.holdings, "turnover_eur", by)
    balance = with_holdings(figures.balance_sheet_eur, size.holdings, "balance_sheet_eur", by)
    measures = Measures(
        staff=_at_most(staff, by.medium.staff_below, inclusive=False),
        turnover=_at_most(turnover, by.medium.turnover_eur),
        balance=_at_most(balance, by.medium.balance_sheet_eur),
        independent=_independent(size, presumptions),
        private=_private(size, by),
    )
    known = measures.turnover != EITHER or measures.balance != EITHER
    if presumptions.small_staff and staff[1] < by.small.staff_below and not known:
        return measures._replace(turnover=YES)
    return measures


def has_previous(size: Size) -> bool:
    """Whether the year before is given: any figure of it, and it is the year before."""
    before = size.previous
    return (
        before is not None
        and before.year == size.year - 1
        and not (before.staff is None and before.turnover_eur is None and before.balance_sheet_eur is None)
    )


def deciding(size: Size, presumptions: Presumptions) -> Figures:
    """The figures of the previous year where they are given; else this year's, if one year may decide."""
    if size.previous is not None and has_previous(size):
        return size.previous
    return size if presumptions.single_year else Figures(year=size.year - 1)


def with_holdings(own: Figure | None, holdings: tuple[Holding, ...] | None, figure: str, by: Sme) -> Bounds:
    """A figure with those of the enterprises that it counts with; `figure` is the member's name."""
    low, high = bounds(own)
    for holding in holdings or ():
        least, most = bounds(getattr(holding, figure))
        share = weight(holding, by)
        low, high = low + least * share[0], high + (most * share[1] if share[1] > 0 else 0.0)
    # Six places are more than anybody counts, and take away what binary fractions add: 221 and 29 % of 100 are 250.
    return round(low, 6), round(high, 6) if high < ANYTHING[1] else high


def weight(holding: Holding, by: Sme) -> Bounds:
    """What part of a holding's figures counts."""
    match holding.kind:
        case "linked":
            return 1.0, 1.0
        case "partner":
            share = holding.share
            if share is None:
                return by.partner_from, by.partner_until
            if not isinstance(share, Range):
                return float(share), float(share)
            low = by.partner_from if share.min is None else float(share.min)
            high = by.partner_until if share.max is None else float(share.max)
            return (low, max(low, high)) if share.max is None else (min(low, high), high)


def _independent(size: Size, presumptions: Presumptions) -> frozenset[bool]:
    if size.holdings or size.autonomous:
        return YES
    if size.autonomous is None and (size.holdings is not None or presumptions.autonomous):
        return YES  # an empty list of holdings is a statement
    return EITHER


def _private(size: Size, by: Sme) -> frozenset[bool]:
    if size.public_share is None:
        return YES
    return _at_most(bounds(size.public_share), by.public_share, inclusive=False)


def _at_most(figure: Bounds, limit: float, *, inclusive: bool = True) -> frozenset[bool]:
    low, high = figure
    fits, fails = (low <= limit, high > limit) if inclusive else (low < limit, high >= limit)
    return EITHER if fits and fails else YES if fits else NO
