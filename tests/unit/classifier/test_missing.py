"""What is asked of a provisional firm: as little as settles it, the most telling question first, in words to send."""

import string
from typing import Any

import pytest

from services.classifier.wording import WORDS, Words
from shared.contracts.firm import Exports, ExportYear, Figures, Holding, Intents, Presence, Range, Size
from tests.unit.classifier.builders import LARGE, MARKETS, SMALL, assessed, years

NO_PLANS = Intents(consolidate=False, invest_abroad=False)


def asked(**members: Any) -> list[tuple[str, int | None]]:
    return [(one.pointer, one.year) for one in assessed(**members).missing]


def test_a_settled_firm_is_asked_nothing() -> None:
    assert asked(exports=years(0, 0, 0), presence_abroad=(), size=SMALL) == []


def test_one_unstated_year_is_one_question() -> None:
    assert asked(exports=years(0, 0), presence_abroad=(), size=SMALL, intents=NO_PLANS) == [
        ("/firm/exports/years/-/share", 2023)
    ]


def test_a_year_that_gives_markets_alone_is_asked_for_its_share_where_it_stands() -> None:
    exports = Exports(years=(*(years(0, 0).years or ()), ExportYear(year=2023, markets=("FR",))))
    assert asked(exports=exports, presence_abroad=(), size=SMALL, intents=NO_PLANS) == [
        ("/firm/exports/years/2/share", 2023)
    ]


def test_an_absent_list_is_asked_for_by_its_own_pointer() -> None:
    assert asked(exports=years(0, 0, 0), size=SMALL) == [("/firm/presence_abroad", None)]
    not_yet = Exports(since=2026)
    assert asked(exports=not_yet, presence_abroad=(), size=SMALL, intents=NO_PLANS) == [
        ("/firm/exports/years", year) for year in (2025, 2024, 2023)
    ]


def test_what_cannot_change_the_segment_is_not_asked() -> None:
    """Markets, since and intents are unknown as well; below 10 % none of them matters."""
    assert asked(exports=years(0.02, 0.02, None), presence_abroad=(), size=LARGE, intents=NO_PLANS) == []


def test_only_the_unknown_stake_is_asked_for() -> None:
    presence = (Presence(country="FR", kind="office"), Presence(country="DE", kind="stake"))
    firm = {"exports": years(0.05, 0.05, 0.05), "presence_abroad": presence, "size": SMALL}
    assert asked(**firm, intents=Intents(consolidate=False, invest_abroad=True)) == [
        ("/firm/presence_abroad/1/share", None)
    ]


def test_a_root_makes_the_intent_the_only_question() -> None:
    presence = (Presence(country="FR", kind="subsidiary"),)
    assert asked(exports=years(0.2), presence_abroad=presence) == [("/firm/intents/invest_abroad", None)]


def test_since_is_asked_where_only_the_years_are_open() -> None:
    firm = {"exports": years(0.6, 0.6, 0.6, markets=MARKETS), "presence_abroad": ()}
    assert asked(**firm, intents=Intents(invest_abroad=True)) == [("/firm/exports/since", None)]


def test_markets_are_asked_where_only_their_number_is_open() -> None:
    firm = {"presence_abroad": (), "size": SMALL, "intents": Intents(invest_abroad=False)}
    exports = Exports(
        years=(
            ExportYear(year=2025, share=0.15, markets=("FR", "DE")),
            ExportYear(year=2024, share=0.15, markets=("DE",)),
            ExportYear(year=2023, share=0.15),
        )
    )
    assert asked(exports=exports, **firm) == [("/firm/exports/years/2/markets", 2023)]


def test_every_year_without_a_list_is_asked_for_its_markets() -> None:
    """Ten markets of one year would do; but no answer may leave it open."""
    exports = Exports(years=years(0.6, 0.6, 0.6).years, since=2000)
    assert asked(presence_abroad=(), exports=exports, intents=Intents(invest_abroad=True)) == [
        (f"/firm/exports/years/{k}/markets", 2025 - k) for k in range(3)
    ]


