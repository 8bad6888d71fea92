"""The runtime's spans: one per batch, one per record heard, one per record said.

A record's span is a child of the span that published it, carries every id by which somebody may look for it, and links
to its batch's. What is said because of it carries the record's own span on, so that the next service's span is its
child. Spans are made before the handler decides, since their ids travel with what is said, and end only after the
commit: a try that failed leaves no span, only an event on the batch's.

A partner's answer comes in a trace of its own. The span in which a referral was first spoken of is kept with the store,
and whatever concerns the referral in another trace links to it.

Telemetry is never the reason that a batch fails: what goes wrong in here is logged once and the batch goes on without.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from shared.feeds.records import Arrived, numbering_of, traceparent_of
from shared.feeds.sendings import PARTNERS, Sending
from shared.feeds.speech import Cause, Heard, Outcome, Place, Said
from shared.feeds.store import Row
from shared.postgres.pool import Connection
from shared.telemetry import names
from shared.telemetry.names import short

if TYPE_CHECKING:
    from shared.telemetry.spans import Recorded, Tracing, Value

log = logging.getLogger(__name__)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(slots=True)
class _Under:
    """A record under way: its span, and what is learnt of it until the commit."""

    heard: Heard[Any]
    span: "Recorded"
    door: bool
    sequence: int | None
    event: str | None
    referrals: dict[str, None]


class Traces:
    """Makes the spans of one service's runtime."""

    def __init__(self, tracing: "Tracing", service: str, group: str) -> None:
        self.tracing = tracing
        self._service = service
        self.group = group
        self._complained = False

    def batch(self, records: int) -> "BatchTrace | None":
        """A trace for a batch of so many records; None where nobody would take it."""
        # A span each for what is heard, and about two for what is said.
        return BatchTrace(self, records) if self.tracing.takes(records + 1) else None

    def published(self, feed: str, rows: Sequence[Row], after: int, n: int, began: int) -> None:
        """The `n` records of these rows that follow number `after` were acknowledged; `began` in ns since 1970."""
        if n and self.tracing.takes(n):
            with self.harmless("a sending"):
                Sending(self.tracing, feed, n, began, time.time_ns()).tell(rows, after)

    def harmless(self, what: str) -> "_Harmless":
        return _Harmless(self._complain, what)

    def _complain(self, what: str, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            log.error("%s could not be traced, nor perhaps others: %s", what, type(error).__name__)


class _Harmless:
    """What fails in here is not passed on."""

    def __init__(self, complain: Callable[[str, Exception], None], what: str) -> None:
        self._complain, self._what = complain, what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if isinstance(error, Exception):
            self._complain(self._what, error)
            return True
        return False


class BatchTrace:
    """A batch under way, through all its tries and halves."""

    def __init__(self, traces: Traces, records: int) -> None:
        self._traces = traces
        self._records = records
        self._began = time.time_ns()
        self._tries = 0
        self._under: dict[str, _Under] = {}
        self._span = traces.tracing.start(names.PROCESS_BATCH, "consumer", at=self._began)

    @property
    def traceparent(self) -> str:
        return self._span.traceparent

    def begin(self, opened: Sequence[tuple[Heard[Any], Arrived, str | None]]) -> list[Heard[Any]]:
        """Begin a try: the records as they are heard, each with its door's topic or None on a feed. Gives them back
        with the span that they are heard in; as they were where that fails."""
        self._tries += 1
        self._under = {}
        with self._traces.harmless("a batch"):
            return [self._begin(*one) for one in opened]
        return [heard for heard, _, _ in opened]

    def _begin(self, heard: Heard[Any], record: Arrived, door: str | None) -> Heard[Any]:
        event = _type_at_door(record) if door else heard.event.type
        name = short(event) if event else (door or "").replace("{partner}.", "")
        span = self._traces.tracing.start(
            f"{names.PROCESS} {name}",
            "consumer",
            parent=heard.cause.traceparent,
            cause=heard.cause.id,
            joins=self._span,
            at=self._began,
        )
        numbering = numbering_of(record.headers) if not door else None
        self._under[heard.cause.id] = _Under(
            heard, span, door is not None, numbering.sequence if numbering else None, event, _referrals(heard.event)
        )
        return replace(heard, cause=Cause(heard.cause.id, span.traceparent))

    async def join(self, connection: Connection, said: Sequence[Said]) -> None:
        """Learn which referrals each record was about, keep the trace of those that are new, link to that of others."""
        first: dict[str, str] = {}
        for one in said:
            under = self._under.get(one.cause.id)
            referral_id = getattr(one.event, "referral_id", None)
            if under is not None and referral_id:
                under.referrals[referral_id] = None
                first.setdefault(referral_id, under.span.traceparent)
        if first:
            with self._traces.harmless("what referrals are about"):
                async with connection.transaction():  # a savepoint: a failure in here must leave the batch's own work
                    kept = await connection.fetch(_KEEP, sorted(first), [first[each] for each in sorted(first)])
                before = {row["referral_id"]: row["traceparent"] for row in kept}
                for under in self._under.values():
                    for referral_id in under.referrals:
                        under.span.link(before.get(referral_id), "referral")

    def end(
        self,
        outcomes: Mapping[Place, Outcome],
        unread: Sequence[tuple[Arrived, str | None]],
        error: str | None,
        firms: Mapping[str, str | None],
    ) -> None:
        """The try is committed. `outcomes` tells those that were not applied, `error` the kind of failure that held a
        record, `firms` the firm of each cause, which a door learns late."""
        with self._traces.harmless("a batch"):
            at = time.time_ns()
            for id, under in self._under.items():
                outcome = outcomes.get(under.heard.place, Outcome.APPLIED)
                attributes = self._attributes(under, firms.get(id))
                attributes[names.OUTCOME] = outcome.value
                under.span.end(attributes, error if outcome is Outcome.HELD else None, at)
            for record, firm_id in unread:
                self._end_unread(record, firm_id, error, at)
        self._under = {}

    def _end_unread(self, record: Arrived, firm_id: str | None, error: str | None, at: int) -> None:
        span = self._traces.tracing.start(
            f"{names.PROCESS} {_without_prefix(record.topic)}",
            "consumer",
            parent=traceparent_of(record.headers),
            joins=self._span,
            at=self._began,
        )
        place = Place(record.topic, record.partition, record.offset)
        attributes = _whereabouts(place, self._traces.group) | {names.OUTCOME: Outcome.HELD.value}
        if firm_id:
            attributes[names.FIRM] = firm_id
        span.end(attributes, error, at)

    def failed(self, error: Exception) -> None:
        """A try failed and another follows."""
        self._span.event(names.RETRY, type(error).__name__)

    def close(self) -> None:
        """The batch is through, or given up."""
        attributes: dict[str, Value] = {names.MESSAGES: self._records, names.TRIES: self._tries}
        attributes |= {names.SYSTEM: "kafka", names.OPERATION: "process", names.GROUP: self._traces.group}
        self._span.end(attributes)

    def _attributes(self, under: _Under, firm_id: str | None) -> "dict[str, Value]":
        heard = under.heard
        attributes = _whereabouts(heard.place, self._traces.group)
        if under.event is not None:
            attributes[names.EVENT] = short(under.event)
        if under.sequence is not None:
            attributes[names.SEQUENCE] = under.sequence
        if under.door:
            submission = getattr(heard.event, "id", None)
            if isinstance(submission, str) and _UUID.fullmatch(submission):
                attributes[names.SUBMISSION] = submission
        else:
            attributes[names.MESSAGE_ID] = heard.cause.id
            if need_id := getattr(heard.event, "need_id", None):
                attributes[names.NEED] = need_id
        if heard.partner:
            attributes[names.PARTNER] = heard.partner
        if firm_id:
            attributes[names.FIRM] = firm_id
        if len(under.referrals) == 1:
            (attributes[names.REFERRAL],) = under.referrals
        elif under.referrals:
            attributes[names.REFERRALS] = len(under.referrals)  # each stands on the span that sends its request
        return attributes


_KEEP = """WITH kept AS (INSERT INTO referral_traces (referral_id, traceparent)
    SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING)
SELECT referral_id, traceparent FROM referral_traces WHERE referral_id = ANY($1)"""
"""The answer is of before the statement: those that were kept already."""


def _whereabouts(place: Place, group: str) -> "dict[str, Value]":
    return {
        names.SYSTEM: "kafka",
        names.OPERATION: "process",
        names.DESTINATION: place.topic,
        names.PARTITION: str(place.partition),
        names.OFFSET: place.offset,
        names.GROUP: group,
        names.PLACE: str(place),
    }


def _type_at_door(record: Arrived) -> str | None:
    """The type that a partner gave its event, where the contract knows it and it stands in a header."""
    for name, value in record.headers:
        if name == "ce_type" and value is not None:
            text = value[:64].decode("utf-8", "replace")
            return text if text in names.DOOR_TYPES else None
    return None


def _referrals(event: object) -> dict[str, None]:
    found = getattr(event, "referral_id", None)
    return {found: None} if isinstance(found, str) and found else {}


def _without_prefix(topic: str) -> str:
    found = PARTNERS.search(topic)
    return f"partners.{found[2]}" if found else ".".join(topic.split(".")[-3:])
