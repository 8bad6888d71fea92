"""Whom a partner takes without a membership, and what stays open where a fact is not known."""

from dataclasses import replace
from typing import Any

import pytest

from services.referral.eligibility import facts_of, province_of
from services.referral.receipt import Change, Predicate, Rule, Verdict
from services.referral.routing import route
from services.referral.size import possible_classes
from shared.agreement import Agreement
from shared.contracts.firm import Activity, Figures, Holding, Place, Profile, Range, Size
from tests.unit.referral.builders import ACCORD, UNKNOWN, consent, firm, question


def predicates(profile: Profile, front: str = "assistance", **stated: Any) -> dict[str, Predicate]:
    decision = route(question(front, profile=profile, **stated), ACCORD)
    return {one.partner: one.predicate for one in decision.candidates}


@pytest.mark.parametrize(
    ("profile", "front", "tied"),
    [
        (firm(artisan=True), "assistance", {"confartigianato", "cna"}),
        (firm(artisan=True, province="MI"), "information", {"confartigianato", "cna", "claai"}),
        (firm(province="BG"), "assistance", {"confindustria", "confapi"}),
        (firm(province="MI"), "assistance", {"assolombarda", "confapi"}),
        (firm(province="LO"), "assistance", {"assolombarda", "confapi"}),
    ],
)
def test_equal_candidates_are_tied_by_name(profile: Profile, front: str, tied: set[str]) -> None:
    decision = route(question(front, profile=profile), ACCORD)
    assert decision.tie is not None
    assert set(decision.tie.members) == tied
    assert decision.rule is Rule.TIE
    assert decision.partner in tied
    lost = {one.partner for one in decision.candidates if one.verdict is Verdict.TIE_LOST}
    assert lost == tied - {decision.partner}


@pytest.mark.parametrize(
    ("profile", "front", "only"),
    [
        (firm(staff=400), "assistance", "confindustria"),
        (firm(staff=400, province="MI"), "assistance", "assolombarda"),
        (firm(division="47"), "information", "confcommercio"),
        (firm(division="46"), "assistance", "aice"),
    ],
)
def test_a_single_candidate_is_assigned(profile: Profile, front: str, only: str) -> None:
    decision = route(question(front, profile=profile), ACCORD)
    assert (decision.partner, decision.rule, decision.tie) == (only, Rule.ELIGIBILITY, None)
    assert Change("consent_withdrawn", only) in decision.would_change_it


def test_the_more_specific_body_goes_first_among_candidates_as_well() -> None:
    found = predicates(firm(division="46"))
    assert (found["aice"], found["confcommercio"]) == (Predicate.ELIGIBLE, Predicate.FRONT_NOT_SERVED)
    found = predicates(firm(division="46"), "information")
    assert (found["aice"], found["confcommercio"]) == (Predicate.ELIGIBLE, Predicate.LESS_SPECIFIC)


@pytest.mark.parametrize(
    ("profile", "partner", "predicate"),
    [
        (firm(artisan=True), "confapi", Predicate.ARTISAN),
        (firm(division="47"), "confapi", Predicate.SECTOR),
        (firm(province="MB"), "confindustria", Predicate.PROVINCE),
        (firm(staff=400), "confapi", Predicate.SIZE),
        (firm(artisan=None), "confapi", Predicate.UNKNOWN_ARTISAN),
        (firm(division=None), "confapi", Predicate.UNKNOWN_SECTOR),
        (firm(province=None), "confapi", Predicate.UNKNOWN_PROVINCE),
        (firm(staff=None), "confapi", Predicate.UNKNOWN_SIZE),
    ],
)
def test_the_failing_predicate_is_named(profile: Profile, partner: str, predicate: Predicate) -> None:
    assert predicates(profile)[partner] is predicate


def test_what_is_unknown_enters_what_would_change_it() -> None:
    decision = route(question(profile=firm(staff=None)), ACCORD)
    assert decision.partner == "confindustria"
    assert Change("unknown:size", "confapi") in decision.would_change_it


def test_what_is_unknown_is_not_named_where_another_predicate_fails_for_certain() -> None:
    decision = route(question(profile=firm(artisan=True, staff=None, division=None)), ACCORD)
    assert predicates(firm(artisan=True, staff=None, division=None))["confapi"] is Predicate.ARTISAN
    assert not [change for change in decision.would_change_it if change.fact.startswith("unknown:")]


def test_nobody_takes_a_firm_of_which_nothing_is_known() -> None:
    decision = route(question(profile=UNKNOWN), ACCORD)
    assert (decision.partner, decision.rule) == ("unioncamere", Rule.FALLBACK)


def test_a_candidate_without_consent_is_none_and_its_consent_would_change_it() -> None:
    decision = route(question(profile=firm(), consents=(consent("confapi"), consent("unioncamere"))), ACCORD)
    assert (decision.partner, decision.rule) == ("confapi", Rule.ELIGIBILITY)
    assert Change("consent_given", "confindustria") in decision.would_change_it
    assert Change("consent_given", "cna") not in decision.would_change_it


