"""What a command says, and where: talk goes to stderr, results to stdout, so that stdout can always be piped.

A result is either a table for people or, under `--json`, one JSON document per line for machines. Text that came from a
partner passes `plain` before it reaches a terminal: a firm's name must not be able to move the cursor.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from shared.errors import Trouble

CHECKOUT = Path(__file__).resolve().parent.parent

F = TypeVar("F", bound=Callable[..., object])


def home() -> Path:
    """The directory that holds the system's state: `PORTOLANO_HOME`, else `var/` of the checkout. Not created here."""
    named = os.environ.get("PORTOLANO_HOME")
    return Path(named).expanduser().resolve() if named else CHECKOUT / "var"


def plain(text: object) -> str:
    """`text` on one line and without control characters; what cannot be shown becomes a space."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in str(text))


def say(text: str = "") -> None:
    """One line of talk for the person at the keyboard, on stderr."""
    print(text, file=sys.stderr, flush=True)


def emit(document: object) -> None:
    """`document` as one line of JSON on stdout, flushed, so that a stream is read as it is written.

    Takes what msgspec takes (dicts, dataclasses, Structs, datetimes, UUIDs, enums) and paths.
    """
    line = msgspec.json.encode(document, enc_hook=_path).decode()
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
        line = json.dumps(json.loads(line), separators=(",", ":"))
    print(line, flush=True)


@contextmanager
def written(path: Path, option: str) -> Iterator[None]:
    """Around the writing of a file that a person named with `option`: what the system has against it is a trouble."""
    try:
        yield
    except OSError as error:
        raise Trouble(f"cannot write {path}: {error.strerror}; name another file with {option}") from error


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A plain table on stdout: columns as wide as their widest cell, numbers to the right, `None` as a dash."""
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [bool(cells) and all(_is_number(row[i]) for row in cells) for i in range(len(headings))]
    widths = [max([len(heading), *(len(row[i]) for row in cells)]) for i, heading in enumerate(headings)]
    for row in [list(headings), *cells]:
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(parts).rstrip())
    sys.stdout.flush()


def json_option(command: F) -> F:
    """Adds `--json`; the command receives it as `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="JSON on stdout, for machines.")(command)


def _cell(value: object) -> str:
    return "–" if value is None else plain(value)


def _is_number(cell: str) -> bool:
    return cell == "–" or cell.replace(".", "", 1).replace(",", "").lstrip("-+").isdigit()


def _path(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"no JSON form for {type(value).__name__}")
