"""Damaged events through every reader: none may escape, none may take long, and memory stays flat.

    python -m tests.prove.fuzz_door --events 1000000
    python -m tests.prove.fuzz_door --only 4711         # that one alone, with everything that is known of it

Four readers are tried: the doors of firms and of updates, the decoders of our own services' feeds (an event is read, or
the record would be held, and nothing else), and below them what takes the broker's batches apart. How long one takes is
told in the processor's time, and as a multiple of what the median input takes for its length: that says the same on
every machine. The slowest are tried three times more, since a machine may be busy.
"""

import argparse
import heapq
import multiprocessing
import statistics
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psutil

from services.classifier.handlers import SUBSCRIPTIONS as CLASSIFIER
from services.notifier.handlers import SUBSCRIPTIONS as NOTIFIER
from services.referral.door import read_update
from services.referral.handlers import SUBSCRIPTIONS as REFERRAL
from services.referral.updates import DATA as UPDATES
from services.referral.updates import Update
from shared.agreement import Versions, load
from shared.contracts.rules import MOST_TOLD, RULES, Problem
from shared.contracts.submissions import DATA, Refusal, Understood
from shared.feeds.failures import Unreadable
from shared.feeds.records import Decoders, numbering_of, traceparent_of
from shared.feeds.speech import Place
from shared.feeds.subscriptions import Letter, On
from shared.feeds.tolerance import Read, Records
from shared.testing.builders import ARRIVED, read_raw
from tests.prove.damage import Written, chance, damaged, good
from tests.prove.wire import Record, batch

MOST_GROWTH = 8.0
"""MiB."""
LONGEST = 0.5
"""Seconds of the processor that one input may take, on any machine."""
MOST_TIMES = 60.0
"""How much more than the median input one may take for its length."""
SUSPECTS = 40
"""Inputs that seemed slowest, or dearest for their length, and are tried again."""
AGAIN = 3
BATCHES = "batches"
TOPICS = (
    *["firms"] * 5,
    *["updates"] * 3,
    "intake.firms.v1",
    "classifier.assessments.v1",
    "referral.events.v1",
    BATCHES,
)
_ACCORD = Versions((load(),))
_HEARD = Decoders(
    tuple(
        {
            event: None
            for table in (CLASSIFIER, REFERRAL, NOTIFIER)
            for one in table
            if isinstance(one, On)
            for event in one.types
        }
    )
)


@dataclass(frozen=True, slots=True)
class Timed:
    """What an input took: seconds of the processor, and as a multiple of the median for its length."""

    seconds: float = 0.0
    times: float = 0.0
    topic: str = ""
    n: int = 0
    size: int = 0

    def __str__(self) -> str:
        return f"({self.size} bytes for {self.topic}, --only {self.n})"


@dataclass(slots=True)
class Found:
    """How the inputs ended, and what they took. `grown` is in MiB, over the second half."""

    ends: Counter[str] = field(default_factory=Counter)
    grown: float = 0.0
    slowest: Timed = field(default_factory=Timed)
    dearest: Timed = field(default_factory=Timed)
    escaped: str | None = None

    def __add__(self, other: "Found") -> "Found":
        return Found(
            self.ends + other.ends,
            max(self.grown, other.grown),
            max(self.slowest, other.slowest, key=lambda one: one.seconds),
            max(self.dearest, other.dearest, key=lambda one: one.times),
            self.escaped or other.escaped,
        )


def written(seed: int, n: int) -> Written:
    """The n-th input, whatever was made before it."""
    random = chance(seed, n)
    topic = random.choice(TOPICS)
    if topic == BATCHES:
        return Written(BATCHES, "", _batch(random, n))
    return damaged(random, topic, n)


def records(count: int, seed: int = 1) -> Iterator[tuple[bytes | None, list[tuple[str, bytes | None]]]]:
    """As many damaged records for a firms topic."""
    for n in range(count):
        one = damaged(chance(seed, n), "firms", n)
        yield one.value, one.as_read()


def _batch(random: Random, n: int) -> bytes:
    """A batch whose inside is damaged: the broker's sum would hold."""
    some = [damaged(random, random.choice(["firms", "updates"]), n) for _ in range(random.randrange(1, 4))]
    raw = bytearray(batch([Record(one.value, one.headers, attributes=random.choice([0, 0, 0x80])) for one in some]))
    inside = len(batch([]))
    for _ in range(random.choice([0, 1, 2, 8])):
        raw[random.randrange(inside, len(raw))] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
    return bytes(raw)


def read(one: Written) -> str:
    """Hand an input to its reader; how it ended. Raises AssertionError where the answer is none, and whatever the
    reader raised and must not."""
    match one.topic:
        case "firms":
            answered = read_raw(one.value, one.as_read())
            answer(answered)
            return type(answered).__name__
        case "updates":
            place = Place("partners.cna.updates.v1", 0, 7)
            update = read_update(Letter("cna", place, ARRIVED, None, one.value, one.as_read()), _ACCORD)
            answer(update)
            return "Update" if update.content is not None else "Refused update"
        case "batches":
            assert one.value is not None
            made = Records(one.value).next_batch()
            offsets = [record.offset for record in made]
            assert offsets == list(range(made.next_offset)), f"the batch has other offsets: {offsets}"
            return "Batch"
        case _:
            record: Any = Read(7, 0, 1, value=one.value, headers=one.as_read())
            headers = tuple(record.headers)
            numbering_of(headers), traceparent_of(headers)
            try:
                return type(_HEARD.read(record)[1]).__name__
            except Unreadable as error:
                str(error).encode()
                return "Held"


