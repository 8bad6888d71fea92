"""A patch: its head, read; its hunks, applied to a copy of the tree or refused.

The head stands before the first `--- a/`; a value goes on in lines that are indented:

    Breaks: what the product does now, in a sentence
    Promise: 1 2                       numbers of the promises (ARCHITECTURE.md) that this breaks
    Noticed by: tests/….py::test_…     a test that must fail
    Says: part of the failure          what it must fail with; each `Noticed by` has one
    Judge: lost                        where the judge of `make chaos` must see it too: the fault

A hunk is found by its lines, not by its line numbers, and only where they stand exactly once: a patch whose place is
gone or has become ambiguous is refused, so that it cannot come to break something else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_FIELD = re.compile(r"(Breaks|Promise|Noticed by|Says|Judge): +(.*)")


class Misfit(ValueError):
    """A patch that cannot be read, or does not fit the tree."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A test by its node id, and a part of what it fails with."""

    test: str
    says: str


@dataclass(frozen=True, slots=True)
class Patch:
    """One way to break the product. `judge` is the fault that the judge must find, where it can."""

    name: str
    breaks: str
    promises: tuple[int, ...]
    notices: tuple[Notice, ...]
    judge: str | None
    diff: str

    def apply(self, tree: Path) -> list[Path]:
        """Change the files under `tree`; gives those that were changed. Raises `Misfit` and changes nothing where a
        hunk does not stand there exactly once."""
        changed: dict[Path, list[str]] = {}
        for name, old, new in _hunks(self.name, self.diff):
            path = tree / name
            if not path.is_file():
                raise Misfit(f"{self.name}: there is no {name}")
            lines = changed.get(path) or path.read_text().splitlines()
            places = [k for k in range(len(lines) - len(old) + 1) if lines[k : k + len(old)] == old]
            if len(places) != 1:
                raise Misfit(
                    f"{self.name}: in {name} there are {len(places)} places, not one, that read:\n" + _text(old)
                )
            changed[path] = lines[: places[0]] + new + lines[places[0] + len(old) :]
        for path, lines in changed.items():
            path.write_text(_text(lines))
        return list(changed)


def read(path: Path) -> Patch:
    """The patch in a file. Raises `Misfit` where its head lacks something."""
    head, mark, diff = path.read_text().partition("--- a/")
    fields = list(_fields(head))
    told = dict(fields)
    tests = [value for name, value in fields if name == "Noticed by"]
    words = [value for name, value in fields if name == "Says"]
    if not (mark and {"Breaks", "Promise"} <= told.keys() and tests and len(tests) == len(words)):
        raise Misfit(f"{path.name}: Breaks, Promise, and for each Noticed by a Says, then a diff")
    return Patch(
        path.stem,
        told["Breaks"],
        tuple(int(number) for number in told["Promise"].split()),
        tuple(map(Notice, tests, words)),
        told.get("Judge"),
        mark + diff,
    )


def patches() -> list[Patch]:
    """Every patch beside this file, by name."""
    return [read(path) for path in sorted(HERE.glob("*.patch"))]


def _fields(head: str) -> Iterator[tuple[str, str]]:
    joined = re.sub(r"\n +", " ", head)
    for line in filter(None, joined.splitlines()):
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Misfit(f"a head has no such line: {line}")
        yield field[1], field[2].strip()


def _hunks(patch: str, diff: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """File, the lines that stand there, and those that shall."""
    name = ""
    old: list[str] = []
    new: list[str] = []
    for line in [*diff.splitlines(), "@@"]:
        if line.startswith(("@@", "--- a/")) and (old or new):
            yield name, old, new
            old, new = [], []
        match line[:1]:
            case "@":
                continue
            case "-" if line.startswith("--- a/"):
                name = line.removeprefix("--- a/")
            case "+" if line == f"+++ b/{name}":
                continue
            case "-":
                old.append(line[1:])
            case "+":
                new.append(line[1:])
            case " " | "":
                old.append(line[1:])
                new.append(line[1:])
            case _:
                raise Misfit(f"{patch}: this is no line of a diff: {line}")


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
