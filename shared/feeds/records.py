"""Events to Kafka records and back.

Internal feeds carry structured CloudEvents (one JSON document), partners' topics binary ones (attributes as `ce_*`
headers): structured costs a fifth less between our own services, binary is what other people's tools like best.
Number and generation are known last and always travel as headers, so the rest of a record is finished, packed and
compressed before it is numbered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import cramjam
import msgspec

from shared.contracts.base import Event
from shared.feeds.failures import TooLarge, Unreadable, deciding
from shared.feeds.numbers import EventIds, Layout
from shared.feeds.speech import Said

LIMIT = 1 << 20
"""The largest record that we write, in bytes of value and headers; topics take batches of 4 MiB."""

Headers = list[tuple[str, bytes]]


CLOCK = "portolano-clock"
"""Header: the version of the timer that caused the record; a number, which tells a partner nothing."""
ORDER = "portolano-order"
"""Header, on our own feeds alone: the person's order that caused the record."""


class Arrived(Protocol):
    """What we use of a record that the Kafka client hands over."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]: ...


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """A record as it waits in the outbox: all but its number."""

    key: bytes | None
    value: bytes
    headers: Headers


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A structured CloudEvent on an internal feed; `data` stays raw until its type is known."""

    id: str
    source: str
    type: str
    time: datetime
    partitionkey: str
    data: msgspec.Raw
    dataschema: str = ""
    datacontenttype: str = "application/json"
    specversion: str = "1.0"


@dataclass(frozen=True, slots=True)
class Numbering:
    """What a record says about its place in the feed. `fork` is set on the first record of a generation only."""

    sequence: int
    generation: str
    fork: int | None = None


_FIRM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_encode = msgspec.json.Encoder().encode
_envelope = msgspec.json.Decoder(Envelope).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Packed]).decode


def rfc3339(at: datetime) -> str:
    """A UTC time as CloudEvents wants it."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def by_feed(said: Sequence[Said], now: datetime, layout: Layout) -> dict[str, list[Packed]]:
    """The records of what is said, by feed; without what was said in a life of the store that it has lost."""
    ids = EventIds()
    records: dict[str, list[Packed]] = {}
    with deciding():
        for one in said:
            event_id = ids.next(one)
            if event_id not in layout.said:
                records.setdefault(layout.feed_of(one), []).append(record_of(one, event_id, now, layout))
    return records


def record_of(said: Said, event_id: str, now: datetime, layout: Layout) -> Packed:
    """The record that carries an event, without its number. Raises `TooLarge`."""
    form = _structured if said.to is None else _binary
    record = form(said, event_id, now, layout)
    size = len(record.value) + sum(len(name) + len(value) for name, value in record.headers)
    if size > LIMIT:
        raise TooLarge(f"{said.event.type} {event_id} has {size} bytes, more than the {LIMIT} that a record may have")
    return record


def _structured(said: Said, event_id: str, now: datetime, layout: Layout) -> Packed:
    kind = said.event.type
    envelope = Envelope(
        id=event_id,
        source=f"urn:portolano:{layout.service}",
        type=kind,
        time=now,
        partitionkey=said.firm_id or "",
        dataschema=f"urn:portolano:schemas:{kind}",
        data=msgspec.Raw(_encode(said.event)),
    )
    headers: Headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    if said.cause.traceparent:
        headers.append(("traceparent", said.cause.traceparent.encode()))
    if said.cause.clock is not None:
        headers.append((CLOCK, b"%d" % said.cause.clock))
    if said.cause.order is not None:
        headers.append((ORDER, said.cause.order))
    return Packed(key=(said.firm_id or "").encode(), value=_encode(envelope), headers=headers)


@lru_cache(maxsize=64)
def _alike(service: str, kind: str, now: datetime) -> tuple[tuple[str, bytes], ...]:
    """What all events of a type that a transaction says carry alike."""
    return (
        ("ce_source", f"urn:portolano:{service}".encode()),
        ("ce_type", kind.encode()),
        ("ce_time", rfc3339(now).encode()),
        ("ce_dataschema", f"urn:portolano:schemas:{kind}".encode()),
    )


def _binary(said: Said, event_id: str, now: datetime, layout: Layout) -> Packed:
    headers: Headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        *_alike(layout.service, said.event.type, now),
    ]
    subject = said.subject or said.firm_id
    if subject:
        headers.append(("ce_subject", subject.encode()))
    if said.firm_id:
        headers.append(("ce_partitionkey", said.firm_id.encode()))
    if said.cause.traceparent:
        headers.append(("traceparent", said.cause.traceparent.encode()))
    if said.cause.clock is not None:
        headers.append((CLOCK, b"%d" % said.cause.clock))
    return Packed(key=subject.encode() if subject else None, value=_encode(said.event), headers=headers)


def numbered(record: Packed, numbering: Numbering) -> Headers:
    """The headers of a record that has its number."""
    headers = [
        *record.headers,
        ("ce_generation", numbering.generation.encode()),
        ("ce_sequence", b"%020d" % numbering.sequence),
    ]
    if numbering.fork is not None:
        headers.append(("ce_fork", b"%020d" % numbering.fork))
    return headers


def numbering_of(headers: tuple[tuple[str, bytes | None], ...]) -> Numbering | None:
    """What the headers say about number and generation; None where they do not (not a record of ours)."""
    found: dict[str, bytes] = {}
    for name, value in headers:
        if value is not None and name in ("ce_sequence", "ce_generation", "ce_fork"):
            found[name] = value
    try:
        fork = found.get("ce_fork")
        return Numbering(
            sequence=int(found["ce_sequence"]),
            generation=found["ce_generation"].decode(),
            fork=None if fork is None else int(fork),
        )
    except (KeyError, ValueError):
        return None


def event_id_of(record: Packed) -> str:
    """The id of the event that a record of ours carries."""
    for name, value in record.headers:
        if name == "ce_id":
            return value.decode()
    return _envelope(record.value).id


def is_firm_id(text: str) -> bool:
    """Whether the database would take it for a firm's key; what it would not must never get as far as a lock."""
    return _FIRM_ID.fullmatch(text) is not None


