"""A stored message as bytes, read back by the standard library's parser."""

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest

from services.notifier.message import Unwritable, written
from services.notifier.wording import LANGUAGES, LETTERS, Facts, Language, Letter
from tests.unit.notifier.builders import HOUSE, REFERRAL, mail

SENDER = "hub@portolano.example"


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=policy.default)
    assert [part.defects for part in message.walk()] == [[] for _ in message.walk()]
    return message


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_a_mail_can_be_found_by_its_referral_and_read_back() -> None:
    message = read(written(mail(), SENDER))
    assert message["X-Portolano-Referral"] == REFERRAL
    assert message["Message-ID"] == "<one@portolano.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "it"
    assert message["From"] == "Portolano <hub@portolano.example>"
    assert message["To"] == "rossi@firm.example"
    assert message["Date"].datetime == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.name)
def test_every_letter_arrives_in_two_parts_the_plain_one_first(letter: Letter, language: Language) -> None:
    words = HOUSE.write(
        letter, language, Facts(referral_id=REFERRAL, partner="CNA", firm_name="Società à\u00a0ß 株式会社")
    )
    message = read(written(mail(subject=words.subject, body=words.body, html=words.html), SENDER))
    assert message.get_content_type() == "multipart/alternative"
    assert [one.get_content_type() for one in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Subject"] == words.subject
    assert part(message, "plain") == words.body
    assert part(message, "html") == words.html


def test_a_message_from_before_there_were_two_parts_is_plain_text_alone() -> None:
    message = read(written(mail(html=None), SENDER))
    assert message.get_content_type() == "text/plain"
    assert part(message, "plain") == "Città\n"


def test_the_same_message_is_the_same_bytes_and_another_one_has_another_boundary() -> None:
    assert written(mail(), SENDER) == written(mail(), SENDER)
    other = read(written(mail(message_id="<two@portolano.example>"), SENDER))
    assert read(written(mail(), SENDER)).get_boundary() != other.get_boundary()


@pytest.mark.parametrize("body", ["x" * 5_000, "è" * 5_000, "a \n.\n..\nFrom x\n\tb\t\n", "", "=_ =3D ="])
def test_what_goes_over_the_wire_is_short_lines_of_ascii_and_nothing_is_lost(body: str) -> None:
    raw = written(mail(body=body, html=body), SENDER)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert part(read(raw), "plain") == part(read(raw), "html") == body


def test_any_kind_of_line_end_is_one_line_end() -> None:
    raw = written(mail(body="a\r\nb\rc\nd"), SENDER)
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert part(read(raw), "plain") == "a\nb\nc\nd"


def test_a_text_that_holds_the_boundary_does_not_end_the_part() -> None:
    boundary = read(written(mail(), SENDER)).get_boundary()
    hostile = f"\n--{boundary}\n\nlies\n--{boundary}--\n"
    message = read(written(mail(body=hostile, html=hostile), SENDER))
    assert len(list(message.iter_parts())) == 2
    assert part(message, "plain") == hostile


@pytest.mark.parametrize(
    "subject",
    ["", "Segnalazione", "È affidata", "è" * 300, "long " * 60 + "end", "=?utf-8?q?Bcc?=", "株式会社 " * 20 + "x"],
)
def test_a_subject_of_any_letters_and_length_is_read_as_it_was_written(subject: str) -> None:
    raw = written(mail(subject=subject), SENDER)
    assert read(raw)["Subject"] == subject
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    "broken",
    [
        {"subject": "Affidata\r\nBcc: all@example.org"},
        {"subject": "Affidata\n"},
        {"subject": "Affidata\u2028Bcc"},
        {"address": "a@b.example\r\nBcc: c@d.example"},
        {"address": "a@b.example, c@d.example"},
        {"message_id": "<one>\r\nBcc: c@d.example"},
        {"message_id": "<one>\r\n folded"},
        {"referral_id": "è"},
        {"language": "it\n"},
        {"body": "\ud800"},
    ],
)
def test_what_would_break_a_header_or_is_no_text_is_never_written(broken: dict[str, Any]) -> None:
    with pytest.raises(Unwritable):
        written(mail(**broken), SENDER)
