"""RELIABILITY.md names tests that exist, and one at least for each promise; what it counts is as many."""

import ast
import re
from functools import cache

import pytest

from tests.architecture.tree import ROOT
from tests.chaos.controls.patches import patches
from tests.chaos.tampering import TAMPERINGS

PAGE = (ROOT / "RELIABILITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROMISES = re.split(r"^### (?=\d)", PAGE.split("## What a person can mend")[0], flags=re.MULTILINE)[1:]


@cache
def functions(path: str) -> frozenset[str]:
    """The tests of a file; none where there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > len(PROMISES)
    assert [f"{path}::{test}" for path, test in named if test not in functions(path)] == []


def test_no_test_is_named_in_another_form() -> None:
    assert len(re.findall(r"::test_", PAGE)) == len(NAMED.findall(PAGE))


def test_so_many_controls_and_falsifications_are_told_as_there_are() -> None:
    told = re.findall(r"(\d+)(?= patches)|(?<=each of the )(\d+)(?= is noticed)", PAGE)
    assert [int(first or second) for first, second in told] == [len(patches())] * 2
    assert [int(number) for number in re.findall(r"(\d+) ways to falsify", PAGE)] == [len(TAMPERINGS)]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda text: text.split(".")[0])
def test_every_promise_says_how_it_is_kept_and_which_test_would_fail(promise: str) -> None:
    assert "*How.*" in promise
    assert NAMED.search(promise.partition("*Would fail.*")[2])


def test_the_promises_are_those_of_the_architecture() -> None:
    listed = re.findall(r"^(\d)\. ", (ROOT / "ARCHITECTURE.md").read_text().split("## The promises")[1], re.MULTILINE)
    assert [text[0] for text in PROMISES] == listed
