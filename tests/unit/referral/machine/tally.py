"""Which cells of the space were tried, and the table that says so."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.unit.referral.machine.table import EVENTS, KINDS, PLACES, SPACE, Cell, Event, Kind, Place, expected
from tests.unit.referral.machine.words import GIVEN, KEPT


@dataclass
class Tally:
    """How often each cell was tried, in how many steps."""

    tried: Counter[Cell] = field(default_factory=Counter)
    missing: dict[tuple[Kind, Place], set[Event]] = field(default_factory=dict)
    assigned: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """(state of a need, whether a person could give it to the chosen partner) -> how often that was tried."""
    steps: int = 0

    def __post_init__(self) -> None:
        for kind, place, event in SPACE:
            self.missing.setdefault((kind, place), set()).add(event)

    def note(self, cell: Cell) -> None:
        self.tried[cell] += 1
        self.missing[cell.kind, cell.place].discard(cell.event)

    @property
    def is_whole(self) -> bool:
        """Whether everything was tried."""
        return not any(self.missing.values()) and not self.left

    @property
    def left(self) -> list[str]:
        """What was not tried, in the order of the space."""
        cells = [
            f"{kind}, {place}: {event}" for kind, place, event in SPACE if not self.tried[Cell(kind, place, event)]
        ]
        return (
            cells
            + [f"a need, {state}: given to a partner" for state in GIVEN if not self.assigned[state, True]]
            + [f"a need, {state}: refused to a partner" for state in (*GIVEN, *KEPT) if not self.assigned[state, False]]
        )

    @property
    def tried_of(self) -> str:
        allowed = [cell for cell in SPACE if expected(cell).is_allowed]
        forbidden = [cell for cell in SPACE if not expected(cell).is_allowed]
        share = 100 * sum(self.tried[cell] > 0 for cell in SPACE) / len(SPACE)
        return f"allowed {self._of(allowed)}, forbidden {self._of(forbidden)}: {share:.4g} %"

    def _of(self, cells: Iterable[Cell]) -> str:
        cells = list(cells)
        return f"{sum(self.tried[cell] > 0 for cell in cells)}/{len(cells)}"

    def lines(self) -> Iterator[str]:
        """The table: a row for each place, a column for each who acts, `allowed + forbidden`; then the sum."""
        actors = list(dict.fromkeys(event.who for event in EVENTS))
        yield f"{'allowed + forbidden':22}" + "".join(f"{who:>18}" for who in actors)
        for place in PLACES:
            yield f"{place!s:22}" + "".join(f"{self._cell(place, who):>18}" for who in actors)
        yield f"each tried for {'; '.join(map(str, KINDS))}"
        given = sum(self.assigned[state, True] > 0 for state in GIVEN)
        kept = sum(self.assigned[state, False] > 0 for state in (*GIVEN, *KEPT))
        yield f"needs that a person gives away: from {given}/{len(GIVEN)} states, refused in {kept}/{len(GIVEN + KEPT)}"
        yield f"{self.tried_of}, in {self.steps} steps"

    def _cell(self, place: Place, who: str) -> str:
        cells = [cell for cell in SPACE if cell.place == place and cell.event.who == who]
        allowed = [cell for cell in cells if expected(cell).is_allowed]
        forbidden = [cell for cell in cells if not expected(cell).is_allowed]
        return f"{self._of(allowed)} + {self._of(forbidden)}"
