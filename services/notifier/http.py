"""The firms' door: the one page that a link opens, over HTTP. It knows of HTTP and nothing of questions.

It is a listener of its own, so that what is meant for the world is published and what is meant for the operator
(health, figures) stays inside. It speaks plain HTTP, on loopback unless told otherwise: whoever publishes it puts a
server with TLS before it, at the address that `NOTIFIER_PUBLIC_URL` names.

The page is the same to everybody who has the link, so it is kept by nobody: not by caches, not in the address that the
next site would be told, not in another site's frame. Requests are not logged, for the link is in their address.
"""

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from services.notifier import answering
from services.notifier.handlers import Notifier
from services.notifier.links import PATH, Links
from services.notifier.pages import Page, Pages
from services.notifier.questions import Seen, Sight
from services.notifier.wording import LANGUAGES, Language
from shared.errors import Trouble
from shared.feeds.runtime import Feeds

log = logging.getLogger(__name__)

LONGEST_FORM = 2_000
"""Bytes of an answer; ours has some thirty."""
PATIENCE = 10.0
"""Seconds in which a request is read and answered."""
AT_ONCE = 64
"""Requests at a time; who comes beyond that is told to come again (503)."""
_FORM = "application/x-www-form-urlencoded"


class FirmsDoor:
    """Serves the page until the service stops."""

    def __init__(self, host: str, port: int, links: Links, pages: Pages) -> None:
        self._host, self._port = host, port
        self._links, self._pages = links, pages
        self._headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"x-robots-tag", b"noindex, nofollow"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (
                b"content-security-policy",
                f"default-src 'none'; style-src '{pages.style_hash}'; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'".encode(),
            ),
        ]

    async def serve(self, feeds: Feeds[Notifier], stopping: asyncio.Event) -> None:
        """The service's errand. Raises `Trouble` where the port is taken; the alarm stands until it is not."""
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            listener = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            told = f"the firms' page cannot be served on port {self._port}: {error.strerror or error}"
            feeds.alarms.raise_("page", told)
            raise Trouble(told) from error
        feeds.alarms.clear("page")
        feeds.metrics.pages(sight.value for sight in Sight)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self._request(feeds, scope, receive, send)

        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                ws="none",
                limit_concurrency=AT_ONCE,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=3,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        ending = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await serving
        finally:
            ending.cancel()
            listener.close()

    async def _request(self, feeds: Feeds[Notifier], scope: Any, receive: Any, send: Any) -> None:
        language, token = _asked(scope["query_string"])
        more: list[tuple[bytes, bytes]] = []
        try:
            async with asyncio.timeout(PATIENCE):
                seen, status = await self._seen(feeds, scope, receive, token)
        except Exception as error:
            log.warning("the firms' page could not answer: %s", type(error).__name__)
            seen, status = Seen(Sight.FAILED), None
        if status == 405:
            more.append((b"allow", b"GET, HEAD, POST"))
        if seen.sight is Sight.FAILED:
            more.append((b"retry-after", b"60"))
        feeds.metrics.page(seen.sight.value)
        page = self._pages(seen, language, token)
        await _send(send, scope["method"], Page(status or page.status, page.text), [*self._headers, *more])

    async def _seen(self, feeds: Feeds[Notifier], scope: Any, receive: Any, token: str) -> tuple[Seen, int | None]:
        """What is to be shown, and the status where the page's own does not fit."""
        if scope["path"] != PATH:
            return Seen(Sight.NOT_FOUND), None
        match scope["method"]:
            case "GET" | "HEAD":
                return await answering.look(token, self._links, feeds), None
            case "POST":
                form = await _form(dict(scope["headers"]), receive)
                if isinstance(form, int):
                    seen = await answering.look(token, self._links, feeds)
                    return Seen(Sight.UNREADABLE, seen.question) if seen.sight is Sight.ASKED else seen, form
                return await answering.take(token, form, self._links, feeds), None
            case _:
                return Seen(Sight.NOT_FOUND), 405


class _Server(uvicorn.Server):
    """A second server in a process that has one already: signals are for that one."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _asked(query: bytes) -> tuple[Language | None, str]:
    """The language that is asked for, if it is one of ours, and the link's text; whatever else there is counts for
    nothing."""
    fields = _fields(query)
    languages, tokens = fields.get("lang", []), fields.get("link", [])
    language = next((one for one in LANGUAGES if languages == [one]), None)
    return language, tokens[0] if len(tokens) == 1 else ""


async def _form(headers: Mapping[bytes, bytes], receive: Any) -> Mapping[str, Sequence[str]] | int:
    """The fields that were sent, or the status that says why there are none."""
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != _FORM.encode():
        return 415
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionResetError("the browser has gone")
        body += message.get("body", b"")
        if len(body) > LONGEST_FORM:
            return 413
        if not message.get("more_body", False):
            return _fields(body)


def _fields(text: bytes) -> dict[str, list[str]]:
    with suppress(ValueError):
        return parse_qs(text.decode("ascii"), keep_blank_values=True, max_num_fields=8, errors="strict")
    return {}


async def _send(send: Any, method: str, page: Page, headers: list[tuple[bytes, bytes]]) -> None:
    body = page.text.encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": page.status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
