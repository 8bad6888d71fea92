"""The merged profile leaf by leaf: whose word each is, and how its value reads."""

from typing import Any

import pytest

from cli.explain.english import ENGLISH
from cli.explain.leaves import leaves, told

PROFILE = {
    "name": "Officine di Prova",
    "codice_fiscale": "01234567890",
    "artisan": True,
    "exports": {"years": [{"year": 2025, "share": 0.05}, {"year": 2024, "share": 0}], "mode": "direct"},
    "presence_abroad": [{"country": "DE", "kind": "joint_venture", "share": 0.3}],
    "needs": [{"front": "assistance", "import": True, "market": "AE"}],
}


def test_each_leaf_by_which_a_profile_is_merged_stands_by_itself() -> None:
    assert [leaf.name for leaf in leaves(PROFILE, {})] == [
        "name",
        "artisan",
        "exports of 2025",
        "exports of 2024",
        "exports, mode",
        "abroad, joint venture in DE",
        "asks for assistance, import, AE",
    ]


def test_a_leaf_names_who_says_so_and_who_says_otherwise() -> None:
    said: dict[str, dict[str, Any]] = {
        "cna": {"name": "Officine di Prova", "exports": {"years": [{"year": 2025, "share": 0.05}]}},
        "aice": {"name": "Officine Prova", "artisan": True},
        "claai": {},
    }
    found = {leaf.name: leaf for leaf in leaves(PROFILE, said)}
    assert (found["name"].said_by, found["name"].otherwise) == (("cna",), ("aice",))
    assert found["artisan"].said_by == ("aice",)
    assert found["exports of 2025"].said_by == ("cna",)
    assert found["exports of 2024"].said_by == ()


def test_an_empty_list_is_a_statement() -> None:
    empty = {"codice_fiscale": "01234567890", "presence_abroad": [], "exports": {"years": []}, "needs": []}
    assert [(leaf.name, told(leaf.value, ENGLISH)) for leaf in leaves(empty, {})] == [
        ("exports", "none"),
        ("presence abroad", "none"),
        ("needs", "none"),
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        ([], "none"),
        ({}, "none"),
        (12.0, "12"),
        ({"min": 10, "max": 49}, "10 to 49"),
        ({"min": 10}, "at least 10"),
        ({"max": 49.5}, "at most 49.5"),
        ({"province": "BG", "comune": "Bergamo"}, "province BG, comune Bergamo"),
        ([{"code": "62.01"}, {"code": "45.11"}], "code 62.01; code 45.11"),
        (
            {"year": 2025, "staff": {"min": 10}, "previous": {"year": 2024}},
            "year 2025, staff at least 10, previous (year 2024)",
        ),
        ({"share": 0.05, "markets": ["FR", "DE"]}, "share 0.05, markets FR, DE"),
    ],
)
def test_values_read_as_words(value: object, words: str) -> None:
    assert told(value, ENGLISH) == words