def traceparent_of(headers: tuple[tuple[str, bytes | None], ...]) -> str | None:
    """The trace context, where it is one. What else a stranger wrote there is not carried on: it could be of any
    length, and hold what no database takes."""
    for name, value in headers:
        if name == "traceparent" and value is not None:
            text = value[:56].decode("ascii", "replace")
            return text if _TRACEPARENT.fullmatch(text) else None
    return None


class Decoders:
    """Reads internal records into the events that a service subscribed to."""

    def __init__(self, events: tuple[type[Event], ...]) -> None:
        self._by_type = {event.type: msgspec.json.Decoder(event) for event in events}

    def read(self, record: Arrived) -> tuple[Envelope, Event]:
        """Raises `Unreadable`: an internal record that we cannot read is a fault of ours and is held."""
        if record.value is None:
            raise Unreadable("the record has no value")
        try:
            envelope = _envelope(record.value)
            decoder = self._by_type.get(envelope.type)
            if decoder is None:
                raise Unreadable("nobody here subscribed to its type")
            if envelope.partitionkey and not is_firm_id(envelope.partitionkey):
                raise Unreadable("its partitionkey is not a firm")
            return envelope, decoder.decode(envelope.data)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            # Text that is no UTF-8 and nesting without an end are told by Python's own errors, not by msgspec's.
            # Only where it is wrong: the message may quote what the record says of a person.
            where = re.search(r"at `(\$[\w.\[\]-]*)`", str(error))
            raise Unreadable(f"not an event of ours: {type(error).__name__} at {where[1] if where else '$'}") from None


def pack(records: list[Packed]) -> bytes:
    """The body of an outbox row: zstd, level 1, since a batch of alike events shrinks to a third at almost no cost."""
    return bytes(cramjam.zstd.compress(_pack(records), level=1))


def unpack(body: bytes) -> list[Packed]:
    return _unpack(bytes(cramjam.zstd.decompress(body)))
