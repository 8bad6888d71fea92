"""The brute force: every completion of a profile over a grid of values, judged by the formulas as the domain writes
them.

Slow and plain on purpose, and nothing of the service is used: it is what the service is compared with. A profile comes
as the JSON that it is. Shares are counted in hundredths of a per cent, so that sums are exact.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from itertools import combinations, product
from math import prod
from operator import or_
from typing import Any

FULL = 10_000  # a share of 1.0
THRESHOLDS = (1_000, 2_500, 5_000)
GRID = (0, 1, 500, 999, 1_000, 2_499, 2_500, 4_999, 5_000, FULL)
NEW = tuple(f"M{k}" for k in range(10))
SIZES = {"staff": (10, 249, 250, 9e5), "turnover_eur": (1e6, 50e6, 51e6), "balance_sheet_eur": (1e6, 43e6, 44e6)}
SEGMENTS = ("no_experience", "light_presence", "consolidating", "highly_experienced", "out_of_target")
ORDER = (
    "share",
    "markets",
    "since",
    "presence",
    "invest",
    "staff",
    "turnover_eur",
    "balance_sheet_eur",
    "holdings",
    "public",
)

Fact = tuple[int, int]
"""A member's place in `ORDER`, and the year's in the window, 0 the newest."""


def window(firm: dict[str, Any], observed: int) -> tuple[int, list[int], bool]:
    """R, the years, and whether anything stated counts."""
    entries = firm.get("exports", {}).get("years", [])
    before = [e["year"] for e in entries if ("share" in e or "eur" in e) and e["year"] <= observed - 1]
    last = max(before) if before and max(before) >= observed - 2 else observed - 1
    counts = bool(before) and max(before) >= observed - 2
    start = int(firm["started_on"][:4]) if "started_on" in firm else 0
    return last, [y for y in (last, last - 1, last - 2) if y >= start], counts


def ends(figure: Any) -> tuple[float, float]:
    if figure is None:
        return 0, float("inf")
    if isinstance(figure, dict):
        return figure.get("min", 0), figure.get("max", float("inf"))
    return figure, figure


def year_values(entry: dict[str, Any], none: bool, grid: Iterable[int]) -> list[tuple[bool, int]]:
    """(exports, share) for each value that the year can have."""
    if "share" not in entry and "eur" not in entry:
        return [(False, 0)] if none else [(s > 0, s) for s in sorted(grid)]
    low, high = ends(entry.get("share"))
    least, most = ends(entry.get("eur"))
    low, high = round(low * FULL), round(min(high, 1) * FULL)
    values = {s for s in grid if low <= s <= high} | {low, high}
    agreeing = [(s > 0, s) for s in sorted(values) if (s == 0 and least <= 0) or (s > 0 and most > 0)]
    return agreeing or [(True, s) for s in sorted(values)]  # a contradiction: one of the two is above zero


def share_grid(told: list[dict[str, Any]]) -> set[int]:
    """The shares to try: some on each side of a threshold, and those with which the window's sum meets one while the
    other years are at an end of what they can be."""
    reach = [tuple(round(min(end, 1) * FULL) for end in ends(one.get("share"))) for one in told]
    sums = {sum(some) for k in range(len(reach)) for some in product(*(reach[:k] + reach[k + 1 :]))}
    edges = {t * len(told) - total - less for t, total, less in product(THRESHOLDS, sums, (0, 1))}
    return {share for share in (*GRID, *edges) if 0 <= share <= FULL}


def list_grid(told: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The lists of markets to try: as many new ones as bring some of the known lists to a threshold, or nearly so, and
    known ones again."""
    known = [one["markets"] for one in told if "markets" in one]
    unions = [set[str]().union(*some) for k in range(len(known) + 1) for some in combinations(known, k)]
    counts = {max(t - len(union) - less, 0) for t, union, less in product((3, 10), unions, (0, 1))}
    again = {tuple(markets[:k]) for markets in known for k in (2, 3, len(markets))}
    return sorted({NEW[:count] for count in counts} | again | {()})


def presence_values(presence: Any) -> list[list[tuple[str, float]]]:
    if presence is None:
        return [[], [("office", 0)], [("stake", 0.05)], [("stake", 0.1)], [("subsidiary", 1)]]
    shares = []
    for one in presence:
        low, high = ends(one.get("share"))
        shares.append([(one["kind"], s) for s in {low, min(high, 1.0), 0.0999, 0.1} if low <= s <= high])
    return [list(some) for some in product(*shares)]


def size_values(size: Any, figure: str) -> list[float]:
    """The totals that a figure can have: the firm's own, and its holdings' by what part of them counts."""
    grid = SIZES[figure]
    if size is None:
        return list(grid)
    previous = size.get("previous", {})
    second = previous.get("year") == size["year"] - 1 and len(previous) > 1
    parts = [[(v, 1.0) for v in in_range((previous if second else size).get(figure), grid)]]
    for holding in size.get("holdings", []):
        share = holding.get("share", {})
        low, high = ends({"min": 0.25, "max": 0.5} | share if isinstance(share, dict) else share)
        low, high = (1.0, 1.0) if holding["kind"] == "linked" else (low, high)
        parts.append([(v, s) for v in in_range(holding.get(figure), (0, *grid, 1e9)) for s in {low, high}])
    return sorted({round(sum(v * s for v, s in some), 6) for some in product(*parts)})


def in_range(figure: Any, grid: Iterable[float]) -> list[float]:
    low, high = ends(figure)
    return sorted({v for v in grid if low <= v <= high} | {low} | ({high} if high < float("inf") else set()))


