"""From OTLP to Zipkin, where no OpenTelemetry collector is installed: `python -m deploy.local.observe_bridge`.

Whoever sends spans never waits for Zipkin: they are taken into a queue that holds so many and no more, what finds no
room is counted and dropped, and the sender is told so in OTLP's own way (a partial success, which is not sent again).
"""

import asyncio
import http.client
import logging
import sys
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from deploy.local.home import Home
from deploy.local.observe_translate import NotOtlp, zipkin_spans
from shared.errors import Trouble

MOST_WAITING = 50_000
"""Spans; at 1 to 2 KB each, below 100 MB."""
_AT_ONCE = 1_000
_LARGEST = 8 * 1024 * 1024
_PATIENCE = 5.0
_log = logging.getLogger(__name__)


@dataclass
class Counts:
    """Spans since the start. `dropped`: there was no room; `refused`: Zipkin did not want them."""

    received: int = 0
    sent: int = 0
    dropped: int = 0
    refused: int = 0


class Bridge:
    """The queue and the one that empties it."""

    def __init__(self, zipkin_port: int, most: int = MOST_WAITING) -> None:
        self.counts = Counts()
        self._port = zipkin_port
        self._most = most
        self._waiting: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._line: http.client.HTTPConnection | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, body: bytes) -> int:
        """Queue the spans of one OTLP request; returns how many found no room. Raises `NotOtlp`."""
        spans = zipkin_spans(body)
        room = max(0, self._most - len(self._waiting))
        self._waiting.extend(msgspec.json.encode(span) for span in spans[:room])
        dropped = max(0, len(spans) - room)
        self.counts.received += len(spans)
        self.counts.dropped += dropped
        self._some.set()
        return dropped

    async def run(self) -> None:
        """Send what waits, for ever; while Zipkin is away, try again with growing pauses."""
        pause = 0.25
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                try:
                    await self.send_some()
                    pause = 0.25
                except (OSError, http.client.HTTPException) as error:
                    _log.warning("zipkin does not take spans (%s); again in %.1f s", type(error).__name__, pause)
                    await asyncio.sleep(pause)
                    pause = min(5.0, pause * 2)

    async def send_some(self) -> None:
        """Send the oldest spans; they leave the queue when Zipkin has answered. Raises where it does not answer."""
        spans = [self._waiting[place] for place in range(min(_AT_ONCE, len(self._waiting)))]
        status = await asyncio.to_thread(self._post, b"[" + b",".join(spans) + b"]")
        if status >= 500:
            raise http.client.HTTPException(f"status {status}")
        for _ in spans:
            self._waiting.popleft()
        if status < 300:
            self.counts.sent += len(spans)
        else:
            self.counts.refused += len(spans)
            _log.error("zipkin refused %d spans with status %d", len(spans), status)

    def _post(self, body: bytes) -> int:
        line = self._line or http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        self._line = None
        try:
            line.request("POST", "/api/v2/spans", body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            answer.read()
        except BaseException:
            line.close()
            raise
        self._line = line
        return answer.status


class Door:
    """The ASGI application: `POST /v1/traces` for the services, `/readyz` and `/status` for whoever looks on."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        match scope["method"], scope["path"]:
            case "POST", "/v1/traces":
                status, kind, body = await self._take(dict(scope["headers"]), receive)
            case "GET", "/readyz":
                status, kind, body = 200, b"text/plain", b"ready\n"
            case "GET", "/status":
                told = {**asdict(self._bridge.counts), "waiting": len(self._bridge)}
                status, kind, body = 200, b"application/json", msgspec.json.encode(told)
            case _:
                status, kind, body = 404, b"text/plain", b"only /v1/traces\n"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, headers: dict[bytes, bytes], receive: Any) -> tuple[int, bytes, bytes]:
        if headers.get(b"content-type", b"").partition(b";")[0].strip() != b"application/x-protobuf":
            return 415, b"text/plain", b"only application/x-protobuf\n"
        body = bytearray()
        more = True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
            if len(body) > _LARGEST:
                return 413, b"text/plain", b"too large\n"
        try:
            dropped = self._bridge.take(_unpacked(bytes(body), headers.get(b"content-encoding", b"")))
        except (NotOtlp, zlib.error) as error:
            return 400, b"text/plain", f"{error}\n".encode()
        told = ExportTraceServiceResponse()
        if dropped:
            words = "the queue before Zipkin is full"
            told.partial_success.CopyFrom(ExportTracePartialSuccess(rejected_spans=dropped, error_message=words))
        return 200, b"application/x-protobuf", told.SerializeToString()


def _unpacked(body: bytes, encoding: bytes) -> bytes:
    """The body as it was before gzip, if it was packed; raises `NotOtlp` where it would be too large."""
    if encoding in (b"", b"identity"):
        return body
    if encoding != b"gzip":
        raise NotOtlp("only gzip is unpacked")
    unpacking = zlib.decompressobj(wbits=31)
    plain = unpacking.decompress(body, _LARGEST)
    if unpacking.unconsumed_tail:
        raise NotOtlp("too large when unpacked")
    return plain


async def serve(home: Home) -> None:
    """Serve until SIGTERM; what waits then gets two seconds to leave."""
    bridge = Bridge(home.port("zipkin"))
    sending = asyncio.create_task(bridge.run())
    server = uvicorn.Server(
        uvicorn.Config(
            Door(bridge),
            host="127.0.0.1",
            port=home.port("otlp"),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    try:
        await server.serve()
    finally:
        sending.cancel()
        await asyncio.wait({sending})
        try:
            async with asyncio.timeout(2.0):
                while len(bridge):
                    await bridge.send_some()
        except (OSError, http.client.HTTPException, TimeoutError):
            _log.warning("%d spans were not sent any more", len(bridge))


def main(arguments: Sequence[str] = ()) -> int:
    """Run the bridge of the home that the environment names."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    home = Home.from_environment()
    try:
        home.require_free("otlp")
        asyncio.run(serve(home))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
