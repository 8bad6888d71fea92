"""Profiles at random, as JSON: ranges, stakes without a share, holdings, two years of size, amounts without a share,
figures that contradict each other."""

import random
from typing import Any

OBSERVED = 2026
LISTS: tuple[list[str], ...] = (
    [],
    ["FR"],
    ["FR", "DE"],
    ["FR", "DE", "ES"],
    ["DE", "ES", "PT", "AT"],
    [f"N{k}" for k in range(2, 11)],
    [f"C{k}" for k in range(10)],
)
SHARES = (0, 0, 0.02, 0.05, 0.1, 0.13, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.9)


def firm(dice: random.Random) -> dict[str, Any]:
    """One firm; members that are absent are not known. `known` sways how much is."""
    known = dice.choice((0.3, 0.6, 0.8, 0.9, 0.95))

    def told(value: Any) -> Any:
        return value if dice.random() < known else None

    return _stated(
        codice_fiscale="00000009999",
        started_on=dice.choice((None,) * 6 + ("2024-05-01", "2025-02-01", "2026-03-01")),
        exports=_exports(dice, known),
        presence_abroad=told(_presence(dice)),
        intents=_stated(invest_abroad=told(dice.random() < 0.5), consolidate=dice.choice((None, True, False))),
        size=told(_size(dice, known)),
    )


def _exports(dice: random.Random, known: float) -> dict[str, Any]:
    # Mostly the window's years; at times older or newer ones, which move it or do not count.
    newest = dice.choice((2025,) * 6 + (2024, 2023, 2026))
    years = [
        _stated(
            year=newest - back,
            share=_share(dice) if dice.random() < known else None,
            eur=_amount(dice, (0, 0, 1e5, 1e5)) if dice.random() < 0.25 else None,
            markets=dice.choice(LISTS) if dice.random() < known else None,
        )
        for back in range(dice.choice((1, 2, 3, 3, 3, 4)))
        if dice.random() < 0.95
    ]
    return _stated(
        years=years,
        mode=dice.choice((None,) * 5 + ("none", "direct", "indirect", "occasional")),
        since=dice.choice((2010, 2021, 2022, 2024, 2026)) if dice.random() < known else None,
    )


def _share(dice: random.Random) -> Any:
    share = dice.choice(SHARES)
    if dice.random() < 0.8:
        return share
    low, high = sorted((share, dice.choice(SHARES)))
    return dice.choice(({"min": low, "max": high}, {"min": low}, {"max": high}))


def _amount(dice: random.Random, values: tuple[float, ...]) -> Any:
    low, high = sorted((dice.choice(values), dice.choice(values)))
    return dice.choice((low, high, {"min": low, "max": high}, {"min": low}, {"max": high}))


def _presence(dice: random.Random) -> list[dict[str, Any]]:
    kinds = ("office", "branch", "stake", "stake", "subsidiary", "joint_venture")
    shares = (None, 0.05, 0.1, 0.3, {"min": 0.05, "max": 0.2}, {"max": 0.09}, {"min": 0.1})
    return [
        _stated(country=country, kind=kind, share=dice.choice(shares) if kind == "stake" else None)
        for country in ("FR", "DE")[: dice.choice((0, 0, 1, 1, 2))]
        for kind in [dice.choice(kinds)]
    ]


def _figures(dice: random.Random, known: float) -> dict[str, Any]:
    members = {
        "staff": (8, 30, 49, 50, 240, 249, 250, 300),
        "turnover_eur": (1e6, 40e6, 50e6, 60e6),
        "balance_sheet_eur": (1e6, 40e6, 43e6, 50e6),
    }
    return _stated(
        **{
            name: (dice.choice(values) if dice.random() < 0.8 else _amount(dice, values))
            for name, values in members.items()
            if dice.random() < known
        }
    )


def _size(dice: random.Random, known: float) -> dict[str, Any]:
    holdings = None
    if dice.random() < 0.3:
        holdings = [
            _stated(
                kind=kind,
                share=dice.choice((None, 0.25, 0.3, 0.5, {"min": 0.3}, {"max": 0.4})) if kind == "partner" else None,
                **_figures(dice, known),
            )
            for kind in dice.choices(("partner", "linked"), k=dice.choice((0, 1, 1, 2)))
        ]
    return _stated(
        year=2025,
        autonomous=dice.choice((None, None, None, False) if holdings else (None, None, True, False)),
        public_share=dice.choice((None,) * 6 + (0.1, 0.25, 0.6, {"min": 0.1, "max": 0.4}, {"max": 0.2}, {"min": 0.3})),
        previous=_stated(year=dice.choice((2024, 2024, 2023)), **_figures(dice, known))
        if dice.random() < 0.3
        else None,
        holdings=holdings,
        **_figures(dice, known),
    )


def _stated(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
