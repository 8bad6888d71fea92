"""Windows that no comparison tells apart have one shape, and what is found for the shape holds for each of them."""

import random

import pytest

from services.classifier import shape
from services.classifier.domain import ignorance
from services.classifier.facts import window
from services.classifier.missing import missing
from shared.contracts.firm import Exports, ExportYear, Profile
from tests.unit.classifier.builders import IN_FORCE, MARKETS, OBSERVED


def profile(dice: random.Random) -> Profile:
    """Any shares, to nine places or right beside a threshold, in some years; nothing else is known."""
    years = []
    for year in (2025, 2024, 2023):
        beside = dice.choice((0.1, 0.25, 0.5, 0.3, 0.75)) + dice.choice((-1e-9, 0, 1e-9))
        share = dice.choice((None, round(dice.random(), 9), beside))
        markets = dice.choice((None, dice.sample(MARKETS, 4)))
        years.append(ExportYear(year=year, share=share, markets=None if markets is None else tuple(markets)))
    return Profile(codice_fiscale="00000009999", exports=Exports(years=tuple(years)))


def test_moving_a_sum_within_its_stretch_changes_nothing_that_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(1)
    firms = [profile(dice) for _ in range(300)]
    moved = [ignorance(firm, window(firm, OBSERVED), IN_FORCE) for firm in firms]
    monkeypatch.setattr(shape, "_stretch", lambda base, n, by: base)
    exact = [ignorance(firm, window(firm, OBSERVED), IN_FORCE) for firm in firms]
    assert any(one.shape != other.shape for one, other in zip(moved, exact, strict=True))
    for one, other in zip(moved, exact, strict=True):
        assert one.cases == other.cases
        assert missing(one) == missing(other)


def test_firms_that_differ_in_their_figures_alone_have_few_shapes() -> None:
    dice = random.Random(2)
    firms = [
        Profile(
            codice_fiscale="00000009999",
            exports=Exports(years=(ExportYear(year=2025, share=dice.random(), markets=("FR",)),)),
        )
        for _ in range(1000)
    ]
    assert len({ignorance(firm, window(firm, OBSERVED), IN_FORCE).shape for firm in firms}) < 40
