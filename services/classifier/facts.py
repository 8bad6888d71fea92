"""From a profile to the cases that it leaves open. Pure.

A fact is known, unknown, or a range. Unknown is neither zero nor a default; a range that straddles a threshold leaves
both sides open. Within a year share and amount are both zero or both not.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

from services.classifier.segments import MARKETS, SHARES, YEARS, Abroad, Cases, Trade
from shared.contracts.firm import Exports, ExportYear, Figure, Presence, Profile, Range

ROME = ZoneInfo("Europe/Rome")
UNIT = 10**9
"""Shares are compared as whole billionths: a mean of three times 0.10 must reach 0.10."""
ROOT_STAKE = 0.10
WINDOW = 3

Bounds = tuple[float, float]
ANYTHING: Bounds = (0.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Window:
    """The years on which exports are judged: `last` and up to two before it, none before the firm began."""

    last: int
    years: tuple[int, ...]
    stated: bool
    """Whether any year of the profile counts; figures older than the window do not."""


def bounds(figure: Figure | None) -> Bounds:
    """Lowest and highest value that a figure can have; nothing known is anything from zero up."""
    if figure is None:
        return ANYTHING
    if isinstance(figure, Range):
        return (
            0.0 if figure.min is None else float(figure.min),
            ANYTHING[1] if figure.max is None else float(figure.max),
        )
    return float(figure), float(figure)


def window(profile: Profile, observed_at: datetime) -> Window:
    """R is the newest stated year before the observation's, if it is one of the last two; else the year before it."""
    observed = observed_at.astimezone(ROME).year
    stated = [
        one.year
        for one in _years(profile.exports)
        if (one.share is not None or one.eur is not None) and one.year <= observed - 1
    ]
    newest = max(stated, default=None)
    fresh = newest is not None and newest >= observed - 2
    last = newest if newest is not None and fresh else observed - 1
    began = profile.started_on.year if profile.started_on is not None else None
    years = tuple(year for year in range(last, last - WINDOW, -1) if began is None or year >= began)
    return Window(last, years, fresh)


def cases(profile: Profile, seen: Window, sme: frozenset[bool]) -> Cases:
    """Everything that the profile leaves open; `sme` comes from `size`."""
    invest = profile.intents.invest_abroad if profile.intents else None
    consolidate = profile.intents.consolidate if profile.intents else None
    since = profile.exports.since if profile.exports else None
    return Cases(
        trade=_trade(profile.exports, seen),
        years=frozenset({seen.last - since + 1 >= YEARS}) if since is not None else frozenset({False, True}),
        abroad=_abroad(profile.presence_abroad),
        invest=frozenset({False, True}) if invest is None else frozenset({invest}),
        means=frozenset({consolidate is not False}),
        sme=sme,
    )


def _years(exports: Exports | None) -> tuple[ExportYear, ...]:
    return (exports.years or ()) if exports else ()


@dataclass(frozen=True, slots=True)
class _Year:
    """One year of the window: whether it can be zero or not, its share where it is not (billionths), its markets."""

    zero: bool
    positive: bool
    low: int
    high: int
    markets: frozenset[str] | None


def _year(stated: ExportYear | None, mode_none: bool) -> _Year:
    if stated is None or (stated.share is None and stated.eur is None):
        markets = None if stated is None or stated.markets is None else frozenset(stated.markets)
        return _Year(True, not mode_none, 0, UNIT, markets)
    share, eur = bounds(stated.share), bounds(stated.eur)
    # Share and amount are zero together: what one of them rules out, the other cannot bring back.
    low, high = round(share[0] * UNIT), round(min(share[1], 1.0) * UNIT)
    return _Year(
        zero=share[0] <= 0 and eur[0] <= 0,
        positive=share[1] > 0 and eur[1] > 0,
        low=low,
        high=high,
        markets=None if stated.markets is None else frozenset(stated.markets),
    )


def _trade(exports: Exports | None, seen: Window) -> frozenset[Trade]:
    mode = exports.mode if exports else None
    by_year = {one.year: one for one in _years(exports)} if seen.stated else {}
    years = [_year(by_year.get(year), mode == "none") for year in seen.years]
    all_stated_zero = all(year.zero and not year.positive for year in years)
    added = (
        (exports is not None and exports.since is not None and exports.since <= seen.last)
        or mode == "indirect"
        or (mode in ("direct", "occasional") and not all_stated_zero)
    )
    found: set[Trade] = set()
    for pattern in product(*[_signs(year) for year in years]):
        exporting = [year for year, positive in zip(years, pattern, strict=True) if positive]
        levels = _share_levels(years, pattern)
        for share, markets in product(levels, _market_levels(exporting)):
            found.add(Trade(added or bool(exporting), bool(years) and len(exporting) == len(years), share, markets))
    return frozenset(found)


def _signs(year: _Year) -> tuple[bool, ...]:
    """Whether the year can be without exports, with them, or both; contradictory figures are taken to mean exports."""
    if year.zero and year.positive:
        return (False, True)
    return (False,) if year.zero else (True,)


def _share_levels(years: list[_Year], pattern: tuple[bool, ...]) -> range:
    """How many thresholds the greater of last year's share and the window's mean reaches, from its least to its most.

    Each share moves over an interval, so the greater of the two moves over an interval as well and meets every level
    between.
    """
    if not years:
        return range(0, 1)
    lows = [year.low if positive else 0 for year, positive in zip(years, pattern, strict=True)]
    highs = [year.high if positive else 0 for year, positive in zip(years, pattern, strict=True)]
    n = len(years)
    return range(_level(max(lows[0] * n, sum(lows)), n), _level(max(highs[0] * n, sum(highs)), n) + 1)


def _level(total: int, n: int) -> int:
    return sum(total >= round(threshold * UNIT) * n for threshold in SHARES)


def _market_levels(exporting: list[_Year]) -> range:
    """Distinct markets of the years with exports. A year without a list may have been sold to anywhere."""
    known = frozenset[str]().union(*[year.markets for year in exporting if year.markets is not None])
    least = sum(len(known) >= n for n in MARKETS)
    return range(least, (len(MARKETS) if any(year.markets is None for year in exporting) else least) + 1)


def _abroad(presence: tuple[Presence, ...] | None) -> frozenset[Abroad]:
    if presence is None:
        return frozenset({Abroad(False, False), Abroad(True, False), Abroad(True, True)})
    if not presence:
        return frozenset({Abroad(False, False)})
    if any(_rooted(one) == frozenset({True}) for one in presence):
        return frozenset({Abroad(True, True)})
    return frozenset(Abroad(True, rooted) for one in presence for rooted in _rooted(one))


def _rooted(one: Presence) -> frozenset[bool]:
    match one.kind:
        case "subsidiary" | "joint_venture":
            return frozenset({True})
        case "stake":
            low, high = bounds(one.share)
            return frozenset({value for value, can in ((True, high >= ROOT_STAKE), (False, low < ROOT_STAKE)) if can})
        case "branch" | "office":
            return frozenset({False})
