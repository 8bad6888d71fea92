"""Every figure that decides between segments is the policy's: another policy, another segment."""

from typing import Any

import pytest

from shared.agreement import Criteria
from shared.contracts.firm import Exports, ExportYear, Holding, Intents, Presence, Size
from tests.unit.classifier.builders import IN_FORCE, SMALL, segment_of

NOT_INVESTING = Intents(invest_abroad=False)
INVESTING = Intents(invest_abroad=True)


def sold(share: float, markets: int, *, since: int | None = 2010) -> Exports:
    """The same share of the turnover, in so many markets, in each year of the window."""
    codes = ("FR", "DE", "ES", "US", "CH", "AT", "PL", "CN", "GB", "BE")[:markets]
    return Exports(years=tuple(ExportYear(year=y, share=share, markets=codes) for y in (2025, 2024, 2023)), since=since)


def known(**members: Any) -> dict[str, Any]:
    """A firm of which everything is known that its segment hangs on."""
    return {"exports": sold(0, 0, since=None), "presence_abroad": (), "size": SMALL, "intents": NOT_INVESTING} | members


def sized(staff: int, turnover: float, balance: float, **members: Any) -> Size:
    return Size(year=2025, staff=staff, turnover_eur=turnover, balance_sheet_eur=balance, autonomous=True, **members)


def held(share: float | None) -> Size:
    """Forty people of its own, and a partner enterprise of five hundred of which so much counts."""
    partner = Holding(kind="partner", share=share, staff=500, turnover_eur=0, balance_sheet_eur=0)
    return Size(year=2025, staff=40, turnover_eur=1e6, balance_sheet_eur=1e6, holdings=(partner,))


def with_thresholds(**changes: Any) -> Criteria:
    return IN_FORCE.model_copy(update={"thresholds": IN_FORCE.thresholds.model_copy(update=changes)})


def with_sme(**changes: Any) -> Criteria:
    return IN_FORCE.model_copy(update={"sme": IN_FORCE.sme.model_copy(update=changes)})


def medium(**changes: Any) -> Criteria:
    return with_sme(medium=IN_FORCE.sme.medium.model_copy(update=changes))


DEEP = known(exports=sold(0.5, 10, since=2021), intents=INVESTING)
STAKE = known(
    exports=sold(0.05, 1), intents=INVESTING, presence_abroad=(Presence(country="FR", kind="stake", share=0.1),)
)


@pytest.mark.parametrize(
    ("firm", "before", "other", "after"),
    [
        (
            known(exports=sold(0.1, 3)),
            ("consolidating",),
            with_thresholds(shares=(0.11, 0.25, 0.5)),
            ("light_presence",),
        ),
        (
            known(exports=sold(0.25, 1)),
            ("consolidating",),
            with_thresholds(shares=(0.1, 0.26, 0.5)),
            ("light_presence",),
        ),
        (DEEP, ("highly_experienced",), with_thresholds(shares=(0.1, 0.25, 0.51)), ("consolidating",)),
        (known(exports=sold(0.1, 3)), ("consolidating",), with_thresholds(markets=(4, 10)), ("light_presence",)),
        (DEEP, ("highly_experienced",), with_thresholds(markets=(3, 11)), ("consolidating",)),
        (DEEP, ("highly_experienced",), with_thresholds(years=6), ("consolidating",)),
        (STAKE, ("highly_experienced",), with_thresholds(stake=0.2), ("light_presence",)),
        (
            known(exports=sold(0.3, 3), size=sized(300, 1e8, 1e8)),
            ("consolidating",),
            IN_FORCE.model_copy(update={"large_firms": False}),
            ("out_of_target",),
        ),
        (known(size=sized(249, 1e6, 1e6)), ("no_experience",), medium(staff_below=249), ("out_of_target",)),
        (known(size=sized(9, 5e7, 9e7)), ("no_experience",), medium(turnover_eur=49_999_999), ("out_of_target",)),
        (
            known(size=sized(9, 9e7, 4.3e7)),
            ("no_experience",),
            medium(balance_sheet_eur=42_999_999),
            ("out_of_target",),
        ),
        (
            known(size=Size(year=2025, staff=40, autonomous=True)),
            ("no_experience",),
            with_sme(small=IN_FORCE.sme.small.model_copy(update={"staff_below": 40})),
            ("no_experience", "out_of_target"),
        ),
        (
            known(size=sized(9, 1e6, 1e6, public_share=0.2)),
            ("no_experience",),
            with_sme(public_share=0.2),
            ("out_of_target",),
        ),
        (
            known(size=held(None)),
            ("no_experience", "out_of_target"),
            with_sme(partner_until=0.4),
            ("no_experience",),
        ),
        (known(size=held(None)), ("no_experience", "out_of_target"), with_sme(partner_from=0.45), ("out_of_target",)),
    ],
)
def test_a_figure_of_the_policy_moves_the_border(
    firm: dict[str, Any], before: tuple[str, ...], other: Criteria, after: tuple[str, ...]
) -> None:
    assert segment_of(**firm).possible == before
    assert segment_of(other, **firm).possible == after