def facts(firm: dict[str, Any], observed: int) -> tuple[list[tuple[Fact, list[Any]]], Callable[..., str]]:
    """Every fact with its values, in the order of ties, and the function from one value of each to the segment."""
    last, years, counts = window(firm, observed)
    exports, size = firm.get("exports", {}), firm.get("size")
    mode, since = exports.get("mode"), exports.get("since")
    entries = {e["year"]: e for e in exports.get("years", [])}
    told = [{k: v for k, v in entries.get(y, {}).items() if counts or k not in ("share", "eur")} for y in years]
    grid = share_grid(told)
    shares = [year_values(e, mode == "none", grid) for e in told]
    stated_zero = all(not any(exporting for exporting, _ in values) for values in shares)
    lists = [
        [tuple(e["markets"])] if "markets" in e else list_grid(told) if any(x for x, _ in values) else [()]
        for e, values in zip(told, shares, strict=True)
    ]
    totals = {figure: size_values(size, figure) for figure in SIZES}
    unsettled = all(
        min(totals[f]) <= limit < max(totals[f]) for f, limit in (("turnover_eur", 50e6), ("balance_sheet_eur", 43e6))
    )
    presumed_small = size is not None and max(totals["staff"]) < 50 and unsettled
    group = [True]
    if size is not None and size.get("autonomous") is False and not size.get("holdings"):
        group = [True, False]
    public = [False]
    if size is not None and "public_share" in size:
        low, high = ends(size["public_share"])
        public = sorted({low >= 0.25, high >= 0.25})
    intents = firm.get("intents", {})
    means, invest = intents.get("consolidate") is not False, intents.get("invest_abroad")
    n = len(years)

    def segment(*values: Any) -> str:
        sold, markets = values[:n], values[n : 2 * n]
        begun, presence, invests, staff, turnover, balance, alone, in_public = values[2 * n :]
        exporting = [x for x, _ in sold]
        added = (since is not None and since <= last) or mode == "indirect"
        any_ = any(exporting) or added or (mode in ("direct", "occasional") and not stated_zero)
        all_ = bool(years) and all(exporting)
        total = sum(s for _, s in sold)
        count = len({m for x, some in zip(exporting, markets, strict=True) if x for m in some})

        def share(t: int) -> bool:
            return bool(years) and (sold[0][1] >= t or total >= t * n)

        small = staff < 250 and (turnover <= 50e6 or balance <= 43e6)
        sme = (small or presumed_small) and alone and not in_public
        root = any_ and any(k in ("subsidiary", "joint_venture") or (k == "stake" and s >= 0.1) for k, s in presence)
        deep = root or (share(5_000) and last - begun + 1 >= 5 and count >= 10)
        if deep and invests:
            return "highly_experienced"
        if deep or (means and share(1_000) and all_ and (count >= 3 or share(2_500))):
            return "consolidating"
        if (any_ or presence) and sme:
            return "light_presence"
        return "no_experience" if not any_ and not presence and sme else "out_of_target"

    every: list[tuple[Fact, list[Any]]] = [((0, k), values) for k, values in enumerate(shares)]
    every += [((1, k), values) for k, values in enumerate(lists)]
    every.append(((2, 0), [since] if since is not None else [last - 4, last - 3]))
    every.append(((3, 0), presence_values(firm.get("presence_abroad"))))
    every.append(((4, 0), [False, True] if invest is None else [invest]))
    every += [((5 + k, 0), totals[figure]) for k, figure in enumerate(SIZES)]
    every += [((8, 0), group), ((9, 0), public)]
    return every, segment


def completions(firm: dict[str, Any], observed: int) -> int:
    """How many there are on the grid: the cost of judging."""
    return prod(len(values) for _, values in facts(firm, observed)[0])


def judge(firm: dict[str, Any], observed: int) -> tuple[set[str], tuple[Fact, ...]]:
    """The possible segments, and the smallest set of facts that settles which; the first in order among equals."""
    every, segment = facts(firm, observed)
    bits = {code: 1 << place for place, code in enumerate(SEGMENTS)}
    table = [bits[segment(*values)] for values in product(*(values for _, values in every))]
    possible = {code for code, bit in bits.items() if any(one == bit for one in table)}
    opened = tuple((fact, len(values)) for fact, values in every if len(values) > 1)
    # What settles without a fact settles with it: from all facts downwards, taking away one at a time.
    level: dict[tuple[tuple[Fact, int], ...], list[int]] = {opened: table}
    while True:
        fewer: dict[tuple[tuple[Fact, int], ...], list[int]] = {}
        for kept, held in level.items():
            for place in range(len(kept)):
                rest = (*kept[:place], *kept[place + 1 :])
                if rest not in fewer:
                    merged = without(held, [size for _, size in kept], place)
                    if all(some & (some - 1) == 0 for some in merged):
                        fewer[rest] = merged
        if not fewer:
            return possible, min(tuple(fact for fact, _ in kept) for kept in level)
        level = fewer


def without(table: list[int], sizes: list[int], place: int) -> list[int]:
    """The table once nobody knows the fact in this place: what its values gave, together."""
    stride = prod(sizes[place + 1 :])
    merged: list[int] = []
    for start in range(0, len(table), stride * sizes[place]):
        ends = range(start, start + stride * sizes[place], stride)
        merged += reduce(lambda one, other: [*map(or_, one, other)], (table[end : end + stride] for end in ends))
    return merged
