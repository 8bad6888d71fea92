"""Mutated events through the reader and the validator of the firms door: none may escape, and memory stays flat.

    python -m tests.prove.fuzz_door --events 200000

Every event starts as a good one of some type and is then damaged: values in the data are replaced by odd ones, bytes of
the text are changed, headers are lost, doubled, emptied. The same seed makes the same events.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import psutil

from shared.contracts.rules import RULES, Problem
from shared.contracts.submissions import DATA, Refusal, Understood
from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUBMITTED, SUCCEEDED
from shared.testing.builders import headers, read_raw, revoked, submitted, tax_code

MOST_GROWTH = 8.0
"""MiB."""
Record = tuple[bytes | None, list[tuple[str, bytes | None]]]

_RICH: dict[str, Any] = {
    "ateco": [{"code": "62.10", "edition": "2025", "main": True}],
    "local_units": [{"province": "MI", "comune": "Milano"}],
    "size": {"year": 2025, "staff": {"min": 1, "max": 9}, "previous": {"year": 2024}, "holdings": [{"kind": "linked"}]},
    "exports": {"years": [{"year": 2025, "share": 0.1, "eur": 7, "markets": ["FR"]}], "mode": "direct", "since": 2001},
    "presence_abroad": [{"country": "DE", "kind": "stake", "share": 0.2}],
    "needs": [{"front": "assistance", "market": "UK", "import": True, "declared_at": "2026-11-01T08:00:00Z"}],
    "contacts": {"pec": "a@b.it", "phone": "+39 02 1"},
    "started_on": "2001-02-03",
    "declared_memberships": ["cna"],
}
GOOD: dict[str, dict[str, Any]] = {
    SUBMITTED: submitted(
        _RICH,
        membership={"active": True, "since": "2019-01-01"},
        consents=[{"to": "any", "purpose": "referral", "given_at": "2026-11-01T08:00:00Z"}],
        reference="crm-7",
    ),
    SUCCEEDED: {
        "codice_fiscale": tax_code(),
        "successor": tax_code(2),
        "kind": "merger",
        "at": "2026-11-01T08:00:00Z",
    },
    REVOKED: revoked("cna", purpose="referral"),
    ERASURE_REQUESTED: {"codice_fiscale": tax_code(), "requested_at": "2026-11-01T08:00:00Z"},
}
_ODD: list[Any] = [
    *(None, True, -1, 0, 1e18, 1e-320, 2**70, "", " ", "IT", "any", "\u00a0", "\0", "\ud800", "x" * 400, "2026-02-30"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "00000000000", "٠٠٧٤٣١١٠١٥٧", [], {}, [[]], [None]),
    *({"min": 2, "max": 1}, {"min": "a"}, {"x": {}}, [{}] * 65, [[[[]]]], {"": {"": None}}, [1, "a", None, {}]),
]
_TEXT = [b"NaN", b"Infinity", b"1e999", b"\xff", b"\\u0000", b"\\ud800", b"[" * 300, b"9" * 5000, b'"', b"}", b"\x00"]


def records(count: int, seed: int = 1) -> Iterator[Record]:
    """As many damaged records; each on its own, so that memory is the reader's and not ours."""
    random = Random(seed)
    kinds = sorted(GOOD)
    for n in range(count):
        kind = random.choice(kinds)
        data = deepcopy(GOOD[kind])
        for _ in range(random.choice([0, 1, 1, 2, 4])):
            _replace(data, random)
        value: bytes | None = _damaged(json.dumps(data, ensure_ascii=random.random() < 0.7), random)
        with_headers = headers(kind, id=f"fuzz-{n}")
        if random.random() < 0.1:
            with_headers, value = _structured(kind, n, value or b"null")
        if random.random() < 0.3:
            _disturb(with_headers, random)
        yield (None if random.random() < 0.01 else value), with_headers


def _replace(data: dict[str, Any], random: Random) -> None:
    """Put something odd in the place of a value, or of a whole part, somewhere in the data."""
    here: Any = data
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


def _damaged(text: str, random: Random) -> bytes:
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    if random.random() < 0.25:
        at = random.randrange(len(raw))
        raw[at : at + random.choice([0, 1, 9])] = random.choice([*_TEXT, random.randbytes(3)])
    if random.random() < 0.02:
        del raw[random.randrange(len(raw)) :]
    return bytes(raw)


def _structured(kind: str, n: int, value: bytes) -> tuple[list[tuple[str, bytes | None]], bytes]:
    event = b'{"specversion":"1.0","id":"fuzz-%d","source":"urn:cna:crm","type":"%s","data":%s}'
    return [("content-type", b"application/cloudevents+json")], event % (n, kind.encode(), value)


def _disturb(some: list[tuple[str, bytes | None]], random: Random) -> None:
    at = random.randrange(len(some))
    name, value = some[at]
    match random.randrange(5):
        case 0:
            del some[at]
        case 1:
            some[at] = (name, None)
        case 2:
            some[at] = (name, random.choice([b"", b"\xff", b"\0", b"x" * 300, b"text/plain", b"0.3"]))
        case 3:
            some.append((name, random.choice([value, b"other", None])))
        case _:
            some.append((random.choice(["ce_time", "reply_to", "traceparent", "ce_\ud7ff"]), b"00-zz"))


def answer(read: Understood | Refusal) -> tuple[Problem, ...]:
    """What the partner would be told; AssertionError where that is no answer."""
    told = read.problems if isinstance(read, Refusal) else read.warnings
    assert not isinstance(read, Refusal) or told, "refused without a reason"
    for one in told:
        assert one.rule in RULES, one.rule
        assert one.message, one
        (one.pointer + one.message).encode()
        assert "\0" not in one.pointer + one.message, one
    return told


def run(count: int, seed: int = 1) -> tuple[Counter[str], float]:
    """Read as many; gives how they ended, and by how many MiB memory grew over the second half."""
    ends: Counter[str] = Counter()
    process = psutil.Process()
    half = 0
    for n, (value, with_headers) in enumerate(records(count, seed)):
        if n == count // 2:
            half = process.memory_info().rss
        read = read_raw(value, with_headers)
        answer(read)
        ends[type(read).__name__] += 1
    return ends, (process.memory_info().rss - half) / (1 << 20)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    assert set(GOOD) == set(DATA), "a type that is read is not fuzzed"
    ends, grown = run(chosen.events, chosen.seed)
    told = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    print(f"{chosen.events} events, none escaped ({told}); memory {grown:+.1f} MiB over the second half")
    return 1 if grown > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
