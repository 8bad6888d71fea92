"""Good events, damaged: in the data, in the text, in the bytes, in the envelope. The same seed damages the same way.

The good ones are the golden events. What is done to one comes from a generator of its own, made of seed and number, so
that a single one can be made again without those before it.
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from cli.contracts.export import FOLDER, golden_events

Headers = list[tuple[bytes, bytes | None]]
STRUCTURED = b"application/cloudevents+json"
DOORS = ("firms", "updates")
SURROGATES = "surrogatepass"


@dataclass(slots=True)
class Written:
    """What lies on a topic. `topic` is `firms`, `updates` or an internal topic's name; `kind` the type that it was
    before it was damaged."""

    topic: str
    kind: str
    value: bytes | None
    headers: Headers = field(default_factory=list)

    def as_read(self) -> list[tuple[str, bytes | None]]:
        """The headers as the reader hands them on: names that are no text are escaped."""
        return [(name.decode("utf-8", "backslashreplace"), value) for name, value in self.headers]


@cache
def good(folder: Path = FOLDER) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Golden events by topic: the two doors, and each internal topic by its name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for events in golden_events(folder).values():
        for event in events:
            parts = event["topic"].split(".")
            name = parts[2] if parts[0] == "partners" else event["topic"]
            if name in DOORS or parts[0] != "partners":
                found.setdefault(name, []).append(event)
    return found


def chance(seed: int, n: int) -> Random:
    """What decides about the n-th input, whatever was made before it."""
    return Random(f"{seed}/{n}")


def damaged(random: Random, topic: str, n: int, data: Mapping[str, Any] | None = None) -> Written:
    """A golden event of this topic, damaged here and there, or not at all; `data` in the place of a door's own."""
    event = random.choice(good()[topic])
    value = deepcopy(event["value"] if data is None else data)
    for _ in range(random.choice([0, 1, 1, 2, 4])):
        _replace(value, random)
    text = json.dumps(value, ensure_ascii=random.random() < 0.7)
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        text = _respelt(text, random)
    if random.random() < 0.001:
        text = _lengthened(text, random)
    raw: bytes | None = _rewritten(text, random)
    headers: Headers = [(name.encode(), str(held).encode()) for name, held in event["headers"].items()]
    if topic in DOORS:
        headers = [(name, b"fuzz-%d" % n if name == b"ce_id" else held) for name, held in headers]
        if random.random() < 0.15:
            headers, raw = _structured(event["type"], n, raw or b"null", random)
    if random.random() < 0.3:
        for _ in range(random.choice([1, 1, 3])):
            _disturb(headers, random)
    return Written(topic, event["type"], None if random.random() < 0.01 else raw, headers)


_ODD: list[Any] = [
    *(None, True, -1, 0, 1e18, 1e-320, 2**70, "", " ", "IT", "any", "\u00a0", "\0", "\ud800", "x" * 400, "2026-02-30"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "00000000000", "٠٠٧٤٣١١٠١٥٧", [], {}, [[]], [None]),
    *({"min": 2, "max": 1}, {"min": "a"}, {"x": {}}, [{}] * 65, [[[[]]]], {"": {"": None}}, [1, "a", None, {}]),
    *("‮", "a\u0300", "\U0001f600" * 100, "2026-01-01T00:00:00Z", "00000000-0000-5000-8000-000000000001", 1e300, -0.0),
]


def _replace(data: Any, random: Random) -> None:
    """Put something odd in the place of a value, or of a whole part, somewhere in the data."""
    here = data
    while True:
        keys: list[Any] = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = random.choice(keys)
        inner = here[key]
        if not isinstance(inner, dict | list) or random.random() < 0.3:
            here[key] = deepcopy(random.choice(_ODD))
            return
        here = inner


_TOKENS = ["NaN", "Infinity", "-Infinity", "1e999", "-1E+400", "1e-400", "-0", "-0.0", "01", "1.", ".5", "0x10", "1_0"]
_TOKENS += ["9" * 5000, "0." + "1" * 3000, "1e-7", "9007199254740993", '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"']
_TOKENS += [
    '"\\ud83d\\ude00"',
    "True",
    "null",
    "undefined",
    "''",
    '"\t"',
    '"\\x41"',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
]
_DEEPEST = (60, 63, 64, 65, 200, 3000)
_LONGEST = (65, 300, 2000)


