"""JSON from strangers, read so that it means one thing; and its canonical form. Pure and total.

The standard library's reader keeps the last of two equal members, takes NaN, makes an infinity of 1e999 and fails on
the 5,000th digit or the 1,000th bracket. Here each of these is a problem with a place, and what is read can be stored:
no NUL, no lone surrogate. A number is what a 64-bit float says it is, so `1.0` and `1` are one number, as in RFC 8785,
which the canonical form follows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring
from typing import NoReturn, TypeAlias

import msgspec

from shared.contracts.rules import MOST_TOLD, Problem, problem

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DEEPEST = 64
"""Levels of nesting that are read."""


@dataclass(frozen=True, slots=True)
class Document:
    """What was read. `value` is None where nothing could be; the problems say why.

    `plain` tells that the text holds nothing whose canonical form differs from what the fast writer writes.
    """

    value: Json
    problems: tuple[Problem, ...] = ()
    plain: bool = False

    def canonical(self, part: Json) -> bytes:
        """RFC 8785 of a part of this document, as UTF-8."""
        return _write_plain.encode(part) if self.plain else canonical(part)


def read(raw: bytes) -> Document:
    """Read one JSON text; all problems of the text at once, as far as it can be read."""
    return _read_plain(raw) or _read_anything(raw)


def _read_plain(raw: bytes) -> Document | None:
    """What nearly all partners write, read three times faster: None where anything about the text is uncommon.

    Every member has a quotation mark and a colon, so that there are at least as many of these as members; where there
    are no more than the members that came out, none stood twice.
    """
    if b"\\" in raw or _APART.search(raw) is not None or raw.count(b"[") + raw.count(b"{") > DEEPEST:
        return None
    try:
        text = raw.decode()
        value: Json = _decode_plain(raw)
    except (UnicodeDecodeError, msgspec.DecodeError):
        return None
    if not text.isascii() and max(text) > "\uffff":
        return None
    members = 0
    pending: list[Json] = [value]
    for one in pending:
        if isinstance(one, str) or one is None:
            continue
        if isinstance(one, dict):
            members += len(one)
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, float):
            if not 1e-4 <= one < _LONG or one.is_integer():
                return None
        elif not -_LONG < one < _LONG:
            return None
    return Document(value, plain=True) if raw.count(b'":') == members else None


def _read_anything(raw: bytes) -> Document:
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return Document(None, (problem("not-utf8", f"byte {error.start} is not UTF-8: send JSON as UTF-8 text"),))
    reader = _Reader()
    try:
        value = reader.read(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return Document(None, (problem("not-json", f"not JSON at {where}: {error.msg}"),))
    except _NoSuchNumber as error:
        return Document(None, (problem("not-json", f"{error} is not JSON: leave an unknown figure out"),))
    except RecursionError:
        return Document(None, (_TOO_DEEP,))
    escaped = "\\u" in text
    suspect = reader.twice or reader.odd or escaped or text.count("[") + text.count("{") > DEEPEST
    problems = tuple(_problems(value)) if suspect else ()
    return Document(None if _TOO_DEEP in problems else value, problems)


def canonical(value: Json) -> bytes:
    """RFC 8785 (JSON Canonicalization Scheme) of a value that `read` gave, as UTF-8."""
    pieces: list[str] = []
    _write(value, pieces)
    return "".join(pieces).encode("utf-8", "surrogatepass")


def pointer(*steps: str | int) -> str:
    """The JSON pointer (RFC 6901) of these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


_TOO_DEEP = problem("json-too-deep", f"nested deeper than {DEEPEST} levels: nothing in the contract is")
_decode_plain = msgspec.json.Decoder().decode
_write_plain = msgspec.json.Encoder(order="sorted")
_APART = re.compile(rb'"\s+:')
_LONG = 10**15
"""Below it a number has at most fifteen digits, and every writer writes it the same."""


class _NoSuchNumber(ValueError):
    """NaN, Infinity, -Infinity."""


class _Twice(dict[str, Json]):
    """An object in which a member stood twice."""


