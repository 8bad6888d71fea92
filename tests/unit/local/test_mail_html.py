"""The mail page with mails of two parts: both can be seen, and a stranger's HTML can do nothing."""

import json
from email.message import EmailMessage
from pathlib import Path

from deploy.local.mail_page import MailPage
from deploy.local.mailbox import Mailbox, html_of

HOSTILE = '<base href="//evil.example"><script>alert(1)</script><img src="//evil.example/x"></iframe><p>Città</p>'


async def got(mailbox: Mailbox, path: str) -> tuple[int, dict[str, str], str]:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {}

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
    await MailPage(mailbox)(scope, receive, send)
    begin, body = sent
    assert isinstance(begin["status"], int)
    assert isinstance(begin["headers"], list)
    assert isinstance(body["body"], bytes)
    headers = {name.decode(): value.decode() for name, value in begin["headers"]}
    return begin["status"], headers, body["body"].decode()


async def taken(directory: Path, html: str | None) -> tuple[Mailbox, str]:
    message = EmailMessage()
    message["Subject"] = "Segnalazione"
    message.set_content("In parole semplici\n")
    if html is not None:
        message.add_alternative(html, subtype="html")
    mailbox = Mailbox(directory)
    return mailbox, (await mailbox.take("a@b.example", ["c@d.example"], message.as_bytes())).id


async def test_a_mails_page_shows_the_text_and_frames_the_html_without_taking_it_in(tmp_path: Path) -> None:
    mailbox, mail = await taken(tmp_path, HOSTILE)
    status, headers, page = await got(mailbox, f"/messages/{mail}")
    assert status == 200
    assert "In parole semplici" in page
    assert f'<iframe sandbox src="/messages/{mail}.html"' in page
    assert "evil" not in page
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


async def test_the_html_part_is_given_as_it_was_sent_into_a_sandbox_that_lets_it_do_nothing(tmp_path: Path) -> None:
    mailbox, mail = await taken(tmp_path, HOSTILE)
    status, headers, page = await got(mailbox, f"/messages/{mail}.html")
    assert (status, page.strip()) == (200, HOSTILE)
    rules = {rule.strip() for rule in headers["content-security-policy"].split(";")}
    assert rules == {
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    }
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_mail_of_one_part_has_no_frame_and_no_html(tmp_path: Path) -> None:
    mailbox, mail = await taken(tmp_path, None)
    assert "<iframe" not in (await got(mailbox, f"/messages/{mail}"))[2]
    assert (await got(mailbox, f"/messages/{mail}.html"))[0] == 404
    assert (await got(mailbox, "/messages/none.html"))[0] == 404
    assert json.loads((await got(mailbox, f"/api/messages/{mail}"))[2])["html"] is None


async def test_the_json_of_a_mail_holds_both_parts(tmp_path: Path) -> None:
    mailbox, mail = await taken(tmp_path, "<p>Città</p>")
    told = json.loads((await got(mailbox, f"/api/messages/{mail}"))[2])
    assert (told["text"].strip(), told["html"].strip()) == ("In parole semplici", "<p>Città</p>")


def test_what_is_no_mail_has_no_html() -> None:
    assert html_of(b"\xff\x00 no mail") is None
    assert html_of(b"Content-Type: text/html; charset=none-such\r\n\r\n<p>x") is None
