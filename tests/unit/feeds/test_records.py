"""Records say what the contract says they say, and come back as what they were."""

from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest

from shared.contracts.base import Event
from shared.feeds.failures import TooLarge, Unreadable
from shared.feeds.numbers import EventIds, Layout, feeds_of, partition_of
from shared.feeds.records import Decoders, Numbering, numbered, numbering_of, pack, record_of, unpack
from shared.feeds.speech import Cause

NOW = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
LAYOUT = Layout(partitions=12, prefix="", generation="g", service="intake")
FIRM = "9b2f6a1e-0000-4000-8000-000000000001"


class Inside(Event, frozen=True):
    type: ClassVar[str] = "it.portolano.test.inside.v1"
    feed: ClassVar[str] = "intake.firms.v1"
    text: str = ""


class Outside(Event, frozen=True):
    type: ClassVar[str] = "it.portolano.test.outside.v1"
    feed: ClassVar[str] = "partners.{partner}.receipts.v1"
    text: str = ""


CAUSE = Cause("c-1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def test_inside_an_event_is_a_structured_cloud_event() -> None:
    record = record_of(CAUSE.says(Inside(text="è"), firm_id=FIRM), "e-1", NOW, LAYOUT)
    headers = dict(numbered(record, Numbering(7, "g")))
    assert headers["content-type"].startswith(b"application/cloudevents+json")
    assert (headers["ce_sequence"], headers["ce_generation"]) == (b"00000000000000000007", b"g")
    assert headers["traceparent"].startswith(b"00-0af7")
    document = msgspec.json.decode(record.value)
    assert {key: document[key] for key in ("specversion", "id", "source", "type", "partitionkey", "time", "data")} == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "urn:portolano:intake",
        "type": Inside.type,
        "partitionkey": FIRM,
        "time": "2026-11-23T08:00:00.123456Z",
        "data": {"text": "è"},
    }


def test_a_partner_gets_a_binary_cloud_event() -> None:
    record = record_of(CAUSE.says(Outside(text="x"), to="cna", firm_id=FIRM, subject="r-1"), "e-2", NOW, LAYOUT)
    headers = dict(record.headers)
    assert headers["content-type"] == b"application/json"
    assert (headers["ce_type"], headers["ce_id"], headers["ce_subject"]) == (Outside.type.encode(), b"e-2", b"r-1")
    assert headers["ce_time"] == b"2026-11-23T08:00:00.123456Z"
    assert msgspec.json.decode(record.value) == {"text": "x"}


def test_a_packed_body_comes_back_as_it_was() -> None:
    records = [record_of(CAUSE.says(Inside(text=str(k)), firm_id=FIRM), f"e-{k}", NOW, LAYOUT) for k in range(50)]
    assert unpack(pack(records)) == records


def test_a_record_too_large_for_its_topic_is_found_before_the_commit() -> None:
    with pytest.raises(TooLarge):
        record_of(CAUSE.says(Inside(text="x" * (1 << 20)), firm_id=FIRM), "e", NOW, LAYOUT)


def test_ids_follow_from_cause_type_addressee_and_place_only() -> None:
    said = [CAUSE.says(Outside(), to=to) for to in ("cna", "cna", "aice")]
    once, again = EventIds(), EventIds()
    first = [once.next(one) for one in said]
    assert first == [again.next(one) for one in said]
    assert len(set(first)) == 3


def test_a_firm_is_always_on_the_same_partition() -> None:
    assert partition_of(FIRM, 12) == partition_of(FIRM, 12) == 4
    assert len(feeds_of((Inside, Outside), ("cna", "aice"), LAYOUT)) == 12 + 2


@pytest.mark.parametrize("headers", [(), (("ce_sequence", b"x"), ("ce_generation", b"g")), (("ce_sequence", None),)])
def test_headers_that_are_not_ours_give_no_number(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    assert numbering_of(headers) is None


class Arriving:
    """A record with this value and nothing else."""

    topic, partition, offset, timestamp, key = "t", 0, 0, 0, None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def __init__(self, document: object) -> None:
        self.value: bytes | None = msgspec.json.encode(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "Mario Rossi, RSSMRA80A01F205X"},
        {"data": {"text": ["Mario Rossi"]}},
        {"partitionkey": "Mario Rossi"},
        {"time": "Mario Rossi"},
    ],
)
def test_why_a_record_cannot_be_read_quotes_nothing_of_it(wrong: dict[str, object]) -> None:
    whole = {"id": "e", "source": "s", "type": Inside.type, "time": NOW, "partitionkey": FIRM, "data": {"text": "x"}}
    with pytest.raises(Unreadable) as caught:
        Decoders((Inside,)).read(Arriving(whole | wrong))
    assert "Rossi" not in str(caught.value)


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff", b'{"id":"\xff"}', b"[" * 100_000, b'{"data":' * 50_000, b"1e999"]
)
def test_whatever_the_bytes_of_a_record_of_ours_are_it_is_unreadable_and_nothing_else(value: bytes | None) -> None:
    arriving = Arriving({})
    arriving.value = value
    with pytest.raises(Unreadable):
        Decoders((Inside,)).read(arriving)
