"""A service as a process: start, run, drain, stop.

`run(service, Settings)` is all that `__main__.py` of a service does. Its door for health, `shared.health`, listens on
loopback. Traces go where OpenTelemetry's standard variables say; without them nothing of it is even imported.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import uvicorn
import uvloop
from faststream.asgi import AsgiFastStream

from shared.agreement import load_versions
from shared.errors import Trouble, Unreachable
from shared.feeds.gauges import Gauge
from shared.feeds.runtime import Feeds
from shared.feeds.speech import C
from shared.feeds.subscriptions import Recall, Subscription
from shared.feeds.timers import When
from shared.health import health
from shared.settings import ServiceSettings, read_settings
from shared.telemetry import wanted
from shared.telemetry.logs import log_to_stderr

if TYPE_CHECKING:
    from shared.telemetry.spans import Tracing

log = logging.getLogger(__name__)
S = TypeVar("S", bound=ServiceSettings)
COLLECTING = (50_000, 20, 20)
"""After how many new objects Python looks for cycles, and how many times so before it looks farther back. A batch makes
tens of thousands of objects that live until its commit, and hardly a cycle: Python's own 700 would go through them
again and again."""
Errand = Callable[[Feeds[C], asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service(Generic[C]):
    """The parts list of a service. `errands` are what it does beside hearing (the notifier's mail), `gauges` are
    figures that only it has, `recall` is how it does again what no record had caused."""

    name: str
    settings: ServiceSettings
    subscriptions: Sequence[Subscription]
    context: C
    timers: Sequence[When[C]] = ()
    errands: Sequence[Errand[C]] = ()
    gauges: Sequence[Gauge] = ()
    recall: Recall[C] | None = None


def code_version() -> str:
    """The version that held records and logs are stamped with."""
    try:
        return metadata.version("portolano")
    except metadata.PackageNotFoundError:
        return "0"


def tracing_for(service: str) -> "Tracing | None":
    """What traces the service, where the environment asks for it; the SDK is imported only then."""
    if not wanted():
        return None
    from shared.telemetry.spans import from_environment

    return from_environment(service, code_version())


def feeds_for(service: Service[C], tracing: "Tracing | None" = None) -> Feeds[C]:
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
        timers=service.timers,
        moved_clock=settings.moved_clock,
        code_version=code_version(),
        session=settings.kafka_session_seconds,
        tracing=tracing,
    )


def run(build: Callable[[S], Service[Any]], settings: type[S]) -> None:
    """Run until SIGTERM or SIGINT. A start that cannot succeed is one line on stderr and exit 1."""
    name = settings.model_config.get("env_prefix", "service_").rstrip("_").lower()
    try:
        service = build(read_settings(settings))
        log_to_stderr(service.name, service.settings.log_level)
        uvloop.run(_serve(service))
    except Trouble as trouble:
        gc.collect()  # clients that were left open complain when they go: let the last line be ours
        print(f"{name}: {trouble}", file=sys.stderr)
        raise SystemExit(3 if isinstance(trouble, Unreachable) else 1) from None
    except (OSError, ConnectionError) as error:
        print(f"{name}: a part it needs does not answer: {error}", file=sys.stderr)
        raise SystemExit(3) from None


async def _serve(service: Service[C]) -> None:
    tracing = tracing_for(service.name)
    feeds = feeds_for(service, tracing)
    broker = feeds.broker()
    errands: list[asyncio.Task[None]] = []
    failures: list[BaseException] = []

    def end(stuck: "asyncio.Future[str]") -> None:
        if not stuck.cancelled():
            failures.append(Trouble(stuck.result()))
            server.should_exit = True

    async def begin() -> None:
        try:
            await feeds.start()
        except BaseException as failure:  # FastStream and uvicorn tell it in their own ways, and not to a person
            failures.append(failure)
            raise
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
        asgi_routes=health(feeds, service.gauges),
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
    # What was imported stays: let the collector of cycles not look through all of it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)
    # uvicorn raises the signal that ended it once more when it is done; who has drained has nothing left to die of.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)
    with suppress(SystemExit):  # uvicorn's, where the start fails: what follows says why
        await server.serve()
    if tracing is not None:
        await tracing.close()
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
