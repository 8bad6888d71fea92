"""In which order, and at what time, a restored store is to decide again what it had decided. Pure.

All that one transaction says carries the time of its beginning, and each feed has its transactions in the order of
their commits; a partition's records are decided in the order of their offsets. So the records that the store had said
tell which inputs it had decided together, when, and in which order: an event's id follows from its cause, and whoever
has the cause can make the id. Inputs of which nothing was said are put where they came.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import msgspec

from shared.contracts.base import FirmId
from shared.contracts.ids import derive
from shared.feeds.numbers import Partition
from shared.feeds.records import CLOCK, ORDER, Packed


@dataclass(frozen=True, slots=True)
class Own:
    """A record that the store had said: where, its event, its firm, and what it says of a cause that is no record."""

    feed: str
    sequence: int
    generation: str
    record: Packed
    event_id: str
    type: str
    to: str
    at: datetime
    firm_id: FirmId | None
    data: bytes
    clock: int | None = None
    order: bytes | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A record that the store has yet to hear (again): its cause's id, and when it came, as the house tells the
    time."""

    offset: int
    cause_id: str
    came_at: datetime


@dataclass(slots=True)
class Step:
    """One transaction: the inputs of each partition up to an offset, and what was said without any.

    `silent`: nothing was said, and so it is not known when it was, nor whether, if it stands behind all that is
    (`tail`).
    """

    at: datetime
    upto: dict[Partition, int] = field(default_factory=dict)
    words: list[Own] = field(default_factory=list)
    silent: bool = False
    tail: bool = False


class _Data(msgspec.Struct):
    id: str
    type: str
    time: datetime
    data: msgspec.Raw
    partitionkey: str = ""


_document = msgspec.json.Decoder(_Data).decode


def own_record(feed: str, sequence: int, generation: str, record: Packed, prefix: str) -> Own:
    """A record of ours, read; its headers without those of its number."""
    headers = dict(record.headers)
    clock = int(headers[CLOCK]) if CLOCK in headers else None
    if "ce_id" in headers:
        return Own(
            feed=feed,
            sequence=sequence,
            generation=generation,
            record=record,
            event_id=headers["ce_id"].decode(),
            type=headers["ce_type"].decode(),
            to=feed.removeprefix(prefix).split(".")[1],
            at=datetime.fromisoformat(headers["ce_time"].decode()),
            firm_id=headers.get("ce_partitionkey", b"").decode() or None,
            data=record.value,
            clock=clock,
        )
    document = _document(record.value)
    return Own(
        feed=feed,
        sequence=sequence,
        generation=generation,
        record=record,
        event_id=document.id,
        type=document.type,
        to="",
        at=document.time,
        firm_id=document.partitionkey or None,
        data=bytes(document.data),
        clock=clock,
        order=headers.get(ORDER),
    )


def said_of(cause_id: str, by_id: Mapping[str, Own], kinds: Iterable[tuple[str, str]]) -> list[Own]:
    """What was said because of this cause; `kinds` are types and addressees that come into question."""
    found = []
    for kind, to in kinds:
        n = 0
        while (own := by_id.get(derive(cause_id, kind, to, str(n)))) is not None:
            found.append(own)
            n += 1
    return found


def script(own: Sequence[Own], inputs: Mapping[Partition, Sequence[Input]]) -> list[Step]:
    """The steps in their order, up to the last of which anything was said. `own` in the order of each feed."""
    by_id = {one.event_id: one for one in own}
    kinds = sorted({(one.type, one.to) for one in own})
    steps: dict[datetime, Step] = {}
    alone: list[Step] = []
    caused: set[str] = set()
    chains: list[list[Step]] = []
    for partition, records in inputs.items():
        times: list[datetime | None] = []
        for record in records:
            said = said_of(record.cause_id, by_id, kinds)
            caused.update(one.event_id for one in said)
            times.append(min((one.at for one in said), default=None))
        chains.append(_chain(partition, records, times, steps, alone))
    for one in own:
        step = steps.setdefault(one.at, Step(one.at))
        if one.event_id not in caused:
            step.words.append(one)
    by_feed: dict[str, list[Step]] = {}
    for one in own:
        by_feed.setdefault(one.feed, []).append(steps[one.at])
    ordered = _in_order([*steps.values(), *alone], [*chains, *by_feed.values()])
    last = max((n for n, step in enumerate(ordered) if not step.silent), default=-1)
    return ordered[: last + 1]


def _chain(
    partition: Partition,
    records: Sequence[Input],
    times: Sequence[datetime | None],
    steps: dict[datetime, Step],
    alone: list[Step],
) -> list[Step]:
    """The steps that a partition's records belong to, in the order of the records."""
    following: list[datetime | None] = [None] * len(times)
    coming: datetime | None = None
    for n in range(len(times) - 1, -1, -1):
        coming = times[n] or coming
        following[n] = coming
    chain: list[Step] = []
    before: datetime | None = None
    for record, at, next_at in zip(records, times, following, strict=True):
        if at is None and next_at is not None and next_at == before:
            at = next_at  # between two of one transaction
        if at is not None:
            step = steps.setdefault(at, Step(at))
            before = at
        else:
            # A service reads what comes within moments, and what waits in a backlog stands among what was said of it.
            came = record.came_at
            step = Step(max(came, before) if before else came, silent=True, tail=next_at is None)
            alone.append(step)
        step.upto[partition] = record.offset
        chain.append(step)
    return chain


def _in_order(steps: Sequence[Step], chains: Iterable[Sequence[Step]]) -> list[Step]:
    """Every chain in its order, and else by time. Where chains contradict each other the earliest goes on."""
    number = {id(step): n for n, step in enumerate(steps)}
    after: dict[int, set[int]] = {}
    awaits = [0] * len(steps)
    for chain in chains:
        for first, second in pairwise(chain):
            a, b = number[id(first)], number[id(second)]
            if a != b and b not in after.setdefault(a, set()):
                after[a].add(b)
                awaits[b] += 1
    ready = [(step.at, n) for n, step in enumerate(steps) if not awaits[n]]
    heapq.heapify(ready)
    waiting = sorted(((step.at, n) for n, step in enumerate(steps) if awaits[n]), reverse=True)
    done: set[int] = set()
    ordered: list[Step] = []
    while ready or waiting:
        n = heapq.heappop(ready)[1] if ready else waiting.pop()[1]
        if n in done:
            continue
        done.add(n)
        ordered.append(steps[n])
        for m in after.get(n, ()):
            awaits[m] -= 1
            if not awaits[m]:
                heapq.heappush(ready, (steps[m].at, m))
    return ordered
