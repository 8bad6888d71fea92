"""The mail sink: what it answered with 250 is there, and what it shows cannot do anything."""

import asyncio
import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP

from deploy.local.mail_page import MailPage
from deploy.local.mail_sink import Taker
from deploy.local.mailbox import Mailbox, text_of


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    mailbox = Mailbox(tmp_path)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Taker(mailbox), hostname="localhost", enable_SMTPUTF8=True), host="127.0.0.1", port=0
    )
    yield SimpleNamespace(mailbox=mailbox, port=server.sockets[0].getsockname()[1], directory=tmp_path)
    server.close()


def _mail(number: int, message_id: str = "", subject: str = "Segnalazione") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "portolano@example.org"
    mail["To"] = f"firm{number}@example.org"
    mail["Subject"] = subject
    mail["Message-ID"] = message_id or f"<{number}@example.org>"
    mail["X-Referral"] = f"R{number}"
    mail.set_content(f"Buongiorno, società {number} <script>alert(1)</script>\n.\nfine")
    return mail


async def _send(port: int, *mails: EmailMessage) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for mail in mails:
            await client.send_message(mail)


async def _get(mailbox: Mailbox, path: str, host: str = "127.0.0.1:8025", method: str = "GET") -> tuple[int, str]:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]  # ASGI's messages are mappings

    async def receive() -> dict[str, object]:
        return {}

    path, _, query = path.partition("?")
    headers = [(b"host", host.encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    await MailPage(mailbox)(scope, receive, send)
    body = sent[1]["body"]
    assert isinstance(body, bytes)
    return int(str(sent[0]["status"])), body.decode()


async def test_what_was_taken_is_on_the_disk_and_found_again_after_a_restart(sink: SimpleNamespace) -> None:
    await _send(sink.port, *(_mail(number) for number in range(5)))
    (sink.directory / "half.draft").write_bytes(b"a crash while writing")
    again = Mailbox(sink.directory)
    before, after = ([mail.message_id for mail in box.newest_first()] for box in (sink.mailbox, again))
    assert after == before == [f"<{number}@example.org>" for number in (4, 3, 2, 1, 0)]
    newest = next(again.newest_first())
    assert text_of(again.raw(newest)).splitlines() == [
        "Buongiorno, società 4 <script>alert(1)</script>",
        ".",
        "fine",
    ]
    assert not list(sink.directory.glob("*.draft"))


async def test_a_second_mail_with_the_same_message_id_is_kept_and_shown_as_a_repeat(sink: SimpleNamespace) -> None:
    await _send(sink.port, _mail(1), _mail(2), _mail(1))
    assert await _get(sink.mailbox, "/api/count") == (200, '{"messages": 3, "distinct": 2, "repeats": 1}')
    assert [mail.repeat for mail in sink.mailbox.newest_first()] == [1, 0, 0]


async def test_mails_are_found_by_recipient_and_by_any_header(sink: SimpleNamespace) -> None:
    await _send(sink.port, *(_mail(number) for number in range(12)))
    for query, wanted in {"to=FIRM1@": 1, "header=x-referral": 12, "header=X-Referral:R3": 1, "header=X-No": 0}.items():
        status, body = await _get(sink.mailbox, f"/api/messages?{query}")
        assert (status, json.loads(body)["total"]) == (200, wanted), query
    _, body = await _get(sink.mailbox, "/api/messages?limit=2&offset=1")
    assert [found["headers"]["X-Referral"] for found in json.loads(body)["messages"]] == ["R10", "R9"]


async def test_nothing_that_a_mail_says_becomes_a_part_of_the_page(sink: SimpleNamespace) -> None:
    await _send(sink.port, _mail(1, subject='<img src=x> "società"'))
    (mail,) = sink.mailbox.newest_first()
    for path in ("/", f"/messages/{mail.id}", '/?to="><script>'):
        status, page = await _get(sink.mailbox, path)
        assert status == 200
        assert "<script" not in page
        assert "<img" not in page
    assert "società" in (await _get(sink.mailbox, "/"))[1]


async def test_a_foreign_host_name_another_method_and_another_file_are_refused(sink: SimpleNamespace) -> None:
    for host in ("portolano.example:8025", "127.0.0.1.example.org", ""):
        assert (await _get(sink.mailbox, "/", host=host))[0] == 421
    assert (await _get(sink.mailbox, "/", host="[::1]:8025"))[0] == 200
    assert (await _get(sink.mailbox, "/", method="DELETE"))[0] == 405
    assert (await _get(sink.mailbox, "/messages/..%2F..%2Fports.json"))[0] == 404
    assert (await _get(sink.mailbox, "/api/messages?limit=many"))[0] == 400


async def test_a_disk_that_takes_nothing_makes_the_sender_try_again(sink: SimpleNamespace) -> None:
    sink.mailbox.directory = sink.directory / "gone"
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await _send(sink.port, _mail(1))
    assert refused.value.code == 451
    assert len(sink.mailbox) == 0
