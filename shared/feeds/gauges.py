"""Figures as they are at this moment, for `/metrics`: asked of the broker, the store and the parts of the runtime when
somebody scrapes. Every question has a limit; what does not answer is left out, and that is a figure as well."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.feeds import store
from shared.postgres.pool import Pool
from shared.telemetry import names
from shared.telemetry.metrics import Sample

if TYPE_CHECKING:
    from shared.feeds.runtime import Feeds

LIMIT = 2.0
"""Seconds that one question may take."""
SOON = timedelta(hours=24)
Gauge = Callable[[Pool], Awaitable[Iterable[Sample]]]
"""A service's own figures, read from its store."""


async def read(feeds: "Feeds[Any]", more: Sequence[Gauge] = ()) -> list[Sample]:
    """All figures that could be had, and one for each part that did not answer."""
    parts: list[tuple[str, Callable[[], Awaitable[Iterable[Sample]]]]] = [
        ("broker", lambda: _lag(feeds)),
        ("outbox", lambda: _outbox(feeds.pool)),
        ("held", lambda: _held(feeds.pool)),
        ("timers", lambda: _timers(feeds)),
        *((f"own {n}", lambda gauge=gauge: gauge(feeds.pool)) for n, gauge in enumerate(more, 1)),
    ]
    answers = await asyncio.gather(*[_limited(ask) for _, ask in parts])
    samples = list(_at_hand(feeds))
    for (part, _), answer in zip(parts, answers, strict=True):
        samples.append(Sample(names.UNREAD, float(answer is None), {"part": part}))
        samples += answer or ()
    return samples


async def _limited(ask: Callable[[], Awaitable[Iterable[Sample]]]) -> list[Sample] | None:
    try:
        async with asyncio.timeout(LIMIT):
            return list(await ask())
    except Exception:
        return None


def _at_hand(feeds: "Feeds[Any]") -> Iterable[Sample]:
    relay = feeds.relay.state()
    yield Sample(names.RELAY_FEEDS, relay["held"], {"state": "held"})
    yield Sample(names.RELAY_FEEDS, relay["aside"], {"state": "aside"})
    yield Sample(names.RELAY_IDLE, feeds.relay.stuck_for())
    yield Sample(names.GAPS, feeds.reader.gaps)
    yield Sample(names.STOPPED, len(feeds.assignment.stopped))
    yield Sample(names.BROKEN, len(feeds.assignment.broken))
    yield Sample(names.ALARMS, len(feeds.alarms.all()))
    yield Sample(names.SPANS_DROPPED, feeds.tracing.dropped if feeds.tracing else 0)


async def _lag(feeds: "Feeds[Any]") -> Iterable[Sample]:
    mine = feeds.assignment.partitions
    if feeds.assignment.consumer is None or not mine:
        return ()
    bounds = await feeds.assignment.consumer.bounds(mine)
    now = time.monotonic()
    feeds.lag.reach({key: end for key, (_, end) in bounds.items()}, now)
    positions = await store.read_positions(feeds.pool, mine)
    records: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for key, (begin, end) in bounds.items():
        source, position = feeds.source(key[0]), positions.get(key)
        next_offset = position.next_offset if position else begin
        records[source] = records.get(source, 0) + max(0, end - next_offset)
        seconds[source] = max(seconds.get(source, 0.0), feeds.lag.seconds(key, next_offset, now))
    return [
        *(Sample(names.LAG_RECORDS, n, {"source": source}) for source, n in records.items()),
        *(Sample(names.LAG_SECONDS, age, {"source": source}) for source, age in seconds.items()),
    ]


_OUTBOX = """WITH behind AS (
    SELECT f.feed, f.sequence, coalesce(r.published, 0) AS published
    FROM feeds f LEFT JOIN relayed r USING (feed) WHERE f.sequence > coalesce(r.published, 0))
SELECT coalesce(sum(b.sequence - b.published), 0)::bigint AS records,
    coalesce(extract(epoch FROM clock_timestamp() - min(o.said_at)), 0)::float8 AS age
FROM behind b LEFT JOIN LATERAL (
    SELECT said_at FROM outbox WHERE outbox.feed = b.feed AND outbox.first + outbox.n - 1 > b.published
    AND outbox.first > b.published - $1 ORDER BY outbox.first LIMIT 1) AS o ON true"""


async def _outbox(pool: Pool) -> Iterable[Sample]:
    row = await pool.fetchrow(_OUTBOX, store.WIDEST)
    assert row is not None, "sums have a row"
    return [Sample(names.OUTBOX_RECORDS, row["records"]), Sample(names.OUTBOX_SECONDS, row["age"])]


async def _timers(feeds: "Feeds[Any]") -> Iterable[Sample]:
    if not feeds.has_timers:
        return ()
    found = await feeds.firing.ahead(SOON)
    return [
        Sample(names.TIMERS_FIRED, feeds.firing.fired),
        Sample(names.TIMERS_DUE, found.soon),
        Sample(names.TIMERS_OVERDUE, found.overdue.total_seconds()),
    ]


async def _held(pool: Pool) -> Iterable[Sample]:
    rows = await pool.fetch("SELECT state, count(*) AS n FROM held WHERE state IN ('held', 'queued') GROUP BY state")
    counts = {"held": 0, "queued": 0} | {row["state"]: row["n"] for row in rows}
    return [Sample(names.HELD, n, {"state": state}) for state, n in counts.items()]
