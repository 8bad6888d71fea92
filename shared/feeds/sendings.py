"""Spans of what the relay publishes: each record from being handed to the broker to its acknowledgement.

They are made afterwards, in one go. Number, type and ids are read from the record itself, which is one of ours.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from shared.feeds.numbers import split_feed
from shared.feeds.records import Packed, traceparent_of
from shared.feeds.store import Row
from shared.telemetry import names
from shared.telemetry.context import read
from shared.telemetry.names import short

if TYPE_CHECKING:
    from shared.telemetry.spans import Tracing, Value

PARTNERS = re.compile(r"(?:^|\.)partners\.([a-z0-9]+)\.([a-z]+\.v\d+)$")
"""A partner's topic under any prefix: code, and what follows it."""


class _Glance(msgspec.Struct):
    """The ids in what we said ourselves; nothing else of it is looked at."""

    firm_id: str | None = None
    referral_id: str | None = None
    need_id: str | None = None


class _Document(msgspec.Struct):
    id: str
    type: str
    data: _Glance


_glance, _document = msgspec.json.Decoder(_Glance).decode, msgspec.json.Decoder(_Document).decode


class Sending:
    """Some records of one feed that were acknowledged together; `began` and `ended` in nanoseconds since 1970."""

    def __init__(self, tracing: "Tracing", feed: str, n: int, began: int, ended: int) -> None:
        self._tracing, self._n, self._began, self._ended = tracing, n, began, ended
        self._topic, self._partition = split_feed(feed)
        found = PARTNERS.search(self._topic)
        self._partner = found[1] if found else None

    def tell(self, rows: Sequence[Row], after: int) -> None:
        """A span for each of the records of these rows that follow number `after`."""
        for sequence, record in _numbered(rows, after, self._n):
            parent = traceparent_of(tuple(record.headers))
            context = read(parent)
            if context is None or not context.sampled:
                continue
            id, kind, ids = self._ids(record)
            span = self._tracing.start(f"{names.SEND} {short(kind)}", "producer", parent=parent, at=self._began)
            attributes: dict[str, Value] = {
                names.SYSTEM: "kafka",
                names.OPERATION: "send",
                names.DESTINATION: self._topic,
                names.PARTITION: str(self._partition),
                names.MESSAGES: self._n,
                names.MESSAGE_ID: id,
                names.EVENT: short(kind),
                names.SEQUENCE: sequence,
            }
            if self._partner:
                attributes[names.PARTNER] = self._partner
            for name, value in (
                (names.FIRM, ids.firm_id),
                (names.REFERRAL, ids.referral_id),
                (names.NEED, ids.need_id),
            ):
                if value:
                    attributes[name] = value
            span.end(attributes, at=self._ended)

    def _ids(self, record: Packed) -> tuple[str, str, _Glance]:
        if self._partner is None:
            document = _document(record.value)
            return document.id, document.type, document.data
        texts = {name: value.decode() for name, value in record.headers if name in ("ce_id", "ce_type")}
        ids = _glance(record.value)
        if ids.firm_id is None:
            ids.firm_id = next((value.decode() for name, value in record.headers if name == "ce_partitionkey"), None)
        return texts["ce_id"], texts["ce_type"], ids


def _numbered(rows: Sequence[Row], after: int, n: int) -> Iterator[tuple[int, Packed]]:
    for row in rows:
        for sequence, record in enumerate(row.records, row.first):
            if after < sequence <= after + n:
                yield sequence, record
