"""The health door of a service, on loopback: whether it lives, whether it works, and figures.

`/livez`   the loop turns
`/readyz`  partitions are assigned and positioned, the database answers, what is unread moves, what was said goes out
`/status`  figures and alarms as JSON
`/metrics` the same and more as Prometheus text

Readiness asks for progress and not for a ping: a broker that answers proves nothing about a loop that is dead.
"""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from faststream.asgi import AsgiResponse
from faststream.asgi import get as door

from shared.feeds import gauges
from shared.feeds.gauges import Gauge
from shared.feeds.runtime import Feeds
from shared.telemetry import names
from shared.telemetry.metrics import CONTENT_TYPE, Sample

PATIENCE = 10.0
"""Seconds for which something may stand still before the service is called not ready."""


def health(feeds: Feeds[Any], more: Sequence[Gauge] = ()) -> list[tuple[str, Any]]:
    """The routes of the health door; `more` are figures that only this service has."""

    @door
    async def live(scope: Any) -> AsgiResponse:
        return _answer(200, {"alive": True})

    @door
    async def ready(scope: Any) -> AsgiResponse:
        problems = await readiness(feeds)
        return _answer(503 if problems else 200, {"ready": not problems, "waits_for": problems})

    @door
    async def status(scope: Any) -> AsgiResponse:
        return _answer(200, await figures(feeds))

    @door
    async def metrics(scope: Any) -> AsgiResponse:
        return AsgiResponse(await scrape(feeds, more), 200, headers={"content-type": CONTENT_TYPE})

    return [("/livez", live), ("/readyz", ready), ("/status", status), ("/metrics", metrics)]


async def readiness(feeds: Feeds[Any]) -> list[str]:
    """What is missing before the service can be said to work; empty when ready."""
    problems = []
    if not feeds.assignment.settled:
        problems.append("partitions")
    try:
        await feeds.pool.fetchval("SELECT 1", timeout=2.0)
    except Exception:
        problems.append("database")
    if feeds.assignment.settled and not feeds.assignment.partitions:
        problems.append("an assignment")
    if feeds.assignment.stopped:
        stopped = ", ".join(f"{topic}/{partition}" for topic, partition in sorted(feeds.assignment.stopped))
        problems.append(f"a person, to look at {stopped}")
    if feeds.relay_ended:
        problems.append("the relay")
    elif feeds.relay.stuck_for() > PATIENCE:
        problems.append("publishing")
    if feeds.watchdog.idle_for(feeds.reader.progressed_at) > PATIENCE:
        problems.append("progress")
    return problems


async def figures(feeds: Feeds[Any]) -> dict[str, Any]:
    """Counts of this process and of its store."""
    answer: dict[str, Any] = {
        "service": feeds.service,
        "uptime_s": round(time.monotonic() - feeds.started_at, 1),
        "partitions": len(feeds.assignment.partitions),
        "applied": feeds.reader.applied,
        "stopped": sorted(f"{topic}/{partition}" for topic, partition in feeds.assignment.stopped),
        "breakers": sorted(f"{topic}/{partition}" for topic, partition in feeds.assignment.broken),
        "relay": feeds.relay.state(),
        "alarms": feeds.alarms.all(),
        "clock": {"may_be_moved": feeds.clock.may_be_moved, "ahead_s": feeds.clock.ahead.total_seconds()},
    }
    try:
        row = await feeds.pool.fetchrow(
            """SELECT coalesce(sum(applied), 0)::bigint AS applied, coalesce(sum(repeated), 0)::bigint AS repeated,
            coalesce(sum(refused), 0)::bigint AS refused, coalesce(sum(held), 0)::bigint AS held,
            coalesce(sum(discarded), 0)::bigint AS discarded FROM positions""",
            timeout=2.0,
        )
        unsent = await feeds.pool.fetchval(
            """SELECT coalesce(sum(f.sequence - coalesce(r.published, 0)), 0)::bigint
            FROM feeds f LEFT JOIN relayed r USING (feed)""",
            timeout=2.0,
        )
        answer |= {"outcomes": dict(row or {}), "unpublished": unsent}
    except Exception as error:
        answer["database"] = f"does not answer: {type(error).__name__}"
    return answer


async def scrape(feeds: Feeds[Any], more: Sequence[Gauge] = ()) -> bytes:
    """What `/metrics` answers."""
    samples = await gauges.read(feeds, more)
    samples.append(Sample(names.READY, float(not await readiness(feeds))))
    return feeds.metrics.text(samples)


def _answer(status: int, document: dict[str, Any]) -> AsgiResponse:
    return AsgiResponse(msgspec.json.encode(document), status, headers={"content-type": "application/json"})
