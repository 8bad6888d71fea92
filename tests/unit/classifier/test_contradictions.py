"""What a profile says against itself is named, and nothing is corrected."""

from datetime import date
from typing import Any

import pytest

from shared.contracts.firm import Exports, ExportYear, Range, Size
from tests.unit.classifier.builders import IN_FORCE, segment_of, years


@pytest.mark.parametrize(
    ("members", "warning"),
    [
        (
            {"exports": Exports(years=(ExportYear(year=2025, share=0, eur=5),))},
            "exports 2025: share and amount disagree about being zero",
        ),
        (
            {"exports": Exports(years=(ExportYear(year=2025, share=Range(min=0.1), eur=0),))},
            "exports 2025: share and amount disagree about being zero",
        ),
        (
            {"exports": Exports(years=years(0, 0, 0).years, mode="direct")},
            "exports: mode is direct, the figures of all years are zero",
        ),
        (
            {"exports": Exports(years=years(0, 0, 0).years, mode="occasional")},
            "exports: mode is occasional, the figures of all years are zero",
        ),
        ({"exports": Exports(years=years(0.2).years, mode="none")}, "exports: mode is none, the figures are not zero"),
        ({"exports": Exports(years=years(0.2).years, since=2026)}, "exports: since is later than a year with exports"),
        ({"exports": years(0.2), "started_on": date(2026, 1, 1)}, "exports 2025: sales before the start of business"),
        (
            {"artisan": True, "size": Size(year=2025, staff=Range(min=250))},
            "size: an artisan firm with 250 or more staff",
        ),
    ],
)
def test_a_contradiction_is_named(members: dict[str, Any], warning: str) -> None:
    assert segment_of(**members).warnings == (warning,)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"exports": Exports(years=years(0.2, 0.1, 0).years, mode="direct", since=2024)},
        {"exports": Exports(years=years(0, 0).years, mode="direct")},  # 2023 may have had some
        {"exports": Exports(years=(ExportYear(year=2025, share=Range(max=0.2), eur=0),))},
        {"artisan": True, "size": Size(year=2025, staff=Range(min=5, max=300))},
        {"exports": years(0.2), "started_on": date(2025, 12, 31)},
    ],
)
def test_what_can_be_true_is_no_contradiction(members: dict[str, Any]) -> None:
    assert segment_of(**members).warnings == ()


def test_how_many_staff_are_too_many_for_an_artisan_is_the_policys() -> None:
    medium = IN_FORCE.sme.medium.model_copy(update={"staff_below": 100})
    stricter = IN_FORCE.model_copy(update={"sme": IN_FORCE.sme.model_copy(update={"medium": medium})})
    artisan: dict[str, Any] = {"artisan": True, "size": Size(year=2025, staff=100)}
    assert segment_of(**artisan).warnings == ()
    assert segment_of(stricter, **artisan).warnings == ("size: an artisan firm with 100 or more staff",)
