"""The mails that the sink has taken: one file each in `mail/`, and an index of them in memory, rebuilt at the start.

A file is `<UTC time>-<hash of the Message-ID>.eml`: the envelope as trace headers (RFC 5321, 4.4), then the mail as it
came. Mail is delivered at least once, so a Message-ID may come again: both are kept, and the later one is shown as a
repeat.
"""

import asyncio
import email.message
import email.parser
import email.policy
import email.utils
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_DRAFT = ".draft"
_HEADERS = email.parser.BytesHeaderParser(policy=email.policy.compat32)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was received. `repeat` counts earlier mails with the same Message-ID."""

    id: str
    received: str
    recipients: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    message_id: str
    repeat: int
    size: int

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), "")


class Mailbox:
    """All mails, oldest first. One event loop uses it; files are written in threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._mails: dict[str, Mail] = {}
        self._copies: Counter[str] = Counter()
        self._last = ""
        for path in sorted(directory.iterdir()):
            if path.suffix == _DRAFT:
                path.unlink()
            elif path.suffix == ".eml":
                self._enter(path.stem, path.read_bytes())

    def __len__(self) -> int:
        return len(self._mails)

    @property
    def distinct(self) -> int:
        """How many different Message-IDs there are."""
        return len(self._copies)

    def get(self, mail_id: str) -> Mail | None:
        return self._mails.get(mail_id)

    def raw(self, mail: Mail) -> bytes:
        return (self.directory / f"{mail.id}.eml").read_bytes()

    def newest_first(self, to: str = "", header: str = "") -> Iterator[Mail]:
        """Mails whose recipients contain `to`, and that carry `header` (`Name`, or `Name: value`), case ignored."""
        name, colon, value = (part.strip().lower() for part in header.partition(":"))
        for mail in reversed(list(self._mails.values())):
            if to and not any(to.lower() in recipient.lower() for recipient in mail.recipients):
                continue
            if name and not any(
                found.lower() == name and (not colon or held.strip().lower() == value) for found, held in mail.headers
            ):
                continue
            yield mail

    async def take(self, sender: str, recipients: Sequence[str], content: bytes) -> Mail:
        """Write a mail to the disk for good, then enter it. Raises `OSError` when the disk does not take it."""
        now = datetime.now(UTC)
        trace = "".join(
            [
                f"Return-Path: <{_one_line(sender)}>\r\n",
                *(f"Delivered-To: {_one_line(recipient)}\r\n" for recipient in recipients),
                f"Received: by portolano mail sink; {email.utils.format_datetime(now)}\r\n",
            ]
        )
        whole = trace.encode("utf-8", "replace") + content
        mark = _HEADERS.parsebytes(content).get("Message-ID") or content
        digest = hashlib.sha256(mark if isinstance(mark, bytes) else str(mark).strip().encode()).hexdigest()[:16]
        mail_id = f"{self._moment(now)}-{digest}"
        await asyncio.to_thread(_write, self.directory, mail_id, whole)
        return self._enter(mail_id, whole)

    def _moment(self, now: datetime) -> str:
        """The time as a part of a file name, later than any given before, so that names sort by arrival."""
        moment = now.strftime("%Y%m%dT%H%M%S.%fZ")
        if moment <= self._last:
            whole, _, fraction = self._last.rstrip("Z").partition(".")
            moment = f"{whole}.{int(fraction) + 1:06d}Z"
        self._last = moment
        return moment

    def _enter(self, mail_id: str, whole: bytes) -> Mail:
        parsed = _HEADERS.parsebytes(whole)
        headers = tuple((name, _one_line(str(value))) for name, value in parsed.items())
        message_id = _one_line(str(parsed.get("Message-ID", ""))).strip() or mail_id
        mail = Mail(
            id=mail_id,
            received=mail_id.partition("-")[0],
            recipients=tuple(value for name, value in headers if name == "Delivered-To"),
            headers=headers,
            message_id=message_id,
            repeat=self._copies[message_id],
            size=len(whole),
        )
        self._copies[message_id] += 1
        self._mails[mail_id] = mail
        self._last = max(self._last, mail.received)
        return mail


def text_of(whole: bytes) -> str:
    """The readable part of a mail: its plain text, else the source of its HTML, else as much as can be decoded."""
    try:
        message = email.message_from_bytes(whole, policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        return str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError, KeyError, AttributeError):
        return whole.decode("utf-8", "replace")


def html_of(whole: bytes) -> str | None:
    """The HTML part of a mail as it was sent; None where there is none that can be read."""
    try:
        message = email.message_from_bytes(whole, policy=email.policy.default)
        body = message.get_body(("html",))
        return str(body.get_content()) if body is not None else None
    except (LookupError, ValueError, KeyError, AttributeError):
        return None


def _write(directory: Path, mail_id: str, whole: bytes) -> None:
    draft = directory / f"{mail_id}{_DRAFT}"
    try:
        with open(draft, "xb", opener=_for_the_owner) as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(directory / f"{mail_id}.eml")
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _one_line(text: str) -> str:
    return " ".join(text.split())