@pytest.mark.parametrize(
    ("ateco", "divisions"),
    [
        ((Activity(code="25.11"), Activity(code="47.11", main=True)), {("47", "2007"), ("47", "2025")}),
        ((Activity(code="25.11", edition="2007"), Activity(code="26.11", edition="2025")), {("26", "2025")}),
        (
            (Activity(code="25.11", edition="2025"), Activity(code="47.1", edition="2025")),
            {("25", "2025"), ("47", "2025")},
        ),
        (None, set()),
    ],
)
def test_the_main_activity_counts_in_its_newest_edition(
    ateco: tuple[Activity, ...] | None, divisions: set[tuple[str, str]]
) -> None:
    profile = Profile(codice_fiscale="12345670017", ateco=ateco)
    assert set(facts_of(profile, ACCORD.criteria).divisions) == divisions


def test_activities_of_which_some_are_in_the_sector_leave_it_open() -> None:
    both = (Activity(code="25.11", edition="2025"), Activity(code="47.1", edition="2025"))
    profile = firm(division=None)
    found = predicates(Profile(**{n: getattr(profile, n) for n in profile.__struct_fields__} | {"ateco": both}))
    assert found["confapi"] is Predicate.UNKNOWN_SECTOR


UNITS = (Place(province="TO"), Place(province="VA", comune="Varese"), Place(province="SO", comune="Tirano"))


@pytest.mark.parametrize(
    ("seat", "unit", "province"),
    [
        ("BG", "Tirano", "BG"),
        ("RM", "Tirano", "SO"),
        ("RM", "so", "SO"),
        ("RM", "elsewhere", "VA"),
        ("RM", None, "VA"),
        (None, "Tirano", None),
    ],
)
def test_the_province_is_the_seats_and_outside_lombardy_that_of_the_local_unit(
    seat: str | None, unit: str | None, province: str | None
) -> None:
    profile = firm(province=seat, local_units=UNITS)
    assert province_of(profile, unit) == province


@pytest.mark.parametrize(
    ("size", "classes"),
    [
        (None, {"micro", "small", "medium", "large"}),
        (Size(year=2025, staff=9, turnover_eur=2_000_000), {"micro"}),
        (Size(year=2025, staff=9, turnover_eur=9_000_000, balance_sheet_eur=1), {"micro"}),
        (Size(year=2025, staff=10, turnover_eur=1), {"small"}),
        (Size(year=2025, staff=249, turnover_eur=50_000_000), {"medium"}),
        (Size(year=2025, staff=250, turnover_eur=1), {"large"}),
        (Size(year=2025, staff=9), {"micro", "small", "medium"}),  # small_staff is presumed
        (Size(year=2025, staff=Range(min=50, max=249)), {"medium", "large"}),
        (Size(year=2025, staff=9, turnover_eur=1, public_share=0.25), {"large"}),
        (Size(year=2025, staff=9, turnover_eur=1, public_share=Range(max=0.3)), {"micro", "large"}),
        (Size(year=2025, staff=9, turnover_eur=1, autonomous=False), {"micro", "large"}),
        (
            Size(year=2025, staff=300, turnover_eur=1, previous=Figures(year=2024, staff=9, turnover_eur=1)),
            {"micro"},
        ),
        (Size(year=2025, staff=9, turnover_eur=1, holdings=(Holding(kind="linked", staff=300),)), {"large"}),
        (
            Size(
                year=2025,
                staff=9,
                turnover_eur=1,
                holdings=(Holding(kind="partner", staff=100, turnover_eur=1, balance_sheet_eur=1),),
            ),
            {"small", "medium"},
        ),
    ],
)
def test_size_classes_are_those_of_the_recommendation(size: Size | None, classes: set[str]) -> None:
    assert possible_classes(size, ACCORD.criteria) == classes


def test_a_switched_off_presumption_opens_the_size() -> None:
    presumed = ACCORD.criteria.presumptions.model_copy(update={"small_staff": False, "autonomous": False})
    criteria = ACCORD.criteria.model_copy(update={"presumptions": presumed})
    assert "large" in possible_classes(Size(year=2025, staff=9), criteria)
    assert "large" in possible_classes(Size(year=2025, staff=9, turnover_eur=1), criteria)


def without(*steps: str) -> Agreement:
    order = tuple(step for step in ACCORD.routing.order if step not in steps)
    return ACCORD.model_copy(update={"routing": ACCORD.routing.model_copy(update={"order": order})})


def test_the_order_of_the_rules_is_the_agreements() -> None:
    asked = question("finance_and_insurance", profile=firm())
    assert route(asked, ACCORD).rule is Rule.OWNER_OF_FRONT
    assert route(asked, without("owner_of_front")).rule is Rule.FALLBACK
    assert route(question(profile=firm()), without("tie")).rule is Rule.FALLBACK
    assert route(question(profile=firm()), without("eligibility", "tie")).rule is Rule.FALLBACK
    assert route(question(profile=UNKNOWN), without("fallback")).rule is Rule.NOBODY_LEFT


def test_a_need_may_name_the_local_unit_that_counts() -> None:
    outside = firm(province="RM", local_units=UNITS)
    facts = facts_of(outside, ACCORD.criteria)
    assert (facts.province, replace(facts, province=province_of(outside, "Tirano")).province) == ("VA", "SO")
