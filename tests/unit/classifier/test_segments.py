"""Where a firm stands under what is known of it, and what it needs then."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from services.classifier.domain import assess
from shared.contracts.firm import (
    DeclaredNeed,
    ExportMode,
    Exports,
    ExportYear,
    Imports,
    Intents,
    Presence,
    Range,
    Size,
)
from shared.contracts.intake import Declaration
from tests.unit.classifier.builders import AGREEMENT, IN_FORCE, LARGE, SMALL, registered, segment_of, years


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


def test_who_declares_a_need_goes_on_with_it() -> None:
    told = (
        Declaration(front="assistance", import_=False, market="DE", by=("aice", "cna")),
        Declaration(front="assistance", import_=False, by=("cna",)),
    )
    declared = (DeclaredNeed(front="assistance", market="DE"), DeclaredNeed(front="assistance"))
    firm = msgspec.structs.replace(registered(needs=declared), declarations=told)
    assert [(need.key, need.declared_by) for need in assess(firm, AGREEMENT).needs if need.declared] == [
        (("assistance", False, "DE"), ("aice", "cna")),
        (("assistance", False, None), ("cna",)),
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


def test_the_window_begins_at_the_newest_stated_year_of_the_last_two() -> None:
    old = Exports(years=tuple(ExportYear(year=year, share=0) for year in (2024, 2023, 2022)))
    assert segment_of(exports=old, presence_abroad=(), size=SMALL).value == "no_experience"


def test_years_that_are_too_old_state_nothing() -> None:
    old = Exports(years=tuple(ExportYear(year=year, share=0) for year in (2023, 2022, 2021)))
    assert segment_of(exports=old, presence_abroad=(), size=SMALL).status == "provisional"


def test_markets_alone_are_kept_though_no_year_is_stated() -> None:
    """A list does not imply exports; in years that had some, it says to where."""
    nowhere = tuple(ExportYear(year=year, markets=("FR",)) for year in (2025, 2024, 2023))
    known = segment_of(exports=Exports(years=nowhere, since=2010), presence_abroad=(), size=SMALL)
    assert known.possible == ("light_presence", "consolidating")  # ten markets are out of reach


def test_the_year_is_that_of_rome() -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)  # half past midnight in Rome
    exports = years(0.3, 0.3, 0.3, markets=("FR",))
    firm = registered(new_year, exports=exports, presence_abroad=(), size=SMALL)
    assert assess(firm, AGREEMENT).segment.value == "consolidating"


def test_mode_none_makes_zeros_of_years_that_state_nothing() -> None:
    segment = segment_of(exports=Exports(mode="none"), presence_abroad=(), size=SMALL)
    assert segment.value == "no_experience"


@pytest.mark.parametrize("mode", ["direct", "indirect", "occasional"])
def test_a_mode_of_exporting_rules_out_no_experience(mode: ExportMode) -> None:
    segment = segment_of(exports=Exports(mode=mode), presence_abroad=(), size=SMALL)
    assert "no_experience" not in segment.possible


def test_figures_of_zero_beat_a_direct_mode() -> None:
    zero = Exports(years=years(0, 0, 0).years, mode="direct")
    assert segment_of(exports=zero, presence_abroad=(), size=SMALL).value == "no_experience"


def test_an_amount_without_a_share_is_exports_of_an_unknown_share() -> None:
    amounts = tuple(ExportYear(year=year, eur=5, markets=("FR",)) for year in (2025, 2024, 2023))
    segment = segment_of(exports=Exports(years=amounts), presence_abroad=(), size=SMALL)
    assert segment.possible == ("light_presence", "consolidating")


def test_figures_that_contradict_each_other_are_exports() -> None:
    """Share 0 and an amount: `Any` holds, the share stays 0."""
    odd = tuple(ExportYear(year=year, share=0, eur=5) for year in (2025, 2024, 2023))
    segment = segment_of(exports=Exports(years=odd), presence_abroad=(), size=SMALL)
    assert segment.value == "light_presence"
    assert len(segment.warnings) == 3


def test_possible_can_have_a_hole() -> None:
    """The stake is a root or it is not; without means to consolidate there is nothing between."""
    segment = segment_of(
        exports=years(0.05, 0.05, 0.05),
        presence_abroad=(Presence(country="FR", kind="stake"),),
        intents=Intents(consolidate=False, invest_abroad=True),
        size=SMALL,
    )
    assert segment.possible == ("light_presence", "highly_experienced")


def test_a_subsidiary_without_any_exports_is_no_root() -> None:
    segment = segment_of(
        exports=years(0, 0, 0), presence_abroad=(Presence(country="FR", kind="subsidiary"),), size=SMALL
    )
    assert segment.value == "light_presence"


@pytest.mark.parametrize(("open_to_large", "value"), [(True, "consolidating"), (False, "out_of_target")])
def test_whether_large_firms_consolidate_is_the_policys_switch(open_to_large: bool, value: str) -> None:
    segment = segment_of(
        IN_FORCE.model_copy(update={"large_firms": open_to_large}),
        exports=years(0.3, 0.3, 0.3),
        presence_abroad=(),
        size=LARGE,
        intents=Intents(invest_abroad=False),
    )
    assert segment.value == value
