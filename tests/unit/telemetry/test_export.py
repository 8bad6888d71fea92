"""Spans leave over OTLP/HTTP as the standard variables say, with the service's name; a dead collector delays nobody."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import choose
from shared.telemetry import names
from shared.telemetry.context import span_id_of
from shared.telemetry.spans import from_environment
from shared.testing.waiting import until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ExportTraceServiceRequest]]:
    """A real HTTP server that keeps what it is sent; the environment names it."""
    requests: list[ExportTraceServiceRequest] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Take)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield requests
    server.shutdown()
    server.server_close()


async def test_a_span_arrives_under_its_parent_with_the_services_name(
    collector: list[ExportTraceServiceRequest],
) -> None:
    tracing = from_environment("intake", "1")
    assert tracing.takes(1)
    tracing.start("process x.v1", "consumer", parent=PARENT, cause="c").end({names.FIRM: "f"})
    await tracing.close()
    assert tracing.dropped == 0
    (resource,) = collector[0].resource_spans
    told = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (told["service.name"], told["service.namespace"]) == ("intake", "portolano")
    (span,) = resource.scope_spans[0].spans
    assert span.trace_id.hex() == PARENT[3:35]
    assert (span.parent_span_id.hex(), int(span.span_id.hex(), 16)) == (PARENT[36:52], span_id_of("intake", "c"))


async def test_the_environment_may_name_the_service_and_choose_what_is_sampled(
    collector: list[ExportTraceServiceRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "other")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    tracing = from_environment("intake", "1")
    unsampled = tracing.start("process x.v1", "consumer", cause="c")
    unsampled.end({})
    tracing.start("process y.v1", "consumer", parent=PARENT).end({})
    await tracing.close()
    (resource,) = collector[0].resource_spans
    assert {one.value.string_value for one in resource.resource.attributes if one.key == "service.name"} == {"other"}
    assert [span.name for span in resource.scope_spans[0].spans] == ["process y.v1"]
    assert unsampled.traceparent.endswith("-00")


async def test_a_dead_collector_is_noticed_and_neither_making_spans_nor_ending_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (port,) = choose(1, avoid=set())
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    tracing = from_environment("intake", "1")
    longest = 0.0

    async def noticed() -> bool:
        nonlocal longest
        began = time.monotonic()
        if tracing.takes(1):
            tracing.start("process x.v1", "consumer", cause="c").end({})
            longest = max(longest, time.monotonic() - began)
            return False
        return True

    await until(noticed, what="a tracing that makes no more spans")
    assert longest < 1.0
    assert tracing.dropped > 0
    async with asyncio.timeout(5.0):
        await tracing.close()
