"""The mail sink's page: look into the mails, change nothing. No scripts, nothing from elsewhere, loopback only.

GET /                          the list, newest first          ?page= ?to= ?header=
GET /messages/<id>             headers of one mail, its text, and its HTML part in a frame
GET /messages/<id>.eml         the file
GET /messages/<id>.html        the HTML part as it was sent, in a sandbox: it runs, loads and posts nothing
GET /api/messages              JSON                            ?limit= ?offset= ?to= ?header=Name or Name:value
GET /api/messages/<id>         JSON, with headers, text and HTML (null where there is none)
GET /api/count                 {"messages", "distinct", "repeats"}, with ?to= ?header= only {"messages"}
"""

import email.header
import html
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from deploy.local.mailbox import Mail, Mailbox, html_of, text_of

_PER_PAGE = 50
_MOST = 10_000
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;"
    "vertical-align:top;overflow-wrap:anywhere}pre{white-space:pre-wrap;background:#f6f6f6;padding:1rem}"
    ".repeat{color:#a40;font-size:.85em}iframe{width:100%;height:34rem;box-sizing:border-box;border:1px solid #ddd;"
    "resize:both}"
)

# Our own pages hold no script; what they frame is a mail's HTML part, and nobody frames them.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"
_OURS = ((b"content-security-policy", f"{_POLICY}; frame-ancestors 'none'".encode()), (b"x-frame-options", b"DENY"))
# A stranger's page: an origin of its own, no script, form, picture or other load, wherever it is opened.
_THEIRS = (
    (
        b"content-security-policy",
        b"sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        b"frame-ancestors 'self'",
    ),
    (b"x-frame-options", b"SAMEORIGIN"),
)