class _Reader:
    """One reading: the standard library's parser, with notes on what it would have passed over."""

    def __init__(self) -> None:
        self.twice = False
        self.odd = False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=self._float,
            parse_constant=self._constant,
        )

    def read(self, text: str) -> Json:
        value: Json = self._decoder.decode(text)
        return value

    def _object(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        self.twice = True
        return _Twice(members)

    def _integer(self, digits: str) -> int | float:
        return int(digits) if len(digits) <= 15 else self._float(digits)

    def _float(self, digits: str) -> int | float:
        number = float(digits)
        if number.is_integer() and abs(number) < 1e21:
            return int(Decimal(repr(number)))  # the shortest digits that mean this float, as ECMAScript writes it
        # Below 1e-4 Python writes exponents where ECMAScript does not; above 1e308 there is nothing left to write.
        self.odd = self.odd or not 1e-4 <= abs(number) < 1e308
        return number

    def _constant(self, name: str) -> NoReturn:
        raise _NoSuchNumber(name)


_Place: TypeAlias = "tuple[_Place, str | int] | None"
"""A place as its holder's place and the last step: to make one costs the same however deep it lies."""


_MAY_BE_WRONG = frozenset({dict, _Twice, list, str, float})
"""There is nothing to be said of the others."""


def _problems(document: Json) -> Iterator[Problem]:
    """No more than an answer lists, and one; that it is too deep is told in any case."""
    left = MOST_TOLD + 1
    for rule, message, place in _faults(document):
        if rule == _TOO_DEEP.rule:
            yield _TOO_DEEP
        elif left:
            left -= 1
            yield problem(rule, message, _printable(place))


def _faults(document: Json) -> Iterator[tuple[str, str, _Place]]:
    """Rule, words and place of what is wrong; the place is spelt by who tells of it."""
    pending: list[tuple[int, _Place, Json]] = [(0, None, document)]
    while pending:
        depth, place, value = pending.pop()
        if depth == DEEPEST and value and isinstance(value, dict | list):
            yield _TOO_DEEP.rule, _TOO_DEEP.message, None
            return
        match value:
            case dict():
                if isinstance(value, _Twice):
                    yield "json-duplicate-member", "a member stands twice in this object: leave one of them", place
                if not all(map(_storable, value)):
                    yield "text-not-storable", "a member's name holds NUL or a lone surrogate", place
                pending += [
                    (depth + 1, (place, name), member)
                    for name, member in value.items()
                    if type(member) in _MAY_BE_WRONG
                ]
            case list():
                pending += [
                    (depth + 1, (place, n), item) for n, item in enumerate(value) if type(item) in _MAY_BE_WRONG
                ]
            case str() if not _storable(value):
                yield "text-not-storable", "the text holds NUL or a lone surrogate: take it out", place
            case float() if abs(value) == float("inf"):
                yield "number-out-of-range", "a number too large for a 64-bit float", place
            case _:
                pass


def _storable(text: str) -> bool:
    """Whether Postgres and UTF-8 take the text."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))


def _printable(place: _Place) -> str:
    """The pointer, fit to be stored and sent even where the names in it are not; bounded."""
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    text = pointer(*reversed(steps)).replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")[:256]


def _write(value: Json, pieces: list[str]) -> None:
    """Into one list for all depths: handed up piece by piece, each would cost as much as it lies deep."""
    match value:
        case dict():
            pieces.append("{")
            for position, name in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))):
                pieces.append(f"{',' if position else ''}{encode_basestring(name)}:")
                _write(value[name], pieces)
            pieces.append("}")
        case list():
            pieces.append("[")
            for position, item in enumerate(value):
                if position:
                    pieces.append(",")
                _write(item, pieces)
            pieces.append("]")
        case str():
            pieces.append(encode_basestring(value))
        case None | True | False:
            pieces.append({None: "null", True: "true", False: "false"}[value])
        case int() | float():
            pieces.append(_number(value))


def _number(value: int | float) -> str:
    """ECMAScript's shortest form: no exponent from 1e-6 up to 1e21, and then without leading zeros."""
    if isinstance(value, int):
        return str(value)
    shortest = repr(value)
    mantissa, _, exponent = shortest.partition("e")
    if not exponent:
        return shortest
    if int(exponent) < -6:
        return f"{mantissa}e{int(exponent)}"
    if int(exponent) < 0:
        sign, digits = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
        return f"{sign}0.{'0' * (-int(exponent) - 1)}{digits.replace('.', '')}"
    return f"{mantissa}e+{int(exponent)}"
