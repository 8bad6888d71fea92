"""Counts in tables, and what of them may be read. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cli.kpi.suppression import Cell, Place, hidden, nowhere, sums


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by `dimensions` and, last, by the table's own `columns`; `gone` are the places that nobody may read."""

    dimensions: tuple[str, ...]
    columns: tuple[str, ...]
    totals: Mapping[Place, int]
    gone: frozenset[Place]

    def rows(self) -> list[Place]:
        """Values of the dimensions for which anything was counted, None for all: the whole first, then in order."""
        found = {place[:-1] for place in self.totals}
        return sorted(found, key=lambda row: [(value is not None, value or "") for value in row])

    def count(self, row: Place, column: str | None = None) -> int | None:
        """How many, of this column or of all; None where it may not be read."""
        place = (*row, column)
        return None if place in self.gone else self.totals.get(place, 0)


def tabulated(
    dimensions: Sequence[str],
    columns: Sequence[Sequence[str]],
    units: Iterable[tuple[Cell, Cell]],
    never: Callable[[Cell], bool] = nowhere,
) -> list[Table]:
    """Tables that count the same units: of each, its values of the dimensions, and its column in every table. `never`
    tells which values of the dimensions everybody knows not to go together."""
    counts: list[Counter[Cell]] = [Counter() for _ in columns]
    for cell, own in units:
        for counter, column in zip(counts, own, strict=True):
            counter[*cell, column] += 1
    # Every column is there in every table, with nought: what nobody is in can make place for what is to be hidden.
    for counter, names in zip(counts, columns, strict=True):
        for cell in {one[:-1] for one in counter}:
            for name in names:
                counter.setdefault((*cell, name), 0)
    gone = hidden(*counts, never=never)
    return [
        Table(tuple(dimensions), tuple(names), sums(counter), places)
        for names, counter, places in zip(columns, counts, gone, strict=True)
    ]


def share(part: int | None, *whole: int | None) -> float | None:
    """A part of the sum of these; None where one of them may not be read, or there is nothing."""
    if part is None or any(one is None for one in whole):
        return None
    total = sum(one or 0 for one in whole)
    return part / total if total else None
