"""A stored notification as the bytes of a mail (RFC 5322, 2045, 2046). Pure, and the same bytes every time: a repeat is
the same mail.

Written here and not by `email.message`, which parses every header that it is given and took 1.2 ms for a mail of two
parts. What that parsing guarded is checked: a header is one line of printable ASCII, an address is one mailbox.
"""

import binascii
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256

from services.notifier.domain import is_address
from services.notifier.store import Mail

_LONGEST_PLAIN_SUBJECT = 66  # with its name and CRLF a line of 78, which RFC 5322 recommends as the limit


class Unwritable(ValueError):
    """The address or the text cannot stand in a mail; sending it again would not help."""


def written(mail: Mail, sender: str) -> bytes:
    """The mail, CRLF line ends, ASCII throughout: two parts, of which a client shows the last that it can, or plain
    text alone where there is no HTML. Raises `Unwritable`.

    `X-Portolano-Referral` lets a person find the mails of a referral.
    """
    headers = {
        "From": f"Portolano <{_mailbox(sender)}>",
        "To": _mailbox(mail.address),
        "Subject": _subject(mail.subject),
        "Date": format_datetime(mail.created_at),
        "Message-ID": _one_line(mail.message_id),
        "Auto-Submitted": "auto-generated",
        "X-Portolano-Referral": _one_line(mail.referral_id),
        "MIME-Version": "1.0",
        "Content-Language": _one_line(mail.language),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
    plain = _part("plain", mail.body)
    if mail.html is None:
        return head + plain
    # No line of quoted-printable text holds "=_", so that no part can contain the boundary (RFC 2045, section 6.7).
    mark = f"=_{sha256(mail.message_id.encode()).hexdigest()[:32]}".encode("ascii")
    return b"".join(
        (
            head,
            b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n' % mark,
            b"\r\n--%b\r\n" % mark,
            plain,
            b"\r\n--%b\r\n" % mark,
            _part("html", mail.html),
            b"\r\n--%b--\r\n" % mark,
        )
    )


def _part(kind: str, text: str) -> bytes:
    """Headers and text of one part; line ends in `text` are `\\n`, others become that."""
    try:
        content = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unwritable("the text is no Unicode") from error
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    # What is encoded holds no line end but those of its lines, and writes them as it found them: `\n`.
    return head.encode("ascii") + binascii.b2a_qp(content).replace(b"\n", b"\r\n")


def _subject(text: str) -> str:
    """The subject, in encoded words (RFC 2047) where it is long, is not ASCII, or looks like one of them."""
    if not text.isprintable():
        raise Unwritable("the subject is not one printable line")
    if text.isascii() and len(text) <= _LONGEST_PLAIN_SUBJECT and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _mailbox(address: str) -> str:
    if not is_address(address):
        raise Unwritable("the address is not one plain mailbox")
    return address


def _one_line(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise Unwritable("a header is not one line of printable ASCII")
    return value