def answer(told: Understood | Refusal | Update) -> tuple[Problem, ...]:
    """What the partner would be told; AssertionError where that is no answer."""
    match told:
        case Refusal():
            listed, refused = told.problems, True
        case Update():
            listed, refused = told.problems, told.content is None
        case _:
            listed, refused = told.warnings, False
    assert not refused or listed, "refused without a reason"
    assert len(listed) <= MOST_TOLD + 1, f"{len(listed)} problems are more than an answer holds"
    for one in listed:
        assert one.rule in RULES, one.rule
        assert one.message, one
        (one.pointer + one.message).encode()
        assert "\0" not in one.pointer + one.message, one
    return listed


def run(count: int, seed: int = 1, first: int = 0) -> Found:
    """Read as many, from the `first` on; stops at the first that escapes."""
    found = Found()
    process = psutil.Process()
    half = 0
    typical = _typical(min(count, 2000), seed)
    slow: list[tuple[float, int]] = []
    dear: list[tuple[float, int]] = []
    for n in range(first, first + count):
        if n == first + count // 2:
            half = process.memory_info().rss
        one = written(seed, n)
        begun = time.thread_time()
        try:
            end = read(one)
        except Exception as error:
            found.escaped = f"{type(error).__name__}: {error}"[:300] + f"; again: {again(seed, n)}"
            return found
        took = time.thread_time() - begun
        found.ends[end] += 1
        _note(slow, took, n)
        _note(dear, took / typical(one), n)
    found.grown = (process.memory_info().rss - half) / (1 << 20)
    suspects = [_timed(written(seed, n), n, typical) for n in {n for _, n in (*slow, *dear)}]
    found.slowest = max(suspects, key=lambda one: one.seconds)
    found.dearest = max(suspects, key=lambda one: one.times)
    return found


def _note(most: list[tuple[float, int]], much: float, n: int) -> None:
    """Keep the inputs of which there is most."""
    if len(most) < SUSPECTS:
        heapq.heappush(most, (much, n))
    elif much > most[0][0]:
        heapq.heapreplace(most, (much, n))


def run_in_parts(count: int, seed: int, jobs: int) -> Found:
    """The same by several processes, each with its own share of the numbers."""
    shares = [(count * (k + 1) // jobs - count * k // jobs, seed, count * k // jobs) for k in range(jobs)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        found = Found()
        for part in pool.starmap(run, shares):
            found += part
        return found


class _Typical:
    """What an input of a length takes in the median, in seconds: never less than the median input of its topic."""

    def __init__(self, taken: dict[str, list[tuple[int, float]]]) -> None:
        self._median = {
            topic: (statistics.median(size for size, _ in some), statistics.median(took for _, took in some))
            for topic, some in taken.items()
        }

    def __call__(self, one: Written) -> float:
        size, took = self._median[one.topic]
        return took * max(1.0, _size(one) / max(size, 1))


def _typical(count: int, seed: int) -> _Typical:
    taken: dict[str, list[tuple[int, float]]] = {}
    for n in range(count):
        one = written(seed, n)
        begun = time.thread_time()
        try:
            read(one)
        except Exception:
            continue  # told where all are read
        taken.setdefault(one.topic, []).append((_size(one), time.thread_time() - begun))
    return _Typical(taken)


def _size(one: Written) -> int:
    return len(one.value or b"") + sum(len(name) + len(value or b"") + 2 for name, value in one.headers)


def _timed(one: Written, n: int, typical: "_Typical") -> Timed:
    took = min(_once(one) for _ in range(AGAIN))
    return Timed(took, took / typical(one), one.topic, n, _size(one))


def _once(one: Written) -> float:
    begun = time.thread_time()
    read(one)
    return time.thread_time() - begun


def again(seed: int, n: int) -> str:
    return f"python -m tests.prove.fuzz_door --seed {seed} --only {n}"


def _show(seed: int, n: int) -> int:
    one = written(seed, n)
    print(f"{one.topic} {one.kind}\nvalue   {one.value!r}\nheaders {one.headers!r}")
    try:
        print(f"ended   {read(one)}, {_once(one) * 1e6:.0f} µs")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return 1
    return 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--only", type=int, metavar="N", help="show the N-th input and how it ends, and nothing else")
    chosen = options.parse_args()
    if chosen.only is not None:
        return _show(chosen.seed, chosen.only)
    kinds = {event["type"] for name in ("firms", "updates") for event in good()[name]}
    assert kinds == {*DATA, *UPDATES}, "a type that is read is not fuzzed"
    found = run_in_parts(chosen.events, chosen.seed, chosen.jobs)
    if found.escaped is not None:
        print(f"escaped: {found.escaped}")
        return 1
    told = ", ".join(f"{count} {end}" for end, count in sorted(found.ends.items()))
    print(
        f"{chosen.events} events, none escaped ({told}); memory {found.grown:+.1f} MiB over the second half; the "
        f"slowest took {found.slowest.seconds * 1000:.0f} ms {found.slowest}, the dearest "
        f"{found.dearest.times:.0f} times the median for its length {found.dearest}"
    )
    slow = found.slowest.seconds > LONGEST or found.dearest.times > MOST_TIMES
    return 1 if found.grown > MOST_GROWTH or slow else 0


if __name__ == "__main__":
    sys.exit(main())
