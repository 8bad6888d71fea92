"""The bridge between OTLP and Zipkin never keeps a service waiting and never grows without bound; a small server on
loopback stands for Zipkin.
"""

import asyncio
import gzip
import http.server
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from deploy.local import observe_bridge, ports
from deploy.local.observe_bridge import Bridge, Door
from shared.testing.waiting import until


@dataclass
class Zipkin:
    """What the server that stands for it got, and with what it answers."""

    port: int
    got: list[str] = field(default_factory=list)
    status: int = 202


@pytest.fixture
def zipkin() -> Iterator[Zipkin]:
    (port,) = ports.choose(1)
    found = Zipkin(port)
    with serving(found):
        yield found


class serving:
    """Zipkin is there as long as this is entered."""

    def __init__(self, zipkin: Zipkin) -> None:
        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                spans = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if zipkin.status == 202:
                    zipkin.got += [span["name"] for span in spans]
                self.send_response(zipkin.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", zipkin.port), Answer)

    def __enter__(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def request(*names: str) -> bytes:
    spans = [Span(trace_id=b"t" * 16, span_id=b"s" * 8, name=name) for name in names]
    told = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])
    return bytes(told.SerializeToString())


async def post(
    bridge: Bridge, body: bytes, *, kind: bytes = b"application/x-protobuf", encoding: bytes = b""
) -> tuple[int, bytes]:
    """Status and body of the door's answer."""
    answered: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        answered.append(message)

    headers = [(b"content-type", kind), *([(b"content-encoding", encoding)] if encoding else [])]
    await Door(bridge)({"method": "POST", "path": "/v1/traces", "headers": headers}, receive, send)
    status, content = answered[0]["status"], answered[1]["body"]
    assert isinstance(status, int)
    assert isinstance(content, bytes)
    return status, content


async def test_spans_that_a_service_sends_come_to_zipkin_packed_or_not(zipkin: Zipkin) -> None:
    bridge = Bridge(zipkin.port)
    running = asyncio.create_task(bridge.run())
    assert await post(bridge, request("one", "two")) == (200, b"")
    assert await post(bridge, gzip.compress(request("three")), encoding=b"gzip") == (200, b"")
    await until(_when(lambda: len(zipkin.got) == 3 and bridge.counts.sent == 3), what="the spans")
    assert zipkin.got == ["one", "two", "three"]
    running.cancel()


async def test_while_zipkin_is_away_the_service_is_answered_and_nothing_is_lost() -> None:
    (port,) = ports.choose(1)
    zipkin, bridge = Zipkin(port), Bridge(port)
    running = asyncio.create_task(bridge.run())
    assert (await post(bridge, request("early")))[0] == 200
    await until(_when(lambda: len(bridge) == 1), what="a span that waits")
    with serving(zipkin):
        await until(_when(lambda: zipkin.got == ["early"]), what="the span after Zipkin's return")
        await until(_when(lambda: len(bridge) == 0), what="an empty queue")
    running.cancel()


async def test_what_finds_no_room_is_dropped_counted_and_told_to_the_sender() -> None:
    bridge = Bridge(1, most=3)
    assert await post(bridge, request("1", "2")) == (200, b"")
    status, body = await post(bridge, request("3", "4", "5"))
    assert (status, ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans) == (200, 2)
    assert (len(bridge), bridge.counts.received, bridge.counts.dropped) == (3, 5, 2)


async def test_spans_that_zipkin_refuses_do_not_stand_in_the_way_of_the_next(zipkin: Zipkin) -> None:
    bridge = Bridge(zipkin.port)
    zipkin.status = 400
    await post(bridge, request("bad"))
    await bridge.send_some()
    zipkin.status = 202
    await post(bridge, request("good"))
    await bridge.send_some()
    assert (zipkin.got, bridge.counts.refused, bridge.counts.sent, len(bridge)) == (["good"], 1, 1, 0)


async def test_spans_stay_when_zipkin_fails_over_them(zipkin: Zipkin) -> None:
    bridge = Bridge(zipkin.port)
    zipkin.status = 503
    await post(bridge, request("one"))
    with pytest.raises(Exception, match="status 503"):
        await bridge.send_some()
    assert len(bridge) == 1


async def test_a_body_that_is_something_else_or_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = Bridge(1)
    assert (await post(bridge, b"{}", kind=b"application/json"))[0] == 415
    assert (await post(bridge, b"\xff\xff"))[0] == 400
    assert (await post(bridge, b"\xff\xff", encoding=b"gzip"))[0] == 400
    assert (await post(bridge, b"", encoding=b"br"))[0] == 400
    monkeypatch.setattr(observe_bridge, "_LARGEST", 1000)
    assert (await post(bridge, bytes(1001)))[0] == 413
    assert await post(bridge, gzip.compress(bytes(100_000)), encoding=b"gzip") == (400, b"too large when unpacked\n")
    assert len(bridge) == 0


def _when(true: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return true()

    return look
