"""Header names that are no text must not stop a consumer.

The client decodes header names strictly, inside its fetch: one record with a name of two stray bytes makes every poll
fail, for all partitions, for ever, and nothing of ours is asked before. So batches are read as a whole, and one that
cannot be is read again with the bytes of its names escaped. The classes used are private to the client; the lock pins
it, and a test shows that the trouble is real and gone.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class _Escaping(bytearray):
    """Bytes whose slices decode to something, whatever they are."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return _Escaping(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


class _Lenient(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no types
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Escaping(self._buffer)


class _Batch:
    """A batch as the fetcher uses it; its records are read all at once."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            records = list(self._batch)
        except UnicodeDecodeError:
            records = list(_Lenient(self._raw))
        return iter(records)


class Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    """What a fetch brought for one partition."""

    def next_batch(self) -> Any:
        raw = self._next_slice
        batch = super().next_batch()
        return batch if batch is None or raw is None else _Batch(batch, bytes(raw))


def install() -> None:
    """Make every consumer of this process read so."""
    fetcher.MemoryRecords = Records
