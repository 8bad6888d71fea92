"""A batch that the broker takes and the client does not read right is read here, each record at its offset; without
that it would stop every partition of the consumer."""

from random import Random

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from shared.feeds.tolerance import KEPT, Records, read
from tests.prove.wire import CODECS, Record, batch

VALUES = [b"value 0", b"value 1", b"value 2"]


def three(attributes: int = 0) -> list[Record]:
    """Three records, of which the first is odd."""
    return [Record(VALUES[0], [(b"ce_id", b"e-0")], attributes=attributes), *(Record(value) for value in VALUES[1:])]


NAMED = [Record(VALUES[0], [(b"\xff\xfe", b"x")]), *three()[1:]]
UNREAD = {
    "a name that is no text": (batch(NAMED), UnicodeDecodeError),
    "a byte without a meaning": (batch(three(attributes=0x80)), CorruptRecordException),
}
MISPLACED = {
    "a place too high": (batch([*three()[:2], Record(VALUES[2], delta=5)]), [0, 1, 5]),
    "a place twice": (batch([*three()[:2], Record(VALUES[2], delta=1)]), [0, 1, 1]),
    "places in another order": (batch([Record(value, delta=2 - n) for n, value in enumerate(VALUES)]), [2, 1, 0]),
}


@pytest.mark.parametrize(("raw", "error"), UNREAD.values(), ids=UNREAD)
def test_the_client_alone_fails_on_it(raw: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(MemoryRecords(raw).next_batch())


@pytest.mark.parametrize(("raw", "offsets"), MISPLACED.values(), ids=MISPLACED)
def test_the_client_alone_reads_it_at_other_offsets(raw: bytes, offsets: list[int]) -> None:
    assert [record.offset for record in MemoryRecords(raw).next_batch()] == offsets


@pytest.mark.parametrize("raw", [raw for raw, _ in (UNREAD | MISPLACED).values()], ids=[*UNREAD, *MISPLACED])
def test_here_each_record_is_read_at_the_offset_that_the_broker_gave_it(raw: bytes) -> None:
    found = Records(raw).next_batch()
    assert found.validate_crc()
    assert [(record.offset, record.value) for record in found] == list(enumerate(VALUES))


def test_a_name_that_is_no_text_is_escaped() -> None:
    records = list(Records(batch([Record(b"", [(b"\xff\xfe", b"x"), ("é".encode(), None)])])).next_batch())
    assert records[0].headers == [("\\xff\\xfe", b"x"), ("é", None)]


def test_every_length_below_nought_means_that_there_is_nothing() -> None:
    (record,) = Records(batch([Record(None, [(b"a", None)], null=-9)])).next_batch()
    assert (record.key, record.value, list(record.headers)) == (None, None, [("a", None)])


def test_of_very_many_headers_one_more_is_kept_than_the_door_reads() -> None:
    records = list(Records(batch([Record(b"v", [(b"", None)] * 5000), Record(b"w")])).next_batch())
    assert [(len(record.headers), record.value) for record in records] == [(KEPT, b"v"), (0, b"w")]


@pytest.mark.parametrize("codec", CODECS)
def test_ordinary_batches_are_read_as_the_client_reads_them(codec: str) -> None:
    records = [Record(b"v%d" % n, [(b"a", b"b"), (b"c", None)], key=b"k" if n % 2 else None) for n in range(9)]
    raw = batch(records, codec=codec)
    ours, theirs = Records(raw).next_batch(), MemoryRecords(raw).next_batch()
    assert ours.next_offset == theirs.next_offset
    wanted = [(r.offset, r.timestamp, r.timestamp_type, r.key, r.value, list(r.headers)) for r in theirs]
    for found in (ours, read(raw)):
        assert [(r.offset, r.timestamp, r.timestamp_type, r.key, r.value, list(r.headers)) for r in found] == wanted


def test_the_builder_of_these_batches_writes_what_the_clients_own_does() -> None:
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)
    for n in range(3):
        builder.append(n, timestamp=0, key=b"k", value=b"value", headers=[("a", b"x"), ("b", None)])
    ours = batch([Record(b"value", [(b"a", b"x"), (b"b", None)], key=b"k")] * 3)
    assert ours[21:] == bytes(builder.build())[21:]
    assert list(MemoryRecords(ours).next_batch())


def test_whatever_the_records_bytes_are_as_many_come_as_the_batch_says() -> None:
    random = Random(3)
    head = len(batch([]))
    for n in range(3000):
        records = [Record(random.randbytes(random.randrange(9)), [(b"h", b"x")]) for _ in range(random.randrange(1, 5))]
        raw = bytearray(batch(records))
        for _ in range(random.randrange(1, 6)):
            raw[random.randrange(head, len(raw))] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
        found = list(Records(bytes(raw)).next_batch())
        assert [record.offset for record in found] == list(range(len(records))), f"input {n}: {raw.hex()}"