def test_neither_size_nor_presence_is_asked_of_a_firm_that_has_both_ways_to_be_deep() -> None:
    exports = Exports(years=years(0.6, 0.6, 0.6, markets=MARKETS).years, since=2000)
    assert asked(exports=exports) == [("/firm/intents/invest_abroad", None)]


def test_the_size_is_asked_of_the_year_that_decides() -> None:
    no_exports = {"exports": years(0, 0, 0), "presence_abroad": ()}
    one_year = Size(year=2025, staff=100, turnover_eur=60e6)
    assert asked(**no_exports, size=one_year) == [("/firm/size/balance_sheet_eur", 2025)]
    two_years = Size(year=2025, staff=100, turnover_eur=1, previous=Figures(year=2024, staff=100, turnover_eur=60e6))
    assert asked(**no_exports, size=two_years) == [("/firm/size/previous/balance_sheet_eur", 2024)]


def test_a_firm_that_tells_no_size_is_asked_for_three_figures_of_the_last_year() -> None:
    assert set(asked(exports=years(0, 0, 0), presence_abroad=())) == {
        (f"/firm/size/{figure}", 2025) for figure in ("staff", "turnover_eur", "balance_sheet_eur")
    }


def test_a_holding_is_asked_for_what_it_leaves_open() -> None:
    partner = Holding(kind="partner", staff=150, turnover_eur=0, balance_sheet_eur=0)
    linked = Holding(kind="linked", turnover_eur=0, balance_sheet_eur=0)
    size = Size(year=2025, staff=200, turnover_eur=1e6, balance_sheet_eur=1e6, holdings=(partner, linked))
    assert asked(exports=years(0, 0, 0), presence_abroad=(), size=size) == [
        ("/firm/size/holdings/0/share", 2025),
        ("/firm/size/holdings/1/staff", 2025),
    ]


def test_a_firm_that_is_not_autonomous_is_asked_for_its_holdings() -> None:
    size = Size(year=2025, staff=12, turnover_eur=1e6, autonomous=False)
    assert asked(exports=years(0, 0, 0), presence_abroad=(), size=size) == [("/firm/size/holdings", 2025)]


def test_a_public_share_that_straddles_a_quarter_is_asked_for() -> None:
    size = Size(year=2025, staff=12, turnover_eur=1e6, public_share=Range(min=0.2, max=0.3))
    assert asked(exports=years(0, 0, 0), presence_abroad=(), size=size) == [("/firm/size/public_share", None)]


def test_the_question_that_settles_most_comes_first() -> None:
    """250 people settle it whatever the amounts are; an amount settles nothing by itself."""
    assert asked(exports=years(0, 0, 0), presence_abroad=())[0] == ("/firm/size/staff", 2025)


def test_a_question_further_down_the_order_comes_first_if_it_settles_more() -> None:
    """An office settles it (light), no share of 2023 does: sold or not, there might be a subsidiary, or nothing."""
    assert asked(exports=years(0, 0), size=SMALL, intents=NO_PLANS) == [
        ("/firm/presence_abroad", None),
        ("/firm/exports/years/-/share", 2023),
    ]


def test_each_question_stands_in_both_languages_and_names_its_year() -> None:
    for one in assessed().missing:
        assert one.question_it.endswith((".", "?"))
        assert one.question_en.endswith((".", "?"))
        assert one.question_it != one.question_en
        if one.year is not None:
            assert str(one.year) in one.question_it
            assert str(one.year) in one.question_en


@pytest.mark.parametrize("words", Words)
def test_both_languages_have_the_same_blanks_to_fill(words: Words) -> None:
    blanks = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in WORDS[words]]
    assert blanks[0] == blanks[1]
    assert blanks[0] <= {"year", "what"}


def test_every_question_has_its_words() -> None:
    assert set(WORDS) == set(Words)
