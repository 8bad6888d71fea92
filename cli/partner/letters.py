"""Events as a partner writes and reads them: CloudEvents 1.0 in Kafka's binary mode."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from confluent_kafka import Message

JSON = "application/json"
FIRM_SUBMITTED = "it.portolano.firm.submitted.v1"
CONSENT_REVOKED = "it.portolano.consent.revoked.v1"
REFERRAL_UPDATED = "it.portolano.referral.updated.v1"
ON_UPDATES = frozenset(
    {REFERRAL_UPDATED, "it.portolano.membership.answered.v1", "it.portolano.information.declined.v1"}
)
"""The types that go to the partner's updates topic; every other goes to its firms topic."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands; answers name it."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Letter:
    """An event on its way to Portolano. `data` is JSON as bytes, sent as it is: what is wrong with it is for the door
    to say. `attributes` are those that the fields do not name; `origin` tells the sender where the letter comes from.
    Two letters with the same words are still two.
    """

    type: str
    source: str
    id: str
    data: bytes
    time: str | None = None
    traceparent: str | None = None
    specversion: str = "1.0"
    attributes: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    def headers(self) -> list[tuple[str, str | bytes | None]]:
        """The record's headers in binary mode."""
        known = {"specversion": self.specversion, "id": self.id, "source": self.source, "type": self.type}
        if self.time is not None:
            known["time"] = self.time
        headers: list[tuple[str, str | bytes | None]] = [("content-type", JSON.encode())]
        headers += [(f"ce_{name}", value.encode()) for name, value in {**known, **self.attributes}.items()]
        if self.traceparent is not None:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers


def source_of(code: str) -> str:
    """The `source` of what partner `code` sends with this client. Always the same: an id is unique within a source."""
    return f"urn:portolano:partner:{code}"


def write(
    code: str, type: str, data: object, *, id: str | None = None, traceparent: str | None = None, origin: str = ""
) -> Letter:
    """A letter of partner `code` as of now; `data` is anything that msgspec writes as JSON. Without `id`, a new one."""
    return Letter(
        type=type,
        source=source_of(code),
        id=id or str(uuid.uuid4()),
        data=msgspec.json.encode(data),
        time=now(),
        traceparent=traceparent,
        origin=origin,
    )


def now() -> str:
    """RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An event from Portolano as the partner gets it. `missing` numbers before it did not come, not even when they were
    read again: then something is wrong on the other side.
    """

    type: str
    id: str
    subject: str | None
    time: str | None
    generation: str | None
    sequence: int | None
    data: Mapping[str, Any]
    """The members that the type has. Readers ignore what they do not know, so this stays untyped."""
    position: Position
    appended_at: datetime
    traceparent: str | None = None
    missing: int = 0

    @property
    def fact(self) -> str:
        """The type without the parts that all have in common: `referral.requested`."""
        return self.type.removeprefix("it.portolano.").removesuffix(".v1")


def read(message: Message) -> Heard:
    """What a record says. What is not there reads as empty: a reader must not fall over what it does not know."""
    headers = dict(message.headers() or {})
    texts = {name: value.decode("utf-8", "replace") for name, value in headers.items() if isinstance(value, bytes)}
    sequence = texts.get("ce_sequence", "")
    return Heard(
        type=texts.get("ce_type", ""),
        id=texts.get("ce_id", ""),
        subject=texts.get("ce_subject"),
        time=texts.get("ce_time"),
        generation=texts.get("ce_generation"),
        sequence=int(sequence) if sequence.isdecimal() else None,
        data=_members(message.value()),
        position=Position(message.topic() or "", message.partition() or 0, message.offset() or 0),
        appended_at=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        traceparent=texts.get("traceparent"),
    )


def _members(value: bytes | str | None) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(value or b"{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
