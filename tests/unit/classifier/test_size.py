"""Whether a firm is an SME, and which presumptions that rested on."""

from typing import Any

import pytest

from services.classifier import size
from services.classifier.segments import EITHER, NO, YES
from shared.agreement import Criteria, Presumptions
from shared.contracts.firm import Figures, Holding, Presence, Range, Size
from tests.unit.classifier.builders import IN_FORCE, LARGE, SMALL, segment_of, years

PRESUMED, SME = IN_FORCE.presumptions, IN_FORCE.sme


def sme(of: Size | None, presumptions: Presumptions = PRESUMED) -> frozenset[bool]:
    return size.sme(size.measure(of, presumptions, SME))


@pytest.mark.parametrize(
    ("figures", "answer"),
    [
        ({"staff": 249, "turnover_eur": 50e6, "balance_sheet_eur": 90e6}, YES),
        ({"staff": 249, "turnover_eur": 90e6, "balance_sheet_eur": 43e6}, YES),
        ({"staff": 249, "turnover_eur": 51e6, "balance_sheet_eur": 44e6}, NO),
        ({"staff": 250, "turnover_eur": 1, "balance_sheet_eur": 1}, NO),
        ({"staff": 249, "turnover_eur": 51e6}, EITHER),
        ({"turnover_eur": 1e6}, EITHER),
        ({"staff": Range(min=250)}, NO),
        ({"staff": Range(min=50, max=300), "turnover_eur": 1e6}, EITHER),
    ],
)
def test_staff_and_one_of_the_two_amounts_decide(figures: dict[str, Any], answer: frozenset[bool]) -> None:
    assert sme(Size(year=2025, **figures)) == answer


def test_a_firm_that_tells_no_size_can_be_either() -> None:
    assert sme(None) == EITHER


def test_the_year_before_decides_where_it_is_given() -> None:
    grown = Size(year=2025, staff=400, turnover_eur=1, balance_sheet_eur=1, previous=Figures(year=2024, staff=240))
    assert sme(grown) == EITHER  # its amounts of 2024 are not known, those of 2025 do not count
    before = Figures(year=2024, staff=240, turnover_eur=1e6)
    assert sme(Size(year=2025, staff=400, turnover_eur=1, balance_sheet_eur=1, previous=before)) == YES


@pytest.mark.parametrize("before", [Figures(year=2023, staff=400), Figures(year=2024)])
def test_a_year_that_is_not_the_one_before_or_says_nothing_does_not_count(before: Figures) -> None:
    assert sme(Size(year=2025, staff=12, turnover_eur=1e6, previous=before)) == YES


def test_linked_enterprises_count_whole_and_partners_by_their_share() -> None:
    own: dict[str, Any] = {"year": 2025, "staff": 200, "turnover_eur": 1e6, "balance_sheet_eur": 1e6}
    linked = Holding(kind="linked", share=0.6, staff=50, turnover_eur=0, balance_sheet_eur=0)
    partner = Holding(kind="partner", share=0.3, staff=100, turnover_eur=0, balance_sheet_eur=0)
    assert sme(Size(**own, holdings=(linked,))) == NO
    assert sme(Size(**own, holdings=(partner,))) == YES


def test_a_partner_of_unknown_share_holds_a_quarter_to_a_half() -> None:
    def with_partner(staff: int) -> Size:
        partner = Holding(kind="partner", staff=staff, turnover_eur=0, balance_sheet_eur=0)
        return Size(year=2025, staff=200, turnover_eur=1e6, balance_sheet_eur=1e6, holdings=(partner,))

    assert [sme(with_partner(staff)) for staff in (99, 100, 199, 200)] == [YES, EITHER, EITHER, NO]


def test_a_range_of_a_partners_share_is_open_only_where_it_says_nothing() -> None:
    assert size.weight(Holding(kind="partner", share=Range(min=0.3)), SME) == (0.3, 0.5)
    assert size.weight(Holding(kind="partner", share=Range(max=0.4)), SME) == (0.25, 0.4)
    assert size.weight(Holding(kind="partner", share=Range(min=0.6)), SME) == (0.6, 0.6)


def test_pro_rata_staff_is_not_made_smaller_by_binary_fractions() -> None:
    partner = Holding(kind="partner", share=0.29, staff=100, turnover_eur=0, balance_sheet_eur=0)
    assert sme(Size(year=2025, staff=221, turnover_eur=1e6, balance_sheet_eur=1e6, holdings=(partner,))) == NO


