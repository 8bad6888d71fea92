"""Where to go next: to what was not tried yet, else towards it.

What the guide offers depends on what earlier examples have tried, while Hypothesis must get the same choices whenever
it draws the same way. So the guide remembers what it offered after each history of an example, and offers it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.unit.referral.machine.table import EVENTS, KINDS, PLACES, Cell, Event, Kind, Place, can_happen, expected
from tests.unit.referral.machine.tally import Tally


class Step(NamedTuple):
    """An event that happens to the n-th referral of the example."""

    n: int
    event: Event


DETOUR = 5
"""Every so often one goes anywhere, because a way may be barred by what no place tells."""
Standing = Sequence[tuple[Kind, Place]]


@dataclass
class Guide:
    tally: Tally
    _offered: dict[tuple[int, str], list[Step]] = field(default_factory=dict)

    def offer(self, history: int, who: str, standing: Standing, possible: Callable[[Step], bool]) -> list[Step]:
        """What may be done next, for choice: of `who` if there is something to be tried, else of anybody."""
        known = self._offered.get((history, who))
        if known is None:
            known = self._offered[history, who] = self._choose(who, standing, possible)
        return known

    def _choose(self, who: str, standing: Standing, possible: Callable[[Step], bool]) -> list[Step]:
        fresh = [
            step
            for n, where in enumerate(standing)
            if self.tally.missing[where]
            for event in EVENTS
            if event in self.tally.missing[where] and possible(step := Step(n, event))
        ]
        own = [step for step in fresh if step.event.who == who]
        if own or fresh:
            return own or fresh
        leads = [step for step in self._leads(standing) if possible(step)]
        if leads and len(self._offered) % DETOUR:
            return leads
        return [
            step
            for n, (kind, place) in enumerate(standing)
            for event in EVENTS
            if event.who == who and can_happen(Cell(kind, place, event)) and possible(step := Step(n, event))
        ]

    def _leads(self, standing: Standing) -> list[Step]:
        """Steps on a shortest way to a place where something is left to try."""
        found: list[Step] = []
        distances = {kind: self._distances(kind) for kind in {kind for kind, _ in standing}}
        for n, (kind, place) in enumerate(standing):
            if Event("clock", "consent") in self.tally.missing[kind, place]:
                found.append(Step(n, Event("firm", "consent limited")))
            far = distances[kind]
            found += [
                Step(n, event)
                for event, there in _WAYS[kind, place]
                if there in far and far[there] < far.get(place, len(PLACES))
            ]
        return found

    def _distances(self, kind: Kind) -> dict[Place, int]:
        far = {place: 0 for place in PLACES if self.tally.missing[kind, place]}
        ring = list(far)
        while ring:
            ring = [place for place in PLACES if place not in far and not _NEXT[kind, place].isdisjoint(ring)]
            far |= dict.fromkeys(ring, max(far.values(), default=0) + 1)
        return far


def _leads_to(cell: Cell) -> Place | None:
    """Where the event takes a referral that stands there, as far as it leaves its place."""
    _, place, event = cell
    follows = expected(cell)
    match follows.what:
        case "moves":
            return Place(follows.of, place.status if follows.of == "on_hold" else None, place.asked)
        case "ends":
            return Place("cancelled", None, place.asked)
        case "errs":
            return Place("entered_in_error", None, place.asked)
        case "asks":
            return place._replace(asked=True)
        case "rings" if event.what == "hold":
            return Place(place.back or "", None, place.asked)
        case "rings" if event.what in ("consent", "reroute", "cancellation"):
            return Place("cancelled", None, place.asked)
        case _:
            return None


_WAYS = {
    (kind, place): [
        (event, there)
        for event in EVENTS
        if can_happen(cell := Cell(kind, place, event)) and (there := _leads_to(cell)) not in (None, place)
    ]
    for kind in KINDS
    for place in PLACES
}
_NEXT = {where: {there for _, there in ways} for where, ways in _WAYS.items()}
