"""Which cells of tables of counts may be shown, so that nobody computes one under five from the others. Pure.

Tables that count the same things, by the same axes and each by one more of its own (the last), are shown together:
their finest cells, and the sums over each axis and over several. Who reads them may subtract sums from one another,
across tables too, knows that no count is below nought, and knows these rules. Hidden are

- every cell or sum from one to four (nought is about nobody and is shown);
- as many others as it takes that, for every one of these, the tables could be others: with the same figures wherever
  they are shown, and with five or more in the hidden place.

Each hidden place rests on a *shift*: finest cells at the corners of a box, plus and minus in turn, so that every sum
that crosses the box stays what it is; or two corners across, which leave the whole as it is. What a shift changes is
hidden; what stays may be shown. A box that lies across a table's own axis is that table's affair; any other changes how
many things there are somewhere, and so every table. The smallest box is one cell, which changes each sum it is in, up
to the whole: a shift is always found, and of all the one is taken that hides least. (After the hypercube method of D.
Repsilber, used by statistical offices; here sums may be hidden as well.)
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple, TypeAlias

LEAST = 5
"""The smallest count that may be shown, apart from nought."""

_WEIGHT = 4
"""How much dearer a sum is with each axis that it is summed over."""

Cell: TypeAlias = tuple[str, ...]
"""A finest cell: a value for each axis."""
Place: TypeAlias = tuple[str | None, ...]
"""A cell or a sum: None where it is summed over an axis."""


Counts: TypeAlias = Mapping[Cell, int]
Hidden: TypeAlias = set[tuple[int, Place]]
"""The number of a table, and a place in it."""


class _Box(NamedTuple):
    """The cells that go up and those that go down, and whether that changes how many things there are in a cell of
    the axes that all tables have."""

    plus: list[Cell]
    minus: list[Cell]
    shared: bool


def sums(counts: Counts) -> Counter[Place]:
    """Every cell and every sum that is not nought."""
    found: Counter[Place] = Counter()
    for cell, count in counts.items():
        for place in _places(cell):
            found[place] += count
    return found


def nowhere(cell: Cell) -> bool:
    """Any cell might hold something."""
    return False


def hidden(*tables: Counts, never: Callable[[Cell], bool] = nowhere) -> list[frozenset[Place]]:
    """For each table the places that are not to be shown. The same counts always hide the same places.

    Every table is summed up to the same counts over its last axis. `never` tells of a cell of the others whether
    everybody knows that it is empty: then nothing can be thought to be in it. It does not hold of one that is not.
    """
    return _Tables(tables, never).hide()


class _Tables:
    def __init__(self, tables: Sequence[Counts], never: Callable[[Cell], bool]) -> None:
        self.tables = tables
        self.held = {cell[:-1] for counts in tables for cell, count in counts.items() if count}
        self.never = never
        self.sums = [sums(counts) for counts in tables]
        self.axes = [[sorted(set(values)) for values in zip(*counts, strict=True)] for counts in tables]
        self.gone = Hidden()

    def hide(self) -> list[frozenset[Place]]:
        small = [
            (number, place)
            for number, whole in enumerate(self.sums)
            for place, count in whole.items()
            if 0 < count < LEAST
        ]
        self.gone.update(small)
        # Sums before what they are made of, so that what they hide already serves their parts.
        for number, place in sorted(small, key=lambda one: (_depth(one[1]), one[0], [value or "" for value in one[1]])):
            self.gone |= self._cheapest(number, place)
        return [frozenset(place for n, place in self.gone if n == number) for number in range(len(self.tables))]

    def _cheapest(self, number: int, place: Place) -> Hidden:
        """What is changed by the shift that lifts this place to `LEAST` and hides least of what is still shown."""
        amount = LEAST - self.sums[number][place]
        best: tuple[int, Hidden] | None = None
        for box in _boxes(place, self.axes[number]):
            changes = self._shift(number, box, amount)
            if changes is None:
                continue
            price = self._price(changes)
            if best is None or price < best[0]:
                best = price, changes
                if price == 0:
                    break
        assert best is not None, "one cell alone can always be raised"
        return best[1]

    def _shift(self, number: int, box: _Box, amount: int) -> Hidden | None:
        """What changes in all tables; None where a cell would fall below nought, or hold what nobody believes."""
        if any(cell[:-1] not in self.held and self.never(cell[:-1]) for cell in (*box.plus, *box.minus)):
            return None
        if any(self.tables[number].get(cell, 0) < amount for cell in box.minus):
            return None
        changes = {(number, place) for place in _changed(box)}
        if box.shared:
            for other in range(len(self.tables)):
                if other != number:
                    mirrored = self._mirrored(other, box, amount)
                    if mirrored is None:
                        return None
                    changes |= mirrored
        return changes

    def _mirrored(self, number: int, box: _Box, amount: int) -> Hidden | None:
        """The same box in another table, at that value of its own axis where it hides least."""
        found: list[Hidden] = []
        for value in self.axes[number][-1]:
            plus, minus = ([(*cell[:-1], value) for cell in cells] for cells in (box.plus, box.minus))
            if all(self.tables[number].get(cell, 0) >= amount for cell in minus):
                found.append({(number, place) for place in _changed(_Box(plus, minus, shared=True))})
        return min(found, key=self._price, default=None)

    def _price(self, changes: Hidden) -> int:
        """What is lost to the reader: the more the greater a count is, and the more it sums up."""
        return sum(
            (1 + self.sums[number].get(place, 0)) * _WEIGHT ** place.count(None)
            for number, place in changes - self.gone
        )


def _boxes(place: Place, axes: Sequence[Sequence[str]]) -> Iterator[_Box]:
    """Every shift that raises `place`, as what goes up and what goes down: all corners of a box, or two that lie across
    from each other. Its sides lie on axes on which the place has a value, for a side on any other would leave the sum
    as it is."""
    fixed = [axis for axis, value in enumerate(place) if value is not None]
    inside = product(*([value] if value is not None else axes[axis] for axis, value in enumerate(place)))
    for corner in inside:
        for size in range(len(fixed), -1, -1):
            for sides in combinations(fixed, size):
                others = ([value for value in axes[axis] if value != corner[axis]] for axis in sides)
                for opposite in product(*others):
                    turned = dict(zip(sides, opposite, strict=True))
                    last = len(place) - 1
                    yield _Box(*_corners(corner, turned), shared=last not in sides)
                    if size > 1:
                        across = tuple(turned.get(axis, value) for axis, value in enumerate(corner))
                        yield _Box([corner], [across], shared=True)


def _corners(corner: Cell, opposite: Mapping[int, str]) -> tuple[list[Cell], list[Cell]]:
    turned: tuple[list[Cell], list[Cell]] = ([], [])
    for size in range(len(opposite) + 1):
        for sides in combinations(opposite, size):
            cell = tuple(opposite[axis] if axis in sides else value for axis, value in enumerate(corner))
            turned[size % 2].append(cell)
    return turned


def _changed(box: _Box) -> set[Place]:
    """The cells and sums of its table that are another number after the shift."""
    net: Counter[Place] = Counter()
    for cells, sign in ((box.plus, 1), (box.minus, -1)):
        for cell in cells:
            for place in _places(cell):
                net[place] += sign
    return {place for place, change in net.items() if change}


def _places(cell: Cell) -> Iterator[Place]:
    """The cell and all sums that it is in."""
    return product(*((value, None) for value in cell))


def _depth(place: Place) -> int:
    return sum(value is not None for value in place)
