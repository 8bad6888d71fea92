"""A CSV file as rows with numbers. Total: what is wrong with a row is told of that row and never stops the others."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class NotAFile(ValueError):
    """The file as a whole is no table with the columns that are wanted; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Row:
    """The `number`-th row after the header, from 1. `fault` says why its cells cannot be told apart or read."""

    number: int
    cells: Mapping[str, str]
    raw: tuple[str, ...]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns in their order, and its rows; empty lines are none."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)


def read_table(raw: bytes) -> Table:
    """The table in these bytes: UTF-8, comma or semicolon, whichever the header has more of. Raises `NotAFile`."""
    # Bytes that are no text stay recognisable, so that they cost their own row and not the file.
    text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = tuple(name.strip() for name in next(reader))
    except (StopIteration, csv.Error):
        raise NotAFile("it has no header") from None
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise NotAFile(f"its header names {', '.join(doubled)} twice")
    return Table(columns, tuple(_rows(reader, columns)))


def _rows(reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Row]:
    number = 0
    while True:
        try:
            raw = tuple(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield Row(number, {}, (), f"not CSV: {error}")
            continue
        if not raw:
            continue
        number += 1
        yield Row(number, dict(zip(columns, map(str.strip, raw), strict=False)), raw, _fault(raw, len(columns)))


def _fault(raw: tuple[str, ...], wanted: int) -> str | None:
    if len(raw) != wanted:
        return f"has {len(raw)} fields, the header has {wanted}"
    if any("\ud800" <= letter <= "\udfff" or letter == "\0" for cell in raw for letter in cell):
        return "holds bytes that are no UTF-8 text"
    return None
