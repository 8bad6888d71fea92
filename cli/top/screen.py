"""The picture as lines of text: within 80 columns, readable without colour."""

import textwrap
from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from cli.output import plain
from cli.top.flow import Hop, Picture
from cli.top.looks import Books

WIDTH = 79
_GOOD, _BAD, _DIM = "green", "bold red", "dim"


def lines(picture: Picture, reasons: Sequence[str], at: datetime, *, keys: bool) -> list[Text]:
    """What is shown. `reasons`: a line for each part that stands still; `keys`: say how to end it."""
    right = ("q ends it   " if keys else "") + f"{at:%H:%M:%S}"
    left = Text(" Portolano ", style="bold reverse") + Text(f" {_summary(picture)}")
    found = [left + Text(right.rjust(max(1, WIDTH - len(left)))), Text()]
    found += [Text(f"{'':24}{'records/s':>11}{'in all':>14}{'waiting':>12}{'oldest':>12}", style=_DIM)]
    found += [_hop(hop, {standing.hop for standing in picture.stands_still}) for hop in picture.hops]
    titles = ("applied", 9), ("repeated", 9), ("refused", 8), ("discarded", 10), ("held", 6), ("outbox", 7), ("age", 7)
    found += [Text(), Text(f"{'':23}" + "".join(title.rjust(room) for title, room in titles), style=_DIM)]
    found += [_service(name, books, picture.states.get(name, "")) for name, books in picture.services.items()]
    amiss = [*([picture.note] if picture.note else []), *reasons]
    wrapped = [part for line in amiss for part in textwrap.wrap(plain(line), WIDTH, subsequent_indent="  ")]
    return [*found, Text(), *(Text(line, style=_BAD) for line in wrapped)]


def _summary(picture: Picture) -> str:
    away = [name for name, state in picture.states.items() if state != "ready"]
    if away:
        return f"not ready: {', '.join(away)}"
    well = "services ready" if picture.states else "no supervisor here"
    held = sum(books.held + books.queued for books in picture.services.values())
    return f"{well}, {held} held: `portolano held list`" if held else well


def _hop(hop: Hop, standing: set[str]) -> Text:
    waiting = "–" if hop.waiting is None else _count(hop.waiting)
    line = Text(f"{hop.name:24}{hop.rate:>11.1f}{_count(hop.passed):>14}{waiting:>12}{age(hop.oldest_s):>12}")
    if hop.name in standing:
        line.stylize(_BAD)
    elif hop.rate > 0:
        line.stylize(_GOOD, 0, 35)
    return line


def _service(name: str, books: Books, state: str) -> Text:
    line = Text(f"{name:11}")
    line.append(f"{state or '–':12}", style=_GOOD if state == "ready" else _BAD)
    line.append(f"{_count(books.applied):>9}{_count(books.repeated):>9}{_count(books.refused):>8}")
    line.append(f"{_count(books.discarded):>10}")
    line.append(f"{_count(books.held + books.queued):>6}", style=_BAD if books.held else "")
    return line.append(f"{_count(books.outbox):>7}{age(books.outbox_age):>7}")


def age(seconds: float | None) -> str:
    """How long ago, in two figures or so: `0.4 s`, `12 s`, `7 min`, `3 h`, `2 d`."""
    match seconds:
        case None:
            return "–"
        case _ if seconds < 10:
            return f"{max(0.0, seconds):.1f} s"
        case _ if seconds < 120:
            return f"{seconds:.0f} s"
        case _ if seconds < 7200:
            return f"{seconds / 60:.0f} min"
        case _ if seconds < 172_800:
            return f"{seconds / 3600:.0f} h"
        case _:
            return f"{seconds / 86_400:.0f} d"


def _count(number: int) -> str:
    return str(number) if number < 1_000_000 else f"{number / 1e6:.2f}M"