@pytest.mark.parametrize(
    ("share", "answer"), [(0.24, YES), (0.25, NO), (Range(max=0.24), YES), (Range(max=0.3), EITHER)]
)
def test_a_quarter_in_public_hands_makes_no_sme(share: float | Range, answer: frozenset[bool]) -> None:
    assert sme(Size(year=2025, staff=12, turnover_eur=1e6, public_share=share)) == answer


def test_a_firm_that_is_not_autonomous_and_tells_no_holdings_stays_too_large_or_becomes_unknown() -> None:
    assert sme(Size(year=2025, staff=12, turnover_eur=1e6, autonomous=False)) == EITHER
    assert sme(Size(year=2025, staff=300, turnover_eur=1e6, autonomous=False)) == NO


def test_small_staff_is_enough_where_neither_amount_is_known() -> None:
    assert sme(Size(year=2025, staff=Range(max=49))) == YES
    assert sme(Size(year=2025, staff=Range(max=50))) == EITHER


def test_a_range_that_straddles_its_limit_is_not_known_and_one_beyond_it_is() -> None:
    assert sme(Size(year=2025, staff=10, turnover_eur=Range(min=1e6))) == YES
    assert sme(Size(year=2025, staff=10, turnover_eur=Range(min=51e6))) == EITHER


def test_small_staff_counts_with_its_holdings() -> None:
    linked = Holding(kind="linked", staff=45)
    assert sme(Size(year=2025, staff=10, holdings=(linked,))) == EITHER


# Presumptions are named where they mattered.


def presuming(**switched: bool) -> Criteria:
    """The criteria in force, with some presumptions switched."""
    return IN_FORCE.model_copy(update={"presumptions": PRESUMED.model_copy(update=switched)})


def named(of: Size | None, **members: Any) -> tuple[str, ...]:
    known = {"exports": years(0, 0, 0), "presence_abroad": ()} | members
    return segment_of(IN_FORCE, size=of, **known).presumptions


def test_an_sme_by_one_years_figures_rests_on_two_presumptions() -> None:
    assert named(SMALL) == ("autonomous", "single_year")


def test_a_firm_that_says_it_is_autonomous_is_not_presumed_so() -> None:
    told = Size(year=2025, staff=12, turnover_eur=1e6, autonomous=True)
    nobody = Size(year=2025, staff=12, turnover_eur=1e6, holdings=())
    assert named(told) == named(nobody) == ("single_year",)


def test_a_firm_that_is_too_large_alone_is_so_whoever_belongs_to_it() -> None:
    assert named(LARGE) == ("single_year",)


def test_two_years_presume_nothing_about_the_other_one() -> None:
    both = Size(year=2025, previous=Figures(year=2024, staff=9, turnover_eur=1e6), autonomous=True)
    assert named(both) == ()


def test_small_staff_is_named_where_it_made_the_firm_an_sme() -> None:
    assert named(Size(year=2025, staff=5, autonomous=True)) == ("single_year", "small_staff")
    assert named(Size(year=2025, staff=5, turnover_eur=1e6, autonomous=True)) == ("single_year",)


def test_what_does_not_change_the_segment_is_not_named() -> None:
    """A firm that consolidates does so at any size."""
    assert named(SMALL, exports=years(0.3, 0.3, 0.3)) == ()
    assert named(None) == ()


def test_each_presumption_can_be_switched_off() -> None:
    small_staff = Size(year=2025, staff=5)
    for presumption in ("autonomous", "single_year", "small_staff"):
        without = presuming(**{presumption: False})
        segment = segment_of(without, exports=years(0, 0, 0), presence_abroad=(), size=small_staff)
        assert segment.possible == ("no_experience", "out_of_target")
        assert segment.presumptions == ()


def test_an_unstated_presence_is_none_where_the_policy_says_so() -> None:
    criteria = presuming(no_presence=True)
    segment = segment_of(criteria, exports=years(0, 0, 0), size=SMALL)
    assert (segment.value, segment.presumptions) == ("no_experience", ("autonomous", "single_year", "no_presence"))
    office = (Presence(country="FR", kind="office"),)
    assert segment_of(criteria, exports=years(0, 0, 0), size=SMALL, presence_abroad=office).value == "light_presence"
