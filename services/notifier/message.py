"""A stored notification as the bytes of a mail (RFC 5322). Pure, and the same bytes every time: a repeat is the same
mail."""

from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from services.notifier.store import Mail


class Unwritable(ValueError):
    """The address or the text cannot stand in a mail; sending it again would not help."""


def written(mail: Mail, sender: str) -> bytes:
    """The mail, CRLF line ends, ASCII throughout. Raises `Unwritable`.

    Headers are set through the library, which refuses line breaks in them; `X-Portolano-Referral` lets a person find
    the mails of a referral.
    """
    message = EmailMessage(policy=policy.SMTP)
    try:
        message["From"] = Address("Portolano", addr_spec=sender)
        message["To"] = Address(addr_spec=mail.address)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.created_at)
        message["Message-ID"] = mail.message_id
        message["Content-Language"] = mail.language
        message["Auto-Submitted"] = "auto-generated"
        message["X-Portolano-Referral"] = mail.referral_id
        message.set_content(mail.body, cte="quoted-printable")
        return message.as_bytes()
    except (ValueError, UnicodeError, IndexError) as error:  # IndexError: the library's parser on odd addresses
        raise Unwritable(type(error).__name__) from error
