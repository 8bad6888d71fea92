"""Figures as tables that people read, and as one document for machines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.explain.languages import LANGUAGES as CODES
from cli.kpi.figures import Asked, Row, Section
from cli.kpi.words import LANGUAGES, word
from cli.output import table
from shared.agreement import Target
from shared.agreement.calendar import ROME

_HIDDEN = "*"
_TIMES = ("days_to_", "held_by_")


def values(sections: Iterable[Section]) -> dict[str, float]:
    """The figures of the whole, by name: what targets are about."""
    return {
        name: value
        for section in sections
        for row in section.rows
        if not any(row.by.values())
        for name, value in row.figures.items()
        if value is not None
    }


def document(sections: Sequence[Section], asked: Asked) -> dict[str, Any]:
    """Everything, for machines. A count that is not to be read is null."""
    found = values(sections)
    return {
        "agreement": asked.agreement.version,
        "at": asked.now,
        "from": asked.period.first,
        "to": asked.period.last,
        "partner": asked.partner,
        "by": asked.by,
        "sections": {one.name: {"rows": one.rows, "withheld": one.withheld} for one in sections},
        "targets": [
            {
                "figure": one.figure,
                "value": found.get(one.figure),
                "at_least": one.at_least,
                "at_most": one.at_most,
                "kept": one.met(found[one.figure]) if one.figure in found else None,
                "basis": one.basis,
            }
            for one in asked.agreement.targets
        ],
    }


def show(sections: Sequence[Section], asked: Asked, language: str) -> None:
    """Everything, in a person's language."""
    paper = _Paper(language)
    paper.head(asked)
    for section in sections:
        paper.section(section)
    paper.targets(asked.agreement.targets, values(sections))
    print(f"\n{paper.say('footer')}")


class _Paper:
    def __init__(self, language: str) -> None:
        self.words: Mapping[str, str] = LANGUAGES[language]
        self.codes = CODES[language]
        self.comma = language == "it"

    def say(self, name: str, **values: object) -> str:
        return word(self.words, name).format(**values)

    def head(self, asked: Asked) -> None:
        print(self.say("view", partner=asked.partner) if asked.partner else self.say("region"))
        days = [self.say("since", day=asked.period.first)] if asked.period.first else []
        days += [self.say("until", day=asked.period.last)] if asked.period.last else []
        at = f"{asked.now.astimezone(ROME):%Y-%m-%d %H:%M:%S}"
        print(f"{', '.join(days) or self.say('every_day')}; {self.say('as_of', at=at)}")
        if asked.by:
            print(self.say("partial", dimensions=", ".join(map(self.say, asked.by))))

    def section(self, section: Section) -> None:
        print(f"\n{self.say(section.name)}")
        if not section.rows:
            print(self.say("nothing"))
            return
        shown = [row for row in section.rows if any(count for count in row.counts.values())]
        dimensions = list(section.rows[0].by)
        counts = list(section.rows[0].counts)
        figures = list(dict.fromkeys(name for row in section.rows for name in row.figures))
        rates = [name for name in figures if not name.startswith(_TIMES)]
        table(
            [*map(self.say, [*dimensions, *counts]), *map(self._heading, rates)],
            ([*self._by(row), *map(_count, row.counts.values()), *self._figures(row, rates)] for row in shown),
        )
        if len(shown) < len(section.rows):
            print(self.say("left_out", count=len(section.rows) - len(shown)))
        times = [name for name in figures if name.startswith(_TIMES)]
        timed = [row for row in shown if any(row.figures.get(name) is not None for name in times)]
        if timed:
            print(f"\n{self.say('times')}")
            table(
                [*map(self.say, [*dimensions, *times])], ([*self._by(row), *self._figures(row, times)] for row in timed)
            )

    def targets(self, targets: Sequence[Target], found: Mapping[str, float]) -> None:
        if not targets:
            return
        print(f"\n{self.say('targets')}")
        rows = []
        for one in targets:
            value = found.get(one.figure)
            bound, least = (one.at_most, False) if one.at_least is None else (one.at_least, True)
            wanted = self.say("at_least" if least else "at_most", bound=self._figure(one.figure, bound))
            kept = None if value is None else self.say("yes" if one.met(value) else "no")
            rows.append((self.say(one.figure), self._figure(one.figure, value), wanted, kept, self.say(one.basis)))
        table([*map(self.say, ("figure", "value", "target", "kept", "basis"))], rows)

    def _by(self, row: Row) -> list[str]:
        return [self.say("all") if value is None else self._code(name, value) for name, value in row.by.items()]

    def _code(self, dimension: str, value: str) -> str:
        if value in ("provisional", "out_of_target"):
            return self.say(value)
        return self.codes.code(value) if dimension in ("segment", "front", "outcome", "from", "to") else value

    def _heading(self, name: str) -> str:
        """Of a share, so that it is not taken for the count of the same."""
        return self.say(name) if name == "equal_share" else f"{self.say(name)} %"

    def _figures(self, row: Row, names: Sequence[str]) -> list[str | None]:
        return [self._figure(name, row.figures.get(name)) for name in names]

    def _figure(self, name: str, value: float | None) -> str | None:
        if value is None:
            return None
        told = f"{value:.1f}" if name.startswith((*_TIMES, "equal")) else f"{value:.1%}"
        return told.replace(".", ",") if self.comma else told


def _count(count: int | None) -> str:
    return _HIDDEN if count is None else str(count)
