"""What may happen to a referral, as the agreement's text has it: the space that the state machine has to cover.

Independent of the code: of the service nothing is imported here. A place is where a referral stands (on hold: and where
it stood before; `+` where its cancellation was requested), an event is what happens to it there. `expected` says of
each what follows; whatever is no move is forbidden.
"""

from typing import NamedTuple

from tests.unit.referral.machine.words import (
    AGAIN,
    ALONE,
    ANSWERS,
    BACK,
    BY_PERSON,
    CLOCKS,
    ENDS,
    FAILS,
    HOLDS,
    IN_ERROR,
    INFORMS,
    MALFORMED,
    NOT_ACCEPTED,
    OF_THE_FIRM,
    PATH,
    REJECTS,
    REPEATED,
    REUSED,
    WAYS,
)


class Place(NamedTuple):
    """Where a referral stands; `asked` tells whether its cancellation was requested."""

    status: str
    back: str | None = None
    asked: bool = False

    @property
    def is_open(self) -> bool:
        return self.status in PATH or self.status == "on_hold"

    @property
    def is_begun(self) -> bool:
        return self.status in ("in_progress", "on_hold")

    def __str__(self) -> str:
        return self.status + (f"<{self.back}" if self.back else "") + ("+" if self.asked else "")


class Event(NamedTuple):
    """Who acts, and what is said or done."""

    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.who}: {self.what}"


class Follows(NamedTuple):
    """What follows: it `moves` to a status, `note`, `ends` or `asks` by the hub, `rings`, `errs`, `answers`;
    or, all of them
    forbidden, `same`, `behind`, `repeated`, `refused` (by a rule), `nothing`."""

    what: str
    of: str = ""

    @property
    def is_allowed(self) -> bool:
        return self.what in ("moves", "note", "ends", "asks", "rings", "errs", "answers")


_WAYS = {said: tuple(places) for said, *places in (line.split() for line in WAYS.strip().splitlines())}
_HEAD, *_ROWS = (line.split() for line in ENDS.strip().splitlines())
_ENDS = {(why, status): end for why, *ends in _ROWS for status, end in zip(_HEAD, ends, strict=True)}
REASONS = tuple(why for why, *_ in _ROWS)

_CLOSED = ("rejected", "completed", "failed", "cancelled", "entered_in_error")
PLACES = (
    *(Place(status) for status in PATH),
    *(Place("on_hold", back) for back in BACK),
    *(Place(status) for status in _CLOSED),
    *(Place(status, None, True) for status in BACK),
    *(Place("on_hold", back, True) for back in BACK),
    *(Place(status, None, True) for status in _CLOSED),
)
"""Accepted with a cancellation requested is where a hold ends that was asked to be ended."""

SAID = (
    *(("received", ""), ("accepted", ""), ("in_progress", ""), ("completed", ""), ("cancellation_confirmed", "")),
    *(("rejected", code) for code in REJECTS),
    *(("failed", code) for code in FAILS),
    *(("on_hold", code) for code in HOLDS),
)
EVENTS = (
    *(Event("partner", f"{said} {code}".strip()) for said, code in SAID),
    Event("partner", AGAIN),
    *(Event("partner", said) for said in MALFORMED),
    *(Event("partner", said) for said in (REPEATED, REUSED)),
    *(Event("clock", kind) for kind in CLOCKS),
    *(Event("hub", why) for why in REASONS if why != "firm_erased"),
    *(Event("person", why) for why in (*BY_PERSON, IN_ERROR, ALONE)),
    *(Event("firm", heard) for heard in OF_THE_FIRM),
)


class Kind(NamedTuple):
    """What else decides: what the partner is to the need, and whether it is a need for information."""

    role: str
    informs: bool

    def __str__(self) -> str:
        return self.role + (", information" if self.informs else "")


KINDS = (
    Kind("responsible", False),
    Kind("responsible", True),
    Kind("executor", False),
    Kind("supporting", False),
    Kind("supporting", True),
)


class Cell(NamedTuple):
    kind: Kind
    place: Place
    event: Event


def can_happen(cell: Cell) -> bool:
    """Whether the event can be tried there: a hold that stands is said again only where one does, a record that was
    taken can be repeated only where there was one. A need is dropped for whoever is responsible for it, and what stands
    beside goes its way."""
    kind, place, event = cell
    if event.what == "need dropped":
        return kind.role == "responsible"
    if event.what == AGAIN:
        return place.status == "on_hold"
    return event.what not in (REPEATED, REUSED) or place.status != "requested"


def expected(cell: Cell) -> Follows:
    """What follows, by the text."""
    kind, place, event = cell
    match event.who:
        case "partner" if event.what in MALFORMED:
            return Follows("refused", MALFORMED[event.what])
        case "partner" if event.what == REPEATED:
            return Follows("repeated")
        case "partner" if event.what == REUSED:
            return Follows("refused", "id-used-for-other-content")
        case "partner" if event.what == AGAIN:
            return Follows("same")
        case "partner":
            return _said(kind, place, event.what.split()[0])
        case "clock":
            return Follows("rings") if event.what in running(kind, place) else Follows("nothing")
        case "hub":
            return _taken_back(place, event.what)
        case "person" if event.what == IN_ERROR:
            return Follows("errs" if place.status != "entered_in_error" else "refused")
        case "person" if event.what == ALONE:
            return Follows("refused")
        case "person":
            return Follows("refused") if place.asked else _by_person(place, event.what)
        case _ if event.what in ANSWERS:
            return Follows("answers" if place.status == "completed" and kind.role != "supporting" else "nothing")
        case _ if event.what == "need dropped" and place.status not in NOT_ACCEPTED:
            return Follows("nothing")
        case _:
            why = OF_THE_FIRM[event.what]
            return _taken_back(place, why) if why is not None else Follows("nothing")


def _said(kind: Kind, place: Place, said: str) -> Follows:
    if said == "cancellation_confirmed":
        if not place.asked or not (place.is_open or place.status == "cancelled"):
            return Follows("refused", "status-not-possible")
        return Follows("moves", "cancelled") if place.is_open else Follows("same")
    if said == place.status == "in_progress":
        return Follows("note")
    if said == place.status and said != "on_hold":
        return Follows("same")
    here = place.status + (f"<{place.back}" if place.back else "")
    if here in _WAYS[said]:
        return Follows("moves", said)
    if kind.informs and said == "completed" and here in INFORMS:
        return Follows("moves", said)
    where = place.back or place.status
    if place.is_open and said in PATH and PATH.index(said) < PATH.index(where):
        return Follows("behind")
    return Follows("refused", "status-not-possible")


def _taken_back(place: Place, why: str) -> Follows:
    """What was asked for once is not asked for again; what was not begun, or is no more, ends at once."""
    end = _ENDS.get((why, place.status), "-")
    if end == "-" or (end == "asks" and place.asked):
        return Follows("nothing")
    return Follows(end, why)


def _by_person(place: Place, why: str) -> Follows:
    follows = _taken_back(place, why)
    return follows if follows.is_allowed else Follows("refused")


def running(kind: Kind, place: Place) -> list[str]:
    """The clocks that may run there. Nothing is awaited of a supporting body."""
    if kind.role == "supporting":
        return []
    return [
        clock
        for clock, where in CLOCKS.items()
        if ((place.asked and place.is_open) if clock == "cancellation" else place.status in where)
        and not (place.asked and clock in ("remind", "escalate"))
    ]


SPACE = tuple(
    cell for kind in KINDS for place in PLACES for event in EVENTS if can_happen(cell := Cell(kind, place, event))
)
