"""Whether a firm is a micro, small or medium-sized enterprise (Recommendation 2003/361/EC). Pure.

Staff below 250 *and* (turnover up to 50 M€ *or* balance sheet up to 43 M€). Figures of linked enterprises are added
whole, of partner enterprises by the share held (art. 6). A quarter or more in public hands excludes (art. 3, 4). The
status changes only after two consecutive years (art. 4, 2), so the previous year's figures decide where they are
known.
"""

from typing import NamedTuple

from services.classifier.facts import Bounds, bounds
from shared.contracts.firm import Figures, Holding, Size

STAFF = 250
TURNOVER = 50_000_000
BALANCE = 43_000_000
SMALL_STAFF = 50
PUBLIC = 0.25
PARTNER: Bounds = (0.25, 0.50)
"""What a partner enterprise holds or is held by, where nobody says how much."""

AUTONOMOUS = "autonomous"
SINGLE_YEAR = "single_year"
SMALL_STAFF_PRESUMED = "small_staff"


class Verdict(NamedTuple):
    """`sme`: the answers that are possible; `presumptions`: what was taken for granted to get there."""

    sme: frozenset[bool]
    presumptions: tuple[str, ...]


def judge(size: Size | None) -> Verdict:
    """A firm of which nothing is known can be either."""
    if size is None:
        return Verdict(frozenset({False, True}), ())
    presumptions = []
    if size.public_share is not None and bounds(size.public_share)[0] >= PUBLIC:
        return Verdict(frozenset({False}), ())
    figures: Figures = size if size.previous is None else size.previous
    if size.previous is None:
        presumptions.append(SINGLE_YEAR)
    if size.autonomous is None and not size.holdings:
        presumptions.append(AUTONOMOUS)
    staff = _with_holdings(bounds(figures.staff), size.holdings, "staff")
    turnover = _with_holdings(bounds(figures.turnover_eur), size.holdings, "turnover_eur")
    balance = _with_holdings(bounds(figures.balance_sheet_eur), size.holdings, "balance_sheet_eur")
    if staff[1] < SMALL_STAFF and figures.turnover_eur is None and figures.balance_sheet_eur is None:
        presumptions.append(SMALL_STAFF_PRESUMED)
        answers = frozenset({True})
    else:
        answers = _answers(staff, turnover, balance)
    if size.autonomous is False and not size.holdings and True in answers:
        answers |= {False}  # there are others whose figures nobody gave
    if size.public_share is not None and bounds(size.public_share)[1] >= PUBLIC:
        answers |= {False}
    return Verdict(answers, tuple(presumptions))


def _answers(staff: Bounds, turnover: Bounds, balance: Bounds) -> frozenset[bool]:
    can_be = staff[0] < STAFF and (turnover[0] <= TURNOVER or balance[0] <= BALANCE)
    can_fail = staff[1] >= STAFF or (turnover[1] > TURNOVER and balance[1] > BALANCE)
    return frozenset({answer for answer, can in ((True, can_be), (False, can_fail)) if can})


def _with_holdings(own: Bounds, holdings: tuple[Holding, ...] | None, figure: str) -> Bounds:
    low, high = own
    for holding in holdings or ():
        theirs = bounds(getattr(holding, figure))
        share: Bounds = (1.0, 1.0)
        if holding.kind == "partner":
            share = PARTNER if holding.share is None else bounds(holding.share)
        low, high = low + theirs[0] * share[0], high + theirs[1] * share[1]
    return low, high
