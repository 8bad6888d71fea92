"""The links that a firm gets by mail: what a page is asked for, until when, and our signature over both. Pure.

    <purpose>.<id>.<end>.<signature>      outcomes.00000000-0000-5000-8000-000000000001.1767222000.QmFz…

The id is ours (a UUID), the end is in seconds since 1970, the signature is HMAC-SHA-256 over what stands before it, in
the unpadded alphabet of URLs (RFC 4648, section 5). Nothing personal stands in it, and nothing of it is secret but the
right to answer: whoever has the link may. A link is good for its one purpose.

Two keys may hold at a time: links are signed with the first, and the one before it is still believed, so that a key is
changed without a link being lost.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

PATH = "/answer"
"""Where the page is, below the address that firms are given."""

_TOKEN = re.compile(r"([a-z]{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,11})\.([A-Za-z0-9_-]{43})")


class Purpose(StrEnum):
    """What a link asks the firm."""

    OUTCOMES = "outcomes"
    """Whether what a partner reported of a completed referral is so; the id is the referral's."""
    PREFERENCE = "preference"
    """Whether the firm wants to be served by the body that says so; the id is that of referral's question."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for. `until` has whole seconds; the link holds in the last one as well."""

    purpose: Purpose
    id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NoLink:
    """The text is no link of ours: cut short, or made up."""


@dataclass(frozen=True, slots=True)
class Forged:
    """It looks like one, and the signature is not ours."""


@dataclass(frozen=True, slots=True)
class Links:
    """Signs links and reads them. `address` is where firms reach us, without a slash at its end."""

    address: str
    keys: Sequence[bytes] = field(repr=False)

    def to(self, link: Link) -> str:
        """The whole link."""
        signed = f"{link.purpose}.{link.id}.{int(link.until.timestamp())}"
        return f"{self.address}{PATH}?link={signed}.{_signature(self.keys[0], signed)}"

    def read(self, token: str) -> Link | NoLink | Forged:
        """What a link is for, if it is ours; whether it still holds is the reader's question."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return NoLink()
        purpose, id, end, signature = found.groups()
        signed = f"{purpose}.{id}.{end}"
        # Every key is tried, also after a match: how long it takes tells nothing.
        if not sum(hmac.compare_digest(_signature(key, signed), signature) for key in self.keys):
            return Forged()
        if purpose not in tuple(Purpose):
            return NoLink()  # of a version that asked for more than this one
        return Link(Purpose(purpose), id, datetime.fromtimestamp(int(end), UTC))


def _signature(key: bytes, signed: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