def _respelt(text: str, random: Random) -> str:
    """Other JSON, or none any more: what stood behind some colon is another token, or everything is told twice."""
    at = random.choice([place for place, letter in enumerate(text) if letter == ":"] or [0]) + 1
    end = min((found for mark in ",}]" if (found := text.find(mark, at)) > 0), default=len(text))
    match random.randrange(6):
        case 0:
            deep = random.choice(_DEEPEST)
            token = random.choice(["[", '{"a":']) * deep + "0" + random.choice(["]", "}", ""]) * deep
        case 1:
            token = "[" + ",".join([random.choice(["0", "1e-7", "{}", '"x"', "[]"])] * random.choice(_LONGEST)) + "]"
        case 2:
            names = random.choice(["a", "\\u00e9", "\\u0000", "\\ud800", " "])
            token = "{" + ",".join(f'"{names}{k % 50}":{k}' for k in range(random.choice(_LONGEST))) + "}"
        case 3:
            return text.replace("{", '{"id":"twice","data":{},"firm":1,', 1)
        case _:
            token = random.choice(_TOKENS)
    return text[:at] + token + text[end:]


_MANY = ["1e999", "1e-7", "0", "{}", '{"a":1,"a":2}', "[[]]", '"\\u0000"', '"\\ud800"', '{"unknown":1}', "null", '"x"']
FULL = 250_000


def _lengthened(text: str, random: Random) -> str:
    """As long as a record may be, of what is dear to read: one thing again and again, in a list, an object or deep."""
    at = random.choice([place for place, letter in enumerate(text) if letter == ":"] or [0]) + 1
    token = random.choice(_MANY)
    match random.randrange(3):
        case 0:
            many = "[" + ",".join([token] * (FULL // (len(token) + 1))) + "]"
        case 1:
            many = "{" + ",".join(f'"member {k}":{token}' for k in range(FULL // (len(token) + 16))) + "}"
        case _:
            many = "[" * 55 + ",".join([token] * (FULL // (len(token) + 1))) + "]" * 55
    return text[:at] + many + text[at:].replace(text[at:].partition(",")[0], "", 1)


_BYTES = [
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\x00",
    b'"',
    b"}",
    b"\\u0000",
    b"\\ud800",
    b"[" * 300,
]
_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "latin-1", "cp1252")


def _rewritten(text: str, random: Random) -> bytes:
    """The text as bytes; of another encoding, with bytes of its own among them, or cut off."""
    if random.random() < 0.02:
        return text.encode(random.choice(_ENCODINGS), "replace")
    raw = bytearray(text.encode("utf-8", SURROGATES))
    if random.random() < 0.25:
        at = random.randrange(len(raw))
        raw[at : at + random.choice([0, 1, 9])] = random.choice([*_BYTES, random.randbytes(3)])
    if random.random() < 0.02:
        del raw[random.randrange(len(raw)) :]
    return bytes(raw)


def _structured(kind: str, n: int, value: bytes, random: Random) -> tuple[Headers, bytes]:
    event = b'{"specversion":"1.0","id":"fuzz-%d","source":"urn:cna:crm","type":"%s","data":%s}' % (
        n,
        kind.encode(),
        value,
    )
    if random.random() < 0.2:
        attribute, held = (
            random.choice([b"id", b"type", b"source", b"specversion", b"time", b"data_base64"]),
            random.choice([b"null", b"5", b"[]", b'"\\u0000"', b'"\\ud800"', b'""', b'"x"', b'"2026-02-30T00:00:00Z"']),
        )
        event = event.replace(b"{", b'{"%s":%s,' % (attribute, held), 1)
    return [(b"content-type", STRUCTURED + random.choice([b"", b"; charset=utf-8", b";" + b" " * 50]))], event


_HELD = [
    b"",
    b"\xff",
    b"\0",
    b"x" * 300,
    b"text/plain",
    b"0.3",
    b"application/json",
    STRUCTURED,
    b"it.portolano.nothing.v1",
]
_NAMES = [
    b"ce_time",
    b"reply_to",
    b"traceparent",
    b"ce_\xed\x9f\xbf",
    b"\xff\xfe",
    b"",
    b"ce_",
    b"CE_ID",
    b"Content-Type",
]
_NAMES += [b"ce_sequence", b"ce_generation", b"ce_\x00", b"x" * 500]


def _disturb(some: Headers, random: Random) -> None:
    at = random.randrange(len(some)) if some else 0
    name, value = some[at] if some else (b"", None)
    match random.randrange(6):
        case 0:
            del some[at : at + 1]
        case 1:
            some[at : at + 1] = [(name, None)]
        case 2:
            some[at : at + 1] = [(name, random.choice(_HELD))]
        case 3:
            some.append((name, random.choice([value, b"other", None])))
        case 4 if random.random() < 0.05:
            some += [(random.choice(_NAMES), None)] * random.choice([100, 255, 300, 2000])
        case _:
            some.append((random.choice(_NAMES), random.choice([b"00-zz", None, b"9" * 5000, *_HELD])))
