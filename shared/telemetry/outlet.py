"""Where spans go: over OTLP/HTTP to a collector, if the environment names one, from a thread of its own.

Nothing here can stop a service. The queue is bounded. A collector that does not answer is left alone for a while, and
meanwhile no span is even made: a dead collector then costs as much as none. What is not recorded and what is not taken
is counted.

The variables are OpenTelemetry's own. Two defaults are ours: a request may take 2 s (theirs is 10), and the queue holds
8192 spans (theirs 2048: four full batches).
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

log = logging.getLogger(__name__)

QUEUE = 8192
TIMEOUT = 2.0
LEFT_ALONE = 5.0
"""Seconds for which a collector that failed is not asked again."""
TRIAL = 32
"""Spans that a trial may cost; a full batch is spared it."""
SURELY = 30.0
"""Seconds after which even a full batch is taken for a trial: under load there may be no smaller one."""


class Outlet(SpanExporter):
    """An exporter that knows how it fares. `takes` is asked by the service's loop, `export` runs in the processor's
    thread. Numbers have one writer each; the two flags may be read late, which costs a batch of spans."""

    def __init__(self, exporter: SpanExporter, queue: int = QUEUE, left_alone: float = LEFT_ALONE) -> None:
        self._exporter = exporter
        self._queue = queue
        self._left_alone = left_alone
        self._asked_again_at = 0.0
        self._made = self._handed = 0
        self._untaken = self._unmade = 0
        self._down = self._trial = False

    @property
    def dropped(self) -> int:
        """Spans that were not taken, or that were never made because nobody would have."""
        return self._untaken + self._unmade

    @property
    def down(self) -> bool:
        """Whether the collector failed last time."""
        return self._down

    def takes(self, n: int) -> bool:
        """Whether about `n` spans may be made now; where not, they count as dropped."""
        if self._down:
            now = time.monotonic()
            late = now - self._asked_again_at
            if late >= 0 and (n <= TRIAL or late >= SURELY):
                self._asked_again_at = now + self._left_alone  # these are the trial; the next wait for what it says
                self._trial = True
                return True
        elif self._made - self._handed + n <= self._queue:
            return True
        self._unmade += n
        return False

    def made(self) -> None:
        """One span has ended and is on its way."""
        self._made += 1

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._handed += len(spans)
        if self._down and not self._trial:
            self._untaken += len(spans)
            return SpanExportResult.FAILURE
        self._trial = False
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            log.debug("spans were not exported: %s", type(error).__name__)
            result = SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            if self._down:
                log.warning("the collector takes traces again; %d spans were dropped", self.dropped)
            self._down = False
        else:
            self._untaken += len(spans)
            if not self._down:
                log.warning("the collector takes no traces; the service goes on without, and what is dropped counts")
            self._asked_again_at = time.monotonic() + self._left_alone
            self._down = True
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def open_outlet() -> tuple[Outlet, BatchSpanProcessor]:
    """An outlet as the environment wants it, with its processor (and thread) running."""
    # Their own complaints come once a request or once a span; ours comes once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{which}TIMEOUT") for which in ("", "TRACES_"))
    queue = _whole("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE)
    outlet = Outlet(OTLPSpanExporter(timeout=None if named else TIMEOUT), queue)
    return outlet, BatchSpanProcessor(outlet, max_queue_size=queue, schedule_delay_millis=_whole(_DELAY, 1000))


_DELAY = "OTEL_BSP_SCHEDULE_DELAY"


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


async def close(processor: BatchSpanProcessor, limit: float = TIMEOUT + 1.0) -> None:
    """Let what is queued go, but no longer than `limit` seconds: a service ends whether or not a collector listens."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def shut() -> None:
        processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves this one without types
        try:
            loop.call_soon_threadsafe(done.set)
        except RuntimeError:  # the loop did not wait so long
            log.debug("spans were given up")

    # A daemon, and not the loop's executor, which asyncio waits for at the end however long it takes.
    threading.Thread(target=shut, name="last-spans", daemon=True).start()
    try:
        await asyncio.wait_for(done.wait(), limit)
    except TimeoutError:
        log.warning("the last spans were not taken within %.0f s", limit)
