"""The agreement of 2017 as it stands in the files."""

from datetime import date

import pytest
from stdnum.eu import nace

from services.referral import lifecycle
from shared.agreement import CURRENT, Agreement, load
from shared.agreement.divisions import DIVISIONS

AGREEMENT = load(CURRENT)


def test_it_has_twelve_signatories_five_fronts_and_four_segments() -> None:
    assert (len(AGREEMENT.partners), len(AGREEMENT.fronts), len(AGREEMENT.segments)) == (12, 5, 4)
    assert [front.number for front in AGREEMENT.fronts] == [1, 2, 3, 4, 5]
    assert AGREEMENT.front("finance_and_insurance").owner == "sacesimest"
    assert (AGREEMENT.imports.owner, AGREEMENT.fallback) == ("aice", "unioncamere")
    assert (AGREEMENT.in_market.executor, AGREEMENT.in_market.fronts) == ("assocamerestero", ("assistance",))


def test_it_was_signed_for_three_years_and_holds_today_by_an_assumption_that_says_so() -> None:
    signed, *assumed = AGREEMENT.term.periods
    assert (signed.basis, signed.last) == ("signed", date(2020, 6, 6))
    assert assumed
    assert {period.basis for period in assumed} == {"assumed"}
    assert AGREEMENT.approval.basis == "assumed"


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2017, 6, 6), False),
        (date(2017, 6, 7), True),
        (date(2020, 6, 7), True),
        (date(2029, 6, 6), True),
        (date(2029, 6, 7), False),
    ],
)
def test_both_ends_belong_to_the_term(day: date, holds: bool) -> None:
    assert AGREEMENT.in_force(day) is holds


def test_the_clocks_run_as_the_partners_were_told() -> None:
    told = AGREEMENT.deadlines
    assert (told.accept.remind, told.accept.escalate, told.accept.reroute) == (3, 5, 7)
    assert (told.contact, told.information, told.no_update, told.membership_query) == (10, 15, 60, 3)
    assert (told.longest_hold, told.cancellation, told.after_outage) == (60, 5, 1)
    assert told.firm_answer == 20


def test_its_codes_are_those_that_a_partner_can_send_and_the_hub_can_say() -> None:
    codes = AGREEMENT.codes
    assert set(codes.reject) == lifecycle.REJECT_CODES
    assert set(codes.hold) == lifecycle.HOLD_CODES
    assert set(codes.outcome) == lifecycle.OUTCOME_CODES
    assert {failure.code for failure in codes.fail} == lifecycle.FAIL_CODES
    assert [failure.code for failure in codes.fail if failure.reroutes] == [lifecycle.REROUTED_FAILURE]
    assert set(codes.ended) == {why.value for why in lifecycle.Ended}


def test_an_sme_is_what_the_recommendation_says() -> None:
    """Recommendation 2003/361/EC, annex, art. 2 and 3."""
    sme = AGREEMENT.criteria.sme
    figures = [(one.staff_below, one.turnover_eur, one.balance_sheet_eur) for one in (sme.micro, sme.small, sme.medium)]
    assert figures == [(10, 2_000_000, 2_000_000), (50, 10_000_000, 10_000_000), (250, 50_000_000, 43_000_000)]
    assert (sme.public_share, sme.partner_from, sme.partner_until) == (0.25, 0.25, 0.50)


@pytest.mark.parametrize(("edition", "revision"), [("2007", "2.0"), ("2025", "2.1")])
def test_the_divisions_of_an_edition_are_those_of_its_nace(edition: str, revision: str) -> None:
    real = [code for n in range(1, 100) if nace.is_valid(code := f"{n:02}", revision=revision)]
    assert list(DIVISIONS[edition]) == real


@pytest.mark.parametrize(
    ("sector", "division", "edition", "inside"),
    [
        ("industry", "28", "2025", True),
        ("industry", "46", "2025", False),
        ("trade", "45", "2007", True),
        ("trade", "45", "2022", True),  # the update of 2022 has the divisions of 2007
        ("trade", "45", "2025", False),
        ("trade", "46", "2025", True),
        ("wholesale", "47", "2025", False),
    ],
)
def test_a_sector_is_read_in_the_edition_of_the_code(sector: str, division: str, edition: str, inside: bool) -> None:
    assert AGREEMENT.sector(sector).covers(division, edition) is inside


def test_every_province_has_a_body_for_industry_and_two_for_artisans() -> None:
    def takers(province: str, **asked: object) -> list[str]:
        return [
            one.code
            for one in AGREEMENT.signatories
            if one.takes is not None
            and province in one.takes.provinces
            and all(getattr(one.takes, name) == value for name, value in asked.items())
        ]

    provinces = ("BG", "BS", "CO", "CR", "LC", "LO", "MB", "MI", "MN", "PV", "SO", "VA")
    for province in provinces:
        assert set(takers(province, sectors=("industry", "advanced_services"))) & {"confindustria", "assolombarda"}
        assert len(takers(province, artisan=True)) >= 2
    both = [one for one in provinces if {"confindustria", "assolombarda"} <= set(takers(one, artisan=False))]
    assert both == ["MI"]  # where Confindustria has another body than Assolombarda


def test_every_body_offers_something_on_every_front_that_it_serves() -> None:
    day = date(2026, 11, 23)
    segments = [segment.code for segment in AGREEMENT.segments]
    for signatory in AGREEMENT.signatories:
        for front in signatory.fronts:
            assert AGREEMENT.services_for(signatory.code, front, segments, None, False, day), (signatory.code, front)


def offers(agreement: Agreement, *, import_: bool, day: date = date(2026, 11, 23)) -> list[str]:
    found = agreement.services_for("aice", "assistance", ["light_presence"], "CN", import_, day)
    return [service.code for service in found]


def test_a_service_is_named_for_the_need_that_it_is_for() -> None:
    assert offers(AGREEMENT, import_=False) == ["aice_assistance"]
    assert offers(AGREEMENT, import_=True) == ["aice_import"]
    assert offers(AGREEMENT, import_=True, day=date(2017, 6, 6)) == []


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"segments": ("consolidating",)}, False),
        ({"segments": ("light_presence", "consolidating")}, True),
        ({"markets": ("US",)}, False),
        ({"markets": ("US", "CN")}, True),
        ({"last": date(2026, 11, 22)}, False),
        ({"last": date(2026, 11, 23)}, True),
        ({"front": "information"}, False),
        ({"partner": "cna"}, False),
    ],
)
def test_a_service_is_kept_to_its_limits(limits: dict[str, object], named: bool) -> None:
    services = tuple(one.model_copy(update=limits) if one.code == "aice_import" else one for one in AGREEMENT.services)
    agreement = AGREEMENT.model_copy(update={"services": services})
    assert (offers(agreement, import_=True) == ["aice_import"]) is named


def test_a_service_limited_to_markets_fits_a_need_that_names_none() -> None:
    service = next(one for one in AGREEMENT.services if one.code == "aice_import")
    assert service.model_copy(update={"markets": ("US",)}).fits("assistance", ["light_presence"], None, True)


def test_strategic_markets_are_those_of_the_day() -> None:
    assert "US" in AGREEMENT.markets_on(date(2026, 11, 23))
    assert AGREEMENT.markets_on(date(2017, 6, 6)) == frozenset()
