"""What a profile says of the facts that segments hang on. Pure.

A fact is known, unknown, or a range. Unknown is neither zero nor a default; a range that straddles a threshold is
unknown there. Shares are whole billionths: a mean of three times 0.10 must reach 0.10.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.classifier.segments import EITHER, NO, YES, Abroad
from shared.agreement import Criteria
from shared.contracts.firm import Exports, ExportYear, Figure, Presence, Profile, Range

ROME = ZoneInfo("Europe/Rome")
UNIT = 10**9
WINDOW = 3

Bounds = tuple[float, float]
ANYTHING: Bounds = (0.0, float("inf"))

NOWHERE = frozenset({Abroad(False, False)})
PRESENT = frozenset({Abroad(True, False)})
ROOTED = frozenset({Abroad(True, True)})
ANYWHERE = NOWHERE | PRESENT | ROOTED


@dataclass(frozen=True, slots=True)
class Window:
    """The years on which exports are judged: `last` and up to two before it, none before the firm began."""

    last: int
    years: tuple[int, ...]
    stated: bool
    """Whether a share or an amount counts; those older than the window do not."""


class Year(NamedTuple):
    """A year of the window: whether it can be without exports and with them, its share where it has them (billionths,
    both ends included), its markets (None: not known)."""

    zero: bool
    positive: bool
    low: int
    high: int
    markets: frozenset[str] | None


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


def is_stated(year: ExportYear) -> bool:
    """Markets alone state nothing: a list of them does not imply exports."""
    return year.share is not None or year.eur is not None


def window(profile: Profile, observed_at: datetime) -> Window:
    """R is the newest stated year before the observation's, if it is one of the last two; else the year before it."""
    observed = observed_at.astimezone(ROME).year
    newest = max(
        (one.year for one in export_years(profile.exports) if is_stated(one) and one.year <= observed - 1), default=None
    )
    fresh = newest is not None and newest >= observed - 2
    last = newest if newest is not None and fresh else observed - 1
    began = profile.started_on.year if profile.started_on is not None else None
    years = tuple(year for year in range(last, last - WINDOW, -1) if began is None or year >= began)
    return Window(last, years, fresh)


def export_years(exports: Exports | None) -> tuple[ExportYear, ...]:
    return (exports.years or ()) if exports is not None else ()


def years_of(exports: Exports | None, seen: Window) -> tuple[Year, ...]:
    """The years of the window, the newest first. `mode: none` states zero for those that state nothing."""
    none = exports is not None and exports.mode == "none"
    by_year = {one.year: one for one in export_years(exports)}
    return tuple(_year(by_year.get(year), seen.stated, none) for year in seen.years)


def _year(entry: ExportYear | None, counts: bool, none: bool) -> Year:
    markets = None if entry is None or entry.markets is None else frozenset(entry.markets)
    if entry is None or not counts or not is_stated(entry):
        return Year(True, not none, 0, UNIT, markets)
    share, eur = bounds(entry.share), bounds(entry.eur)
    # Share and amount are zero together, so each rules out for both. Where they contradict each other, one of them is
    # above zero, and that is what `Any` and `All` ask for.
    zero = share[0] <= 0 and eur[0] <= 0
    positive = not zero or (share[1] > 0 and eur[1] > 0)
    return Year(zero, positive, round(share[0] * UNIT), round(min(share[1], 1.0) * UNIT), markets)


def added(exports: Exports | None, seen: Window, years: tuple[Year, ...]) -> bool:
    """Whether `since` or `mode` makes the firm one that exports, whatever its years say."""
    if exports is None:
        return False
    if (exports.since is not None and exports.since <= seen.last) or exports.mode == "indirect":
        return True
    return exports.mode in ("direct", "occasional") and any(year.positive for year in years)


def experience(exports: Exports | None, seen: Window, criteria: Criteria) -> frozenset[bool]:
    """Years(n); where nobody says since when, either."""
    if exports is None or exports.since is None:
        return EITHER
    return YES if seen.last - exports.since + 1 >= criteria.thresholds.years else NO


def abroad(presence: tuple[Presence, ...] | None, criteria: Criteria) -> frozenset[Abroad]:
    """What the firm can have of its own abroad; an empty list is a statement."""
    if presence is None:
        return NOWHERE if criteria.presumptions.no_presence else ANYWHERE
    if not presence:
        return NOWHERE
    rooted = [is_rooted(one, criteria.thresholds.stake) for one in presence]
    if YES in rooted:
        return ROOTED
    return PRESENT | ROOTED if EITHER in rooted else PRESENT


def is_rooted(one: Presence, threshold: float) -> frozenset[bool]:
    """Whether this makes a root: a subsidiary or a joint venture does, a stake from the threshold on."""
    match one.kind:
        case "subsidiary" | "joint_venture":
            return YES
        case "stake":
            low, high = bounds(one.share)
            return YES if low >= threshold else EITHER if high >= threshold else NO
        case "branch" | "office":
            return NO


def stated(answer: bool | None) -> frozenset[bool]:
    """A yes, a no, or either."""
    return EITHER if answer is None else YES if answer else NO
