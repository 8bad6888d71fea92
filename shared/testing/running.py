"""A service's runtime inside the test: the real broker, the real store, no process of its own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from shared.agreement import load_versions
from shared.feeds.runtime import Feeds
from shared.feeds.subscriptions import Subscription
from shared.feeds.timers import When
from shared.settings import AGREEMENT, ServiceSettings
from shared.telemetry.spans import Tracing
from shared.testing.waiting import until

LOOK_AGAIN = 0.1
"""Seconds between two looks at the timers: tests move the clock, and would only wait for the next second."""


@asynccontextmanager
async def running(
    settings: ServiceSettings,
    service: str,
    subscriptions: Sequence[Subscription],
    context: Any,
    tracing: Tracing | None = None,
    timers: Sequence[When[Any]] = (),
) -> AsyncIterator[Feeds[Any]]:
    """Started, assigned and positioned; drained and stopped at the end."""
    feeds = Feeds(
        service=service,
        access=settings.access(),
        address=settings.address(),
        prefix=settings.topic_prefix,
        partners=load_versions(AGREEMENT).partners,
        subscriptions=subscriptions,
        context=context,
        timers=timers,
        moved_clock=settings.moved_clock,
        code_version="test",
        tracing=tracing,
    )
    broker = feeds.broker()
    await feeds.start()
    if timers:
        feeds.firing.pause = LOOK_AGAIN
    try:
        await broker.start()

        async def settled() -> bool:
            return feeds.assignment.settled and bool(feeds.assignment.partitions)

        await until(settled, what=f"the assignment of {service}")
        yield feeds
    finally:
        await feeds.drain()
        await broker.stop()
        await feeds.stop()


def settings_from(environment: Mapping[str, str], kind: type[ServiceSettings]) -> ServiceSettings:
    """Settings as the process would read them from this environment."""
    prefix = kind.model_config.get("env_prefix", "").upper()
    values = {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix) and name != f"{prefix}SECRETS"
    }
    return kind(_secrets_dir=environment[f"{prefix}SECRETS"], **values)  # type: ignore[arg-type]  # pydantic reads text
