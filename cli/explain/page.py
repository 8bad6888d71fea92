"""The story as a page to be printed: one file, without a script and without anything from elsewhere.

The words are the story's own lines; what a line is decides how it looks. Everything that came from outside is only ever
a value of the template, and is escaped.
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cli.explain.journey import Journey
from cli.explain.story import Kind, Line, tell
from cli.explain.why import Reader
from cli.explain.words import Words

_HERE = Path(__file__).parent


@dataclass(slots=True)
class Entry:
    """A sentence with what stands under it. `head` is its time, or the name of what it tells."""

    kind: str
    head: str
    text: str
    under: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """A heading and its entries; the first part, which tells who the firm is, has the page's title."""

    heading: str
    entries: list[Entry] = field(default_factory=list)


def parts(lines: Iterable[Line]) -> list[Part]:
    """The story's lines as headings, entries and what is under these."""
    found: list[Part] = []
    for line in lines:
        text = line.text.strip()
        if line.kind in (Kind.TITLE, Kind.HEADING):
            if text:
                found.append(Part(text))
            continue
        entries = found[-1].entries
        if line.kind in (Kind.EVENT, Kind.ALARM) or not entries:
            head, gap, rest = text.partition("  ")
            entries.append(Entry(line.kind.value, head if gap else "", (rest if gap else text).strip()))
        else:
            entries[-1].under.append((line.kind.value, text.removeprefix("→").strip()))
    return found


def rendered(journey: Journey, reader: Reader, words: Words, language: str) -> str:
    """The page, made for this reader."""
    templates = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    first, *others = parts(tell(journey, words, reader))
    return templates.get_template("page.html.j2").render(
        first=first,
        parts=others,
        language=language,
        warning=_for_whom(journey, reader, words),
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
    )


def _for_whom(journey: Journey, reader: Reader, words: Words) -> str:
    if reader.partner is not None:
        return words.say("for_partner", partner=reader.partner)
    return words.say("for_firm", firm=journey.name or journey.firm_id) if reader.firm else words.say("for_region")


def write(path: Path, page: str) -> None:
    """For its owner's eyes alone: it holds a firm's data."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fchmod(file.fileno(), 0o600)  # a file that was there keeps the rights that it had
        file.write(page)