# The two shapes of ASGI; what is in them is the specification's, not ours.
_Scope = MutableMapping[str, Any]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class MailPage:
    """The ASGI application over one mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        status, kind, body = self._answer(str(scope["method"]), str(scope["path"]), scope["query_string"], headers)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", kind.encode()),
                    (b"content-length", str(len(body)).encode()),
                    *(_THEIRS if str(scope["path"]).endswith(".html") else _OURS),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"cache-control", b"no-store"),
                ],
            }
        )
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, method: str, path: str, query: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        # A page elsewhere may point a name of its own at 127.0.0.1 and read mails through it; it cannot forge Host.
        if headers.get("host", "").rpartition(":")[0] not in _LOOPBACK and headers.get("host") not in _LOOPBACK:
            return _plain(421, "ask for 127.0.0.1")
        if method not in ("GET", "HEAD"):
            return _plain(405, "this page is for reading")
        asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
        to, header = asked.get("to", ""), asked.get("header", "")
        try:
            match path.strip("/").split("/"):
                case [""]:
                    return _html(200, self._list(max(1, int(asked.get("page", "1"))), to, header))
                case ["messages", name]:
                    return self._one(name)
                case ["api", "messages"]:
                    limit, offset = int(asked.get("limit", "50")), int(asked.get("offset", "0"))
                    return self._listed(min(max(0, limit), _MOST), max(0, offset), to, header)
                case ["api", "messages", name] if mail := self._mailbox.get(name):
                    raw = self._mailbox.raw(mail)
                    return _json({**_summary(mail), "text": text_of(raw), "html": html_of(raw)})
                case ["api", "count"]:
                    return _json(self._count(to, header))
        except ValueError:
            return _plain(400, "page, limit and offset are whole numbers")
        return _plain(404, "no such page")

    def _count(self, to: str, header: str) -> dict[str, int]:
        if to or header:
            return {"messages": sum(1 for _ in self._mailbox.newest_first(to, header))}
        total, distinct = len(self._mailbox), self._mailbox.distinct
        return {"messages": total, "distinct": distinct, "repeats": total - distinct}

    def _listed(self, limit: int, offset: int, to: str, header: str) -> tuple[int, str, bytes]:
        found = list(self._mailbox.newest_first(to, header))
        return _json({"total": len(found), "messages": [_summary(mail) for mail in found[offset : offset + limit]]})

    def _list(self, page: int, to: str, header: str) -> str:
        first = (page - 1) * _PER_PAGE
        mails = list(itertools.islice(self._mailbox.newest_first(to, header), first, first + _PER_PAGE + 1))
        rows = "".join(
            f"<tr><td>{_when(mail)}</td><td>{_text(', '.join(mail.recipients))}</td>"
            f'<td><a href="/messages/{quote(mail.id)}">{_text(_decoded(mail.header("Subject")) or "(no subject)")}</a>'
            f"{_repeat(mail)}</td></tr>"
            for mail in mails[:_PER_PAGE]
        )
        turns = []
        if page > 1:
            turns.append(f'<a href="/?{_text(_again(page - 1, to, header))}">newer</a>')
        if len(mails) > _PER_PAGE:
            turns.append(f'<a href="/?{_text(_again(page + 1, to, header))}">older</a>')
        form = f'<form>to <input name="to" value="{_text(to)}"> <button>look</button></form>'
        counts = f"<p>{len(self._mailbox)} mails, {len(self._mailbox) - self._mailbox.distinct} of them repeats.</p>"
        return _page("Mail", f"{counts}{form}<table>{rows}</table><p>{' · '.join(turns)}</p>")

    def _one(self, name: str) -> tuple[int, str, bytes]:
        mail = self._mailbox.get(name.removesuffix(".eml").removesuffix(".html"))
        if mail is None:
            return _plain(404, "no such mail")
        raw = self._mailbox.raw(mail)
        if name.endswith(".eml"):
            return 200, "text/plain; charset=utf-8", raw
        sent = html_of(raw)
        if name.endswith(".html"):
            return _html(200, sent) if sent is not None else _plain(404, "no HTML part")
        headers = "".join(
            f"<tr><th>{_text(name)}</th><td>{_text(_decoded(value))}</td></tr>" for name, value in mail.headers
        )
        links = (
            f'<p><a href="/">all mails</a> · <a href="/messages/{quote(mail.id)}.eml">the file</a>{_repeat(mail)}</p>'
        )
        title = _decoded(mail.header("Subject")) or "(no subject)"
        text = f"<h2>Plain text</h2><pre>{_text(text_of(raw))}</pre>"
        address = f"/messages/{quote(mail.id)}.html"
        frame = (
            f'<h2>HTML</h2><p><a href="{address}">by itself</a></p><iframe sandbox src="{address}" title="HTML part">'
        )
        parts = text if sent is None else f"{text}{frame}</iframe>"
        return _html(200, _page(title, f"{links}{parts}<h2>Headers</h2><table>{headers}</table>"))


def _summary(mail: Mail) -> dict[str, object]:
    return {
        "id": mail.id,
        "received": mail.received,
        "message_id": mail.message_id,
        "repeat": mail.repeat,
        "from": _decoded(mail.header("From")),
        "to": list(mail.recipients),
        "subject": _decoded(mail.header("Subject")),
        "size": mail.size,
        "headers": dict(reversed(mail.headers)),
    }


def _decoded(value: str) -> str:
    """A header in words: encoded words (RFC 2047) are resolved where they can be."""
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError):
        return value


def _when(mail: Mail) -> str:
    day, _, time = mail.received.partition("T")
    return f"{day[:4]}-{day[4:6]}-{day[6:]} {time[:2]}:{time[2:4]}:{time[4:6]}"


def _repeat(mail: Mail) -> str:
    return f' <span class="repeat">repeat {mail.repeat}</span>' if mail.repeat else ""


def _again(page: int, to: str, header: str) -> str:
    return urlencode({name: value for name, value in (("page", str(page)), ("to", to), ("header", header)) if value})


def _text(value: str) -> str:
    return html.escape(value, quote=True)


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(title)}</title><style>{_STYLE}</style>'
        f"<h1>{_text(title)}</h1>{body}</html>"
    )


def _html(status: int, page: str) -> tuple[int, str, bytes]:
    return status, "text/html; charset=utf-8", page.encode("utf-8", "replace")


def _json(document: object) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps(document).encode()


def _plain(status: int, words: str) -> tuple[int, str, bytes]:
    return status, "text/plain; charset=utf-8", f"{words}\n".encode()
