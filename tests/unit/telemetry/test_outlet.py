"""A collector can be dead, slow or away without costing the service more than the spans."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from shared.telemetry import wanted
from shared.telemetry.outlet import Outlet, close


class Collector(SpanExporter):
    """Takes or refuses what comes, and remembers how often it was asked."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes
        self.asked = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked += 1
        return SpanExportResult.SUCCESS if self.takes else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


SPANS = [ReadableSpan(name) for name in ("a", "b", "c")]


def test_after_a_failure_no_span_is_made_and_every_one_that_was_not_is_counted() -> None:
    outlet = Outlet(Collector(takes=False), left_alone=60.0)
    assert outlet.takes(3)
    outlet.export(SPANS)
    assert outlet.down
    assert [outlet.takes(10) for _ in range(3)] == [False, False, False]
    assert outlet.dropped == 3 + 30


def test_a_collector_that_failed_is_not_asked_again_with_what_lay_in_the_queue() -> None:
    collector = Collector(takes=False)
    outlet = Outlet(collector, left_alone=60.0)
    for _ in range(5):
        outlet.export(SPANS)
    assert collector.asked == 1
    assert outlet.dropped == 15


def test_it_is_tried_again_with_one_batch_and_believed_when_it_takes_it() -> None:
    collector = Collector(takes=False)
    outlet = Outlet(collector, left_alone=0.0)
    outlet.export(SPANS)
    collector.takes = True
    assert outlet.takes(3)
    outlet.export(SPANS)
    assert not outlet.down
    assert outlet.takes(3)


def test_a_trial_is_small_so_that_a_dead_collector_costs_a_busy_service_nothing() -> None:
    outlet = Outlet(Collector(takes=False), left_alone=0.0)
    outlet.export(SPANS)
    assert [outlet.takes(500), outlet.takes(3)] == [False, True]


def test_what_would_not_fit_into_the_queue_is_not_made() -> None:
    outlet = Outlet(Collector(takes=True), queue=5)
    for _ in range(4):
        outlet.made()
    assert [outlet.takes(1), outlet.takes(2)] == [True, False]
    outlet.export(SPANS)
    assert outlet.takes(2)
    assert outlet.dropped == 2


def test_the_end_waits_for_a_collector_that_hangs_no_longer_than_its_limit() -> None:
    class Hangs(Collector):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            time.sleep(3.0)
            return SpanExportResult.FAILURE

    processor = BatchSpanProcessor(Outlet(Hangs(takes=False)), schedule_delay_millis=10)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    provider.get_tracer("t").start_span("s").end()
    began = time.monotonic()
    asyncio.run(close(processor, 0.2))
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_alone_say_whether_there_are_traces(environment: dict[str, str], asked: bool) -> None:
    assert wanted(environment) is asked
