"""What the mail sink has taken: this evening's files, each written before the sink answers for it."""

import email.parser
import email.policy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.local.home import Home

_HEADERS = email.parser.BytesHeaderParser(policy=email.policy.compat32)


@dataclass(frozen=True, slots=True)
class Taken:
    """One message by its Message-ID: which referral it is about, to whom, and how often it came."""

    referral_id: str
    to: str
    copies: int


def taken_since(directory: Path, moment: datetime) -> Mapping[str, Taken]:
    """Messages about referrals that came at `moment` (UTC) or later, by Message-ID."""
    first = moment.strftime("%Y%m%dT%H%M%S")  # the sink's file names begin with the time of arrival
    found: dict[str, Taken] = {}
    for path in sorted(directory.glob("*.eml")):
        if path.name < first:
            continue
        with path.open("rb") as file:
            mail = _HEADERS.parse(file)
        message_id, referral_id = (
            str(mail.get("Message-ID", "")).strip(),
            str(mail.get("X-Portolano-Referral", "")).strip(),
        )
        if message_id and referral_id:
            before = found.get(message_id)
            found[message_id] = Taken(referral_id, str(mail.get("To", "")), (before.copies if before else 0) + 1)
    return found


def page_address(home: Home) -> str:
    """Where the mails can be looked at in a browser."""
    return f"http://127.0.0.1:{home.port('mail_http')}/"
