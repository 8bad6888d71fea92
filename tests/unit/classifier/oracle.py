"""The brute force: every completion of a profile over a grid of values, judged by the formulas as the domain writes
them.

Slow and plain on purpose, and nothing of the service is used: it is what the service is compared with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

SHARE_GRID = (0.0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1.0)
MARKET_GRID: tuple[tuple[str, ...], ...] = ((), ("FR",), ("FR", "DE", "ES"), tuple("ABCDEFGHIJ"))


@dataclass(frozen=True)
class Firm:
    """A firm about which everything is known; years newest first."""

    shares: tuple[float, ...]
    markets: tuple[tuple[str, ...], ...]
    since: int | None
    presence: tuple[tuple[str, float], ...]
    invest: bool
    consolidate: bool
    sme: bool


def segment(firm: Firm, last: int, stated_since: int | None, mode: str | None, stated_zero: bool) -> str:
    exports = any(share > 0 for share in firm.shares)
    any_ = (
        exports
        or (stated_since is not None and stated_since <= last)
        or mode == "indirect"
        or (mode in ("direct", "occasional") and not stated_zero)
    )
    all_ = bool(firm.shares) and all(share > 0 for share in firm.shares)
    sold = {m for share, markets in zip(firm.shares, firm.markets, strict=True) if share > 0 for m in markets}

    def share(t: float) -> bool:
        if not firm.shares:
            return False
        return firm.shares[0] >= t or round(sum(firm.shares), 9) >= round(t * len(firm.shares), 9)

    years5 = firm.since is not None and last - firm.since + 1 >= 5
    root = any_ and any(
        kind in ("subsidiary", "joint_venture") or (kind == "stake" and s >= 0.1) for kind, s in firm.presence
    )
    deep = root or (share(0.5) and years5 and len(sold) >= 10)
    if deep and firm.invest:
        return "highly_experienced"
    if deep or (firm.consolidate and share(0.1) and all_ and (len(sold) >= 3 or share(0.25))):
        return "consolidating"
    if (any_ or firm.presence) and firm.sme:
        return "light_presence"
    if not any_ and not firm.presence and firm.sme:
        return "no_experience"
    return "out_of_target"


def completions(known: dict[str, Any], last: int, years: int) -> Iterator[Firm]:
    """`known` holds what is known; a key that is absent takes every value of its grid."""
    shares = [
        [known["shares"][k]]
        if known["shares"][k] is not None
        else list(SHARE_GRID)
        if known["mode"] != "none"
        else [0.0]
        for k in range(years)
    ]
    markets = [[known["markets"][k]] if known["markets"][k] is not None else list(MARKET_GRID) for k in range(years)]
    since = [known["since"]] if known["since"] is not None else [None, last - 4, last]
    presence = (
        [known["presence"]] if known["presence"] is not None else [(), (("office", 0.0),), (("subsidiary", 1.0),)]
    )
    stakes = [
        list(product(*[[(kind, s)] if s is not None else [(kind, 0.05), (kind, 0.2)] for kind, s in one]))
        for one in presence
    ]
    for values in product(
        product(*shares),
        product(*markets),
        since,
        [one for some in stakes for one in some],
        [known["invest"]] if known["invest"] is not None else [False, True],
        [known["sme"]] if known["sme"] is not None else [False, True],
    ):
        yield Firm(values[0], values[1], values[2], values[3], values[4], known["consolidate"] is not False, values[5])
