"""A batch that the client cannot read must not stop a consumer.

The client reads batches inside its fetch, strictly: one that it does not understand makes every poll fail, for all
partitions, for ever, and nothing of ours is asked before. A partner can write such a batch. The broker checks its sum,
its sizes and how many records it says to hold, and nothing more: a header's name may be no text, the byte that nobody
has given a meaning may have one bit set (the broker takes a byte, the client a number of any length, and reads
everything behind it askew), the records' places in the batch may be any. A place that is too high looks like records
that were removed unread, one that is too low makes the client pass the record over.

So batches are read as a whole. Where the client fails, or where what it read does not lie at the offsets that the
broker gave out, the batch is read again here: as many records as the batch says, each at its offset; names that are no
text escaped; of a record in which nothing can be read there is nothing but the offset. Of a record's headers no more
are kept than the door reads. The classes used are private to the client; the lock pins it, and tests show that the
trouble is real and gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.contracts.envelope import MOST_HEADERS

KEPT = MOST_HEADERS + 1
"""One more than is read, so that the door sees that there are too many."""
Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Read:
    """A record as the fetcher uses it. `timestamp` in milliseconds since 1970."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers | tuple[()] = ()
    checksum: None = None


class _Batch:
    """A batch as the fetcher uses it; its records are read all at once."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        first, after = self._batch.base_offset, self._batch.next_offset
        try:
            records = list(self._batch)
        except Exception:
            return iter(read(self._raw))
        if [record.offset for record in records] != [*range(first, after)] or _too_many(records):
            return iter(read(self._raw))
        return iter(records)


def _too_many(records: Sequence[Any]) -> bool:
    return any(len(record.headers) > KEPT for record in records)


class Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    """What a fetch brought for one partition."""

    def next_batch(self) -> Any:
        raw = self._next_slice
        batch = super().next_batch()
        return batch if batch is None or raw is None else _Batch(batch, bytes(raw))


def install() -> None:
    """Make every consumer of this process read so."""
    fetcher.MemoryRecords = Records


def read(raw: bytes) -> list[Read]:
    """The records of a batch of format 2, whatever they hold. Raises only where the batch cannot be unpacked."""
    batch = _DefaultRecordBatchPy(raw)
    batch._maybe_uncompress()
    body, at = bytes(batch._buffer), batch._pos
    appended = batch.timestamp_type == batch.LOG_APPEND_TIME
    count = batch._num_records
    whole = batch.last_offset_delta + 1 == count  # else some were compacted away, and each knows its place itself
    records = []
    for place in range(count):
        try:
            length, at = _number(body, at)
            end = at + max(length, 0)
            held = body[at:end]
        except IndexError:
            held, end = b"", len(body)
        since, delta, key, value, headers = _parts(held)
        records.append(
            Read(
                offset=batch.base_offset + (place if whole else delta),
                timestamp=batch.max_timestamp if appended else batch.first_timestamp + since,
                timestamp_type=batch.timestamp_type,
                key=key,
                value=value,
                headers=headers,
            )
        )
        at = end
    return records


def _parts(record: bytes) -> tuple[int, int, bytes | None, bytes | None, Headers]:
    """Time and place in the batch, key, value, headers; nothing of a record that is not what it should be."""
    try:
        at = 1  # behind the byte without a meaning
        since, at = _number(record, at)
        delta, at = _number(record, at)
        key, at = _sized(record, at)
        value, at = _sized(record, at)
        count, at = _number(record, at)
        headers: Headers = []
        for _ in range(min(count, KEPT)):
            name, at = _sized(record, at)
            held, at = _sized(record, at)
            headers.append(((name or b"").decode("utf-8", "backslashreplace"), held))
    except IndexError:
        return 0, 0, None, None, []
    return since, delta, key, value, headers


def _sized(record: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes behind their length; every length below nought means that there are none. `IndexError` where it ends."""
    length, at = _number(record, at)
    if length < 0:
        return None, at
    if at + length > len(record):
        raise IndexError
    return record[at : at + length], at + length


def _number(record: bytes, at: int) -> tuple[int, int]:
    """A number in zigzag, seven bits a byte, and where it ends. `IndexError` where it has no end, or ten bytes."""
    number = shift = 0
    while True:
        byte = record[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift > 63:
            raise IndexError
