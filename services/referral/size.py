"""Which size classes a firm may be in: micro, small, medium or large (Recommendation 2003/361/EC, annex, art. 2). Pure.

Staff *and* (turnover *or* balance sheet) have to be within a class's ceilings; figures of linked enterprises are added
whole, of partner enterprises by the share held (art. 6); a quarter or more in public hands makes a firm large (art. 3,
4). The previous year's figures decide where they are given (art. 4, 2). A figure that nobody told may be anything, so
the answer is a set.
"""

import math

from shared.agreement import Criteria, Sme
from shared.contracts.firm import Figure, Figures, Holding, Range, Size

CLASSES = ("micro", "small", "medium", "large")
"""In rising order."""
_LARGE = CLASSES.index("large")
_ANY = frozenset(CLASSES)

_Bounds = tuple[float, float]


def possible_classes(size: Size | None, criteria: Criteria) -> frozenset[str]:
    """The classes that the known figures allow, with what the agreement presumes; all four where nothing is known."""
    if size is None:
        return _ANY
    sme, presumed = criteria.sme, criteria.presumptions
    figures = _deciding(size, single_year=presumed.single_year)
    staff = _with_holdings(figures.staff, size, "staff", sme)
    turnover = _with_holdings(figures.turnover_eur, size, "turnover_eur", sme)
    balance = _with_holdings(figures.balance_sheet_eur, size, "balance_sheet_eur", sme)
    lowest = _class(staff[0], turnover[0], balance[0], sme)
    highest = _class(staff[1], turnover[1], balance[1], sme)
    amounts_open = _straddles(turnover, sme.medium.turnover_eur) and _straddles(balance, sme.medium.balance_sheet_eur)
    if presumed.small_staff and staff[1] < sme.small.staff_below and amounts_open:
        highest = min(highest, _LARGE - 1)
    public = (0.0, 0.0) if size.public_share is None else _bounds(size.public_share)
    if public[0] >= sme.public_share:
        return frozenset({"large"})
    found = set(CLASSES[lowest : highest + 1])
    if public[1] >= sme.public_share or not _independent(size, presumed=presumed.autonomous):
        found.add("large")
    return frozenset(found)


def _class(staff: float, turnover: float, balance: float, sme: Sme) -> int:
    for place, most in enumerate((sme.micro, sme.small, sme.medium)):
        if staff < most.staff_below and (turnover <= most.turnover_eur or balance <= most.balance_sheet_eur):
            return place
    return _LARGE


def _deciding(size: Size, *, single_year: bool) -> Figures:
    before = size.previous
    nothing = (None, None, None)
    if (
        before is not None
        and before.year == size.year - 1
        and (before.staff, before.turnover_eur, before.balance_sheet_eur) != nothing
    ):
        return before
    return size if single_year else Figures(year=size.year - 1)


def _with_holdings(own: Figure | None, size: Size, figure: str, sme: Sme) -> _Bounds:
    low, high = _bounds(own)
    for holding in size.holdings or ():
        least, most = _bounds(getattr(holding, figure))
        share = _weight(holding, sme)
        low, high = low + least * share[0], high + (most * share[1] if share[1] > 0 else 0.0)
    # Six places are more than anybody counts, and take away what binary fractions add.
    return round(low, 6), high if math.isinf(high) else round(high, 6)


def _weight(holding: Holding, sme: Sme) -> _Bounds:
    """What part of a holding's figures counts."""
    if holding.kind == "linked":
        return 1.0, 1.0
    share = holding.share
    if share is None:
        return sme.partner_from, sme.partner_until
    if not isinstance(share, Range):
        return float(share), float(share)
    low = sme.partner_from if share.min is None else float(share.min)
    high = sme.partner_until if share.max is None else float(share.max)
    return min(low, high), max(low, high)


def _independent(size: Size, *, presumed: bool) -> bool:
    """Whether no enterprise of which nobody told the figures can make it larger."""
    if size.holdings or size.autonomous:
        return True
    return size.autonomous is None and (size.holdings is not None or presumed)


def _bounds(figure: Figure | None) -> _Bounds:
    match figure:
        case None:
            return 0.0, math.inf
        case Range(min=low, max=high):
            return float(low or 0), math.inf if high is None else float(high)
        case _:
            return float(figure), float(figure)


def _straddles(figure: _Bounds, limit: float) -> bool:
    return figure[0] <= limit < figure[1]
