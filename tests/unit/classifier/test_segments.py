"""The possible segments are exactly those that some completion of the facts gives."""

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.classifier.domain import assess
from shared.agreement import load
from shared.contracts.firm import (
    DeclaredNeed,
    Exports,
    ExportYear,
    Imports,
    Intents,
    Presence,
    Profile,
    Range,
    Size,
)
from shared.contracts.intake import FirmRegistered
from tests.unit.classifier import oracle

OBSERVED = datetime(2026, 11, 23, 9, tzinfo=UTC)
AGREEMENT = load()
SMALL = Size(year=2025, staff=12, turnover_eur=1_000_000, balance_sheet_eur=500_000)
LARGE = Size(year=2025, staff=400, turnover_eur=90_000_000, balance_sheet_eur=80_000_000)
ABROAD = ((), (("office", 0.0),), (("subsidiary", 1.0),), (("stake", 0.05),), (("stake", 0.2),), (("stake", None),))


def registered(**members: Any) -> FirmRegistered:
    profile = Profile(codice_fiscale="00000009999", **members)
    return FirmRegistered(firm_id="f", version=1, observed_at=OBSERVED, profile=profile, publishers=())


def segment_of(**members: Any) -> Any:
    return assess(registered(**members), AGREEMENT).segment


def years(*shares: float | None, markets: tuple[str, ...] | None = None) -> Exports:
    return Exports(
        years=tuple(ExportYear(year=2025 - k, share=share, markets=markets) for k, share in enumerate(shares))
    )


def drawn(dice: random.Random) -> dict[str, Any]:
    """What is known of a firm, at random; None is not known."""
    shares = [dice.choice((None, 0.0, 0.0, 0.05, 0.1, 0.3, 0.5)) for _ in range(3)]
    if shares[0] is None:  # the window begins at the newest stated year: keep it where the oracle begins
        shares[0] = dice.choice((0.0, 0.1, 0.6))
    return {
        "shares": shares,
        "markets": [dice.choice((None, (), ("FR",), ("FR", "DE", "ES"), tuple("ABCDEFGHIJ"))) for _ in range(3)],
        "since": dice.choice((None, None, 2010, 2024)),
        "mode": dice.choice((None, None, "none", "direct", "indirect", "occasional")),
        "presence": dice.choice((None, *ABROAD)),
        "invest": dice.choice((None, True, False)),
        "consolidate": dice.choice((None, True, False)),
        "sme": dice.choice((None, True, False)),
    }


def told(known: dict[str, Any]) -> FirmRegistered:
    stated = tuple(
        ExportYear(year=2025 - k, share=known["shares"][k], markets=known["markets"][k])
        for k in range(3)
        if known["shares"][k] is not None or known["markets"][k] is not None
    )
    presence = known["presence"]
    return registered(
        exports=Exports(years=stated, mode=known["mode"], since=known["since"]),
        presence_abroad=None
        if presence is None
        else tuple(Presence(country="FR", kind=k, share=s) for k, s in presence),
        intents=Intents(consolidate=known["consolidate"], invest_abroad=known["invest"]),
        size={None: None, True: SMALL, False: LARGE}[known["sme"]],
    )


@pytest.mark.parametrize("seed", range(150))
def test_possible_is_what_brute_force_over_all_completions_finds(seed: int) -> None:
    known = drawn(random.Random(seed))
    firm = told(known)
    stated_zero = all(share == 0.0 or (share is None and known["mode"] == "none") for share in known["shares"])
    brute = {
        oracle.segment(one, 2025, known["since"], known["mode"], stated_zero)
        for one in oracle.completions(known, 2025, 3)
    }
    assert set(assess(firm, AGREEMENT).segment.possible) == brute


def test_a_firm_of_which_nothing_is_known_can_be_anything() -> None:
    segment = segment_of()
    assert segment.status == "provisional"
    assert set(segment.possible) == {
        "no_experience",
        "light_presence",
        "consolidating",
        "highly_experienced",
        "out_of_target",
    }
    assert (segment.lowest, segment.highest) == ("no_experience", "highly_experienced")


def test_known_zero_for_three_years_and_no_presence_is_no_experience() -> None:
    segment = segment_of(exports=years(0, 0, 0), presence_abroad=(), size=SMALL)
    assert (segment.status, segment.value) == ("classified", "no_experience")


def test_an_unstated_year_is_never_taken_for_zero() -> None:
    segment = segment_of(exports=years(0, 0), presence_abroad=(), size=SMALL, intents=Intents(consolidate=False))
    assert segment.possible == ("no_experience", "light_presence")


def test_a_register_class_that_straddles_a_threshold_leaves_both_sides_open() -> None:
    wide = Size(year=2025, staff=Range(min=50), turnover_eur=Range(max=1e6), balance_sheet_eur=1e6)
    segment = segment_of(exports=years(0, 0, 0), presence_abroad=(), size=wide)
    assert segment.possible == ("no_experience", "out_of_target")


def test_three_times_ten_percent_reaches_ten_percent_on_the_mean() -> None:
    segment = segment_of(exports=years(0.1, 0.1, 0.1, markets=("FR", "DE", "ES")), presence_abroad=(), size=SMALL)
    assert segment.value == "consolidating"


def test_years_before_the_start_of_business_are_not_judged() -> None:
    segment = segment_of(exports=years(0.3), presence_abroad=(), size=SMALL, started_on=date(2025, 3, 1))
    assert segment.value == "consolidating"


def test_small_staff_and_no_amounts_is_presumed_an_sme_and_says_so() -> None:
    segment = segment_of(exports=years(0, 0, 0), presence_abroad=(), size=Size(year=2025, staff=Range(min=0, max=4)))
    assert segment.value == "no_experience"
    assert "small_staff" in segment.presumptions


def test_contradictions_are_named() -> None:
    exports = Exports(years=(ExportYear(year=2025, share=0, eur=5),), mode="none", since=2026)
    assert len(segment_of(exports=exports).warnings) == 3


def test_a_provisional_firm_gets_what_it_declared_and_what_every_possible_segment_gives() -> None:
    declared = (DeclaredNeed(front="finance_and_insurance"),)
    unsure = registered(
        exports=years(0, 0), presence_abroad=(), size=SMALL, intents=Intents(consolidate=False), needs=declared
    )
    assessed = assess(unsure, AGREEMENT)
    assert [(need.front, need.declared) for need in assessed.needs] == [
        ("finance_and_insurance", True),
        ("information", False),
        ("training_and_orientation", False),
    ]


def test_a_firm_in_liquidation_is_placed_and_gets_no_needs() -> None:
    assessed = assess(registered(status="in_liquidation", needs=(DeclaredNeed(front="information"),)), AGREEMENT)
    assert assessed.needs == ()


def test_strategic_import_creates_a_need_of_its_own_and_raises_no_segment() -> None:
    plain = assess(registered(exports=years(0, 0, 0), presence_abroad=(), size=SMALL), AGREEMENT)
    importer = assess(
        registered(exports=years(0, 0, 0), presence_abroad=(), size=SMALL, imports=Imports(strategic=True)), AGREEMENT
    )
    assert importer.segment == plain.segment
    assert [(n.front, n.import_) for n in importer.needs if n not in plain.needs] == [("assistance", True)]
