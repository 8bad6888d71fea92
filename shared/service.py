"""A service as a process: start, run, drain, stop, and its door for health.

`run(service, Settings)` is all that `__main__.py` of a service does. The health door listens on loopback: `/livez`
(the loop turns), `/readyz` (partitions are assigned and positioned, the database answers, what is unread moves),
`/status` (figures and alarms as JSON). Readiness asks for progress and not for a ping: a broker that answers proves
nothing about a loop that is dead.
"""

import asyncio
import gc
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Generic, TypeVar

import msgspec
import uvicorn
import uvloop
from faststream.asgi import AsgiFastStream, AsgiResponse
from faststream.asgi import get as door

from shared.agreement import load_versions
from shared.errors import Trouble, Unreachable
from shared.feeds.runtime import Feeds
from shared.feeds.speech import C
from shared.feeds.subscriptions import Subscription
from shared.settings import ServiceSettings, read_settings
from shared.telemetry.logs import log_as_json

log = logging.getLogger(__name__)
S = TypeVar("S", bound=ServiceSettings)
Errand = Callable[[Feeds[C], asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service(Generic[C]):
    """The parts list of a service. `errands` are what it does beside hearing (the notifier's mail)."""

    name: str
    settings: ServiceSettings
    subscriptions: Sequence[Subscription]
    context: C
    errands: Sequence[Errand[C]] = ()


def code_version() -> str:
    """The version that held records and logs are stamped with."""
    try:
        return metadata.version("portolano")
    except metadata.PackageNotFoundError:
        return "0"


def feeds_for(service: Service[C]) -> Feeds[C]:
    """The runtime of a service, not yet started."""
    settings = service.settings
    return Feeds(
        service=service.name,
        access=settings.access(),
        address=settings.address(),
        prefix=settings.topic_prefix,
        partners=load_versions(settings.agreement).partners,
        subscriptions=service.subscriptions,
        context=service.context,
        code_version=code_version(),
        session=settings.kafka_session_seconds,
    )


def run(build: Callable[[S], Service[Any]], settings: type[S]) -> None:
    """Run until SIGTERM or SIGINT. A start that cannot succeed is one line on stderr and exit 1."""
    name = settings.model_config.get("env_prefix", "service_").rstrip("_").lower()
    try:
        service = build(read_settings(settings))
        log_as_json(service.name, service.settings.log_level)
        uvloop.run(_serve(service))
    except Trouble as trouble:
        gc.collect()  # clients that were left open complain when they go: let the last line be ours
        print(f"{name}: {trouble}", file=sys.stderr)
        raise SystemExit(3 if isinstance(trouble, Unreachable) else 1) from None
    except (OSError, ConnectionError) as error:
        print(f"{name}: a part it needs does not answer: {error}", file=sys.stderr)
        raise SystemExit(3) from None


async def _serve(service: Service[C]) -> None:
    feeds = feeds_for(service)
    broker = feeds.broker()
    errands: list[asyncio.Task[None]] = []
    failures: list[BaseException] = []

    def end(stuck: "asyncio.Future[str]") -> None:
        if not stuck.cancelled():
            failures.append(Trouble(stuck.result()))
            server.should_exit = True

    async def begin() -> None:
        await feeds.start()
        feeds.stuck.add_done_callback(end)
        for errand in service.errands:
            errands.append(asyncio.create_task(_keep_running(errand, feeds)))

    async def drain() -> None:
        await feeds.drain()
        if errands:
            await asyncio.wait(errands, timeout=5.0)
        for task in errands:
            task.cancel()

    app = AsgiFastStream(
        broker,
        asgi_routes=health(feeds),
        on_startup=[begin],
        on_shutdown=[drain],
        after_shutdown=[feeds.stop],
        logger=None,
    )

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        """FastStream starts its broker after it has told uvicorn that all is well; a failure there must end us."""
        try:
            await app(scope, receive, send)
        except BaseException as failure:
            if scope["type"] != "lifespan":
                raise
            failures.append(failure)
            server.should_exit = True

    config = uvicorn.Config(
        watched, host="127.0.0.1", port=service.settings.http_port, log_config=None, access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal that ended it once more when it is done; who has drained has nothing left to die of.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)
    await server.serve()
    if failures:
        with suppress(Exception):
            await asyncio.wait_for(broker.stop(), 5.0)
        raise _told(failures[0]) from failures[0]
    if not server.started:
        raise Trouble("it could not start; the log says why.")


def _told(failure: BaseException) -> Trouble:
    """One line for a person; the whole story is in the log."""
    if isinstance(failure, Trouble):
        return failure
    log.error("the service failed", exc_info=failure)
    if type(failure).__name__ in ("KafkaConnectionError", "NodeNotReadyError", "NoBrokersAvailable"):
        return Unreachable("Kafka does not answer, or refuses the password.")
    return Trouble(f"it had to stop: {type(failure).__name__}: {failure}")


async def _keep_running(errand: Errand[C], feeds: Feeds[C]) -> None:
    """An errand that fails is begun again; it must not end the service, nor be lost silently."""
    while not feeds.stopping.is_set():
        try:
            await errand(feeds, feeds.stopping)
        except Exception as error:
            log.warning("errand again in 1 s: %s: %s", type(error).__name__, error)
            await asyncio.sleep(1.0)


def health(feeds: Feeds[Any]) -> list[tuple[str, Any]]:
    """The routes of the health door."""

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

    return [("/livez", live), ("/readyz", ready), ("/status", status)]


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
    if feeds.watchdog.idle_for(feeds.reader.progressed_at) > 10.0:
        problems.append("progress")
    return problems


async def figures(feeds: Feeds[Any]) -> dict[str, Any]:
    """Counts of this process and of its store."""
    answer: dict[str, Any] = {
        "service": feeds.service,
        "uptime_s": round(time.monotonic() - feeds.started_at, 1),
        "partitions": len(feeds.assignment.partitions),
        "applied": feeds.reader.applied,
        "relay": feeds.relay.state(),
        "alarms": feeds.alarms.all(),
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


def _answer(status: int, document: dict[str, Any]) -> AsgiResponse:
    return AsgiResponse(msgspec.json.encode(document), status, headers={"content-type": "application/json"})
