"""What is shown of a table tells nobody a cell under five. The attacker here has a method of its own: it solves."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.kpi.suppression import LEAST, Cell, Counts, Place, sums
from cli.kpi.suppression import hidden as hidden_in


def hidden(counts: Counts) -> frozenset[Place]:
    """Of one table alone."""
    return hidden_in(counts)[0]


def table(values: list[int], *sizes: int) -> dict[Cell, int]:
    cells = product(*(map(str, range(size)) for size in sizes))
    return dict(zip(cells, values, strict=True))


@st.composite
def tables(draw: st.DrawFn, most: int = 4, highest: int = 14) -> dict[Cell, int]:
    """Up to three axes; small counts and noughts are frequent, for there it is difficult."""
    sizes = draw(st.lists(st.integers(1, most), min_size=1, max_size=3))
    cells = list(product(*(map(str, range(size)) for size in sizes)))
    count = st.one_of(st.just(0), st.integers(1, 4), st.integers(0, highest))
    return dict(zip(cells, draw(st.lists(count, min_size=len(cells), max_size=len(cells))), strict=True))


def places(counts: Counts) -> list[Place]:
    axes = [sorted({cell[axis] for cell in counts}) for axis in range(len(next(iter(counts))))]
    return list(product(*([*axis, None] for axis in axes)))


def within(cell: Cell, place: Place) -> bool:
    return all(wanted in (None, value) for value, wanted in zip(cell, place, strict=True))


def solved(tables: list[Counts], gone: list[frozenset[Place]]) -> set[tuple[int, Place]]:
    """The hidden places that follow from what is shown: those whose sum is a combination of shown sums. That the tables
    count the same things is known as well."""
    cells = [(number, cell) for number, counts in enumerate(tables) for cell in counts]
    rows: list[list[Fraction]] = []

    def reduced(row: list[Fraction]) -> list[Fraction]:
        for known in rows:
            lead = next(n for n, value in enumerate(known) if value)
            if row[lead]:
                factor = row[lead] / known[lead]
                row = [a - factor * b for a, b in zip(row, known, strict=True)]
        return row

    def learn(row: list[Fraction]) -> None:
        if any(left := reduced(row)):
            rows.append(left)

    def equation(number: int, place: Place) -> list[Fraction]:
        return [Fraction(n == number and within(cell, place)) for n, cell in cells]

    for number, counts in enumerate(tables):
        for place in places(counts):
            if place not in gone[number]:
                learn(equation(number, place))
            if number and place[-1] is None:
                learn([a - b for a, b in zip(equation(0, place), equation(number, place), strict=True)])
    return {(n, place) for n, some in enumerate(gone) for place in some if not any(reduced(equation(n, place)))}


@settings(max_examples=300, deadline=None)
@given(tables())
def test_no_hidden_place_follows_from_what_is_shown(counts: dict[Cell, int]) -> None:
    assert solved([counts], hidden_in(counts)) == set()


@st.composite
def families(draw: st.DrawFn) -> list[Counts]:
    """Two tables of the same things, by up to two axes and each by one of its own."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    own = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    found: list[dict[Cell, int]] = [{}, {}]
    for cell in product(*(map(str, range(size)) for size in sizes)):
        first = draw(st.lists(st.integers(0, 8), min_size=own[0], max_size=own[0]))
        left = sum(first)
        for value in range(own[1]):
            count = left if value == own[1] - 1 else draw(st.integers(0, left))
            found[1][(*cell, f"b{value}")] = count
            left -= count
        found[0] |= {(*cell, f"a{value}"): count for value, count in enumerate(first)}
    return [*found]


@settings(max_examples=200, deadline=None)
@given(families())
def test_nothing_follows_from_two_tables_of_the_same_things_beside_each_other(family: list[Counts]) -> None:
    gone = hidden_in(*family)
    assert solved(family, gone) == set()
    one, other = ({place[:-1] for place in some if place[-1] is None} for some in gone)
    assert one == other


@settings(max_examples=300, deadline=None)
@given(tables())
def test_nothing_from_one_to_four_is_shown_and_every_nought_that_hides_nothing_is(counts: dict[Cell, int]) -> None:
    gone, whole = hidden(counts), sums(counts)
    assert {place for place, count in whole.items() if 0 < count < LEAST} <= gone
    if not any(0 < count < LEAST for count in whole.values()):
        assert gone == frozenset()


def others(counts: Counts, gone: frozenset[Place], most: int) -> Iterator[Counter[Place]]:
    """The cells and sums of every table with the same figures where they are shown and no cell above `most`."""
    whole = sums(counts)
    known = {place: whole[place] for place in places(counts) if place not in gone}
    cells: list[Iterable[int]] = [[known[cell]] if cell in known else range(most + 1) for cell in counts]
    for values in product(*cells):
        found = sums(dict(zip(counts, values, strict=True)))
        if all(found[place] == wanted for place, wanted in known.items()):
            yield found


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([(2, 2), (3,)]), st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_who_tries_every_table_cannot_tell_that_a_hidden_place_is_under_five(
    sizes: tuple[int, ...], values: list[int]
) -> None:
    counts = table(values[: prod(sizes)], *sizes)
    gone, whole = hidden(counts), sums(counts)
    possible = list(others(counts, gone, 9))  # the highest drawn, and as much as a shift adds
    assert whole in possible
    for place in gone:
        found = {one[place] for one in possible}
        assert len(found) > 1, place
        assert max(found) >= LEAST, (place, found)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({("a",): 3, ("b",): 7, ("c",): 20}, {("c",), (None,)}),
        ({("a",): 0, ("b",): 7, ("c",): 20}, {("a",), ("b",), ("c",), (None,)}),
        ({("a",): 1, ("b",): 1, ("c",): 1, ("d",): 1, ("e",): 1}, set()),
        ({("a",): 4, ("b",): 4}, {(None,)}),
        ({("a",): 2}, set()),
    ],
)
def test_as_little_is_hidden_as_possible(counts: dict[Cell, int], shown: set[Place]) -> None:
    assert set(places(counts)) - hidden(counts) == shown


def test_of_a_table_with_two_axes_a_rectangle_is_hidden_and_no_sum() -> None:
    counts = table([3, 9, 30, 8, 6, 40, 20, 50, 60], 3, 3)
    assert hidden(counts) == {("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")}


def test_a_cell_that_everybody_knows_to_be_empty_makes_no_place_for_what_is_hidden() -> None:
    counts = table([3, 9, 30, 8, 0, 40], 2, 3, 1)
    empty = ("1", "1", "0")
    assert empty in hidden(counts)
    without = hidden_in(counts, never=lambda cell: cell == ("1", "1"))[0]
    assert empty not in without
    assert {("0", "0", "0"), ("0", "2", "0"), ("1", "0", "0"), ("1", "2", "0")} <= without


def test_the_same_counts_hide_the_same_places_in_any_order() -> None:
    counts = table([3, 9, 30, 8, 6, 40, 2, 50, 60, 0, 1, 5], 2, 3, 2)
    assert hidden(counts) == hidden(dict(reversed(counts.items())))
