"""A header name that is no text is read escaped; without that it would stop every partition of the consumer."""

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from shared.feeds.tolerance import Records


def batch(name: bytes, compression: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, 0, 1 << 20)
    for offset in range(3):
        builder.append(offset, timestamp=1, key=b"k", value=b"value %d" % offset, headers=[("abcd", b"x"), ("é", None)])
    return bytes(builder.build()).replace(b"abcd", name)


def test_the_client_alone_fails_on_such_a_name() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(batch(b"\xff\xfe\xfd\xfc")).next_batch())


def test_such_a_name_is_escaped_and_everything_else_is_as_it_was() -> None:
    records = list(Records(batch(b"\xff\xfe\xfd\xfc")).next_batch())
    assert [(r.offset, r.key, r.value) for r in records] == [(n, b"k", b"value %d" % n) for n in range(3)]
    assert [r.headers for r in records] == [[("\\xff\\xfe\\xfd\\xfc", b"x"), ("é", None)]] * 3


@pytest.mark.parametrize("compression", [0, 3, 4])
def test_ordinary_batches_are_read_as_before(compression: int) -> None:
    raw = batch(b"abcd", compression)
    ours, theirs = Records(raw).next_batch(), MemoryRecords(raw).next_batch()
    assert ours.validate_crc()
    assert ours.next_offset == theirs.next_offset
    read = [[(r.offset, r.value, tuple(r.headers)) for r in records] for records in (ours, theirs)]
    assert read[0] == read[1]
