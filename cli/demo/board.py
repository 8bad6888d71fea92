"""The live board: the doors with what has passed them, two firms on their way, the partners, the last events.

At most 100 columns and 30 rows, readable from 80 by 24 on; a line that is too long is cut, none is broken. Colour only
says again what words say, so nothing is lost without it.
"""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cli.demo.heroes import Heroes
from cli.demo.hops import Hop
from cli.demo.ledger import Ledger, Line
from cli.demo.routes import Said
from cli.demo.stores import View
from cli.output import plain
from shared.agreement import Agreement

WIDEST, HIGHEST = 100, 30
_FIXED = 20
"""Rows that are always there; the rest is for events."""
STANDS_AFTER = 1.0


class Board:
    """Shown from `__enter__` on; the last picture stays."""

    def __init__(self, console: Console, ledger: Ledger, agreement: Agreement, limit: float) -> None:
        self._console, self._ledger, self._agreement, self._limit = console, ledger, agreement, limit
        self._began = time.monotonic()
        self._heroes = Heroes(ledger, agreement)
        self._speed = _Speed()
        self._passed: dict[str, tuple[int, float]] = {}
        self._glyphs = _Glyphs.of(console)
        self._day = ""
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop", redirect_stderr=False)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, doors: Sequence[Hop], view: View, note: str = "") -> None:
        """The picture of this moment; `note` is a line about something that is amiss."""
        self._live.update(self.picture(doors, view, note, time.monotonic()), refresh=True)

    def turn(self, day: str) -> None:
        """Another day has come: it stands at the head from now on."""
        self._day = day
        self._ledger.lines.append(Line(time.monotonic(), "", day, "bold magenta"))

    def picture(self, doors: Sequence[Hop], view: View, note: str, now: float) -> Group:
        """All lines, as wide and high as the terminal allows."""
        width = min(self._console.width, WIDEST) - 1
        height = min(self._console.height, HIGHEST) - 1
        lines = [self._head(now, width), Text()]
        lines += self._doors(doors, width, now)
        lines += [Text(plain(note), style="bold red") if note else Text()]
        for one in self._heroes.shown(view, now):
            lines += [Text(one.who, style="bold"), self._way(one.stations, one.done, width)]
        lines += [Text()] * (len(lines) < 11) * (11 - len(lines))
        lines += [Text(), *self._partners(width), Text()]
        lines += self._events(now, max(2, min(8, height - _FIXED)))
        for line in lines:
            line.truncate(width, overflow=self._glyphs.cut)
        return Group(*lines)

    def _head(self, now: float, width: int) -> Text:
        script = self._ledger.script
        what = self._day or f"{len(script.roles)} firms, 12 partners, seed {script.seed}"
        left = Text(" Portolano ", style="bold reverse") + Text(f" {what}", style="bold magenta" if self._day else "")
        rate = self._speed.of(len(self._ledger.kept), now)
        right = f"{rate:4.0f} records/s   {now - self._began:4.1f} s of {self._limit:.0f}"
        return left + Text(right.rjust(max(1, width - len(left))))

    def _doors(self, doors: Sequence[Hop], width: int, now: float) -> list[Text]:
        arrow = f" {self._glyphs.arrow} "
        room = (width - len(arrow) * (len(doors) - 1)) // len(doors)
        rows = [Text(), Text(), Text(), Text()]
        for index, hop in enumerate(doors):
            if index:
                rows[0].append(arrow, style="dim")
                for row in rows[1:]:
                    row.append(" " * len(arrow))
            full = hop.due > 0 and hop.passed >= hop.due
            filled = room * min(hop.passed, hop.due) // hop.due if hop.due else 0
            rows[0].append(hop.name.ljust(room), style="bold")
            rows[1].append(f"{hop.passed}/{hop.due}".ljust(room), style="green" if full else "")
            rows[2].append(self._glyphs.full * filled, style="green" if full else "cyan")
            rows[2].append(self._glyphs.empty * (room - filled), style="dim")
            long = self._stands(hop, now)
            words = f"{hop.waiting} wait" if long else hop.unit
            rows[3].append(words.ljust(room), style="yellow" if long else "dim")
        return rows

    def _way(self, stations: Sequence[str], done: bool, width: int) -> Text:
        """The stations in a row; where there is no room for all, the earliest go, since the last is where it is now."""
        stations = [plain(station) for station in stations]
        while len(stations) > 2 and 2 + sum(len(station) + 3 for station in stations) > width:
            stations = [self._glyphs.dots, *stations[2 if stations[0] == self._glyphs.dots else 1 :]]
        line = Text("  ")
        for index, station in enumerate(stations):
            last = index == len(stations) - 1
            line.append(f" {self._glyphs.arrow} " if index else "", style="dim")
            line.append(station, style="green" if done else "bold cyan" if last else "")
        return line

    def _stands(self, hop: Hop, now: float) -> bool:
        """Whether firms wait here and nothing has passed for a while; somebody always waits for a moment."""
        passed, since = self._passed.get(hop.name, (-1, now))
        if passed != hop.passed or hop.waiting == 0:
            self._passed[hop.name] = (hop.passed, now)
            return False
        return now - since > STANDS_AFTER

    def _partners(self, width: int) -> list[Text]:
        codes = self._agreement.partners
        half = (len(codes) + 1) // 2
        room = width // 2
        head = f"{'':16}{'told':>5}{'asked':>6}{'yes':>5}{'no':>4}"
        rows = [Text((head.ljust(room) + head).rstrip(), style="dim")]
        for left, right in zip(codes[:half], [*codes[half:], ""], strict=False):
            rows.append(Text(self._partner(left).ljust(room) + (self._partner(right) if right else "")))
        return rows

    def _partner(self, code: str) -> str:
        ledger = self._ledger
        yes, no = ledger.said[code, Said.ACCEPTED], ledger.said[code, Said.REJECTED]
        return f"{code:16}{ledger.told[code]:>5}{ledger.referred[code]:>6}{yes:>5}{no:>4}"

    def _events(self, now: float, most: int) -> list[Text]:
        lines = []
        for line in list(self._ledger.lines)[-most:]:
            told = Text(f"{line.at - self._began:5.1f} s  ", style="dim")
            told.append(f"{line.partner} " if line.partner else "", style="bold")
            lines.append(told.append(plain(line.text), style=line.tone))
        return lines + [Text()] * (most - len(lines))


class _Speed:
    """Records per second over the last two seconds."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def of(self, count: int, now: float) -> float:
        self._seen.append((now, count))
        while len(self._seen) > 2 and self._seen[0][0] < now - 2:
            self._seen.pop(0)
        (then, before), span = self._seen[0], now - self._seen[0][0]
        return (count - before) / span if span > 0.2 and then < now else 0.0


class _Glyphs:
    """Signs that the terminal can show."""

    def __init__(self, full: str, empty: str, arrow: str, dots: str, cut: Literal["ellipsis", "crop"]) -> None:
        self.full, self.empty, self.arrow, self.dots, self.cut = full, empty, arrow, dots, cut

    @classmethod
    def of(cls, console: Console) -> "_Glyphs":
        if console.encoding.lower().replace("-", "") == "utf8":
            return cls("━", "─", "→", "…", "ellipsis")
        return cls("#", ".", ">", "..", "crop")
