"""Record batches byte by byte, and a client that sends whatever it is given: what no ordinary producer would write.

A batch is right but for what is asked to be wrong: sizes and check sum are made last, so that the broker takes it for
whole. The format is that of Kafka's record batches, version 2 (`RecordBatch` in its protocol guide).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from aiokafka import codec as codecs
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c

TRANSACTIONAL, CONTROL = 0x10, 0x20
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
NULL = -1
"""The length of what is not there; every other negative number should mean nothing, and is read the same."""
_ANSWER_MS = 30_000


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is written. Headers' names are bytes: nobody makes a stranger write text.

    `null` is the length that stands for a missing key, value or header value. `delta` is the record's place in the
    batch, its own number there where it is left out. `attributes` is a byte that nobody has given a meaning.
    `overlong` is how many bytes more than it needs its own length is written with.
    """

    value: bytes | None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    key: bytes | None = None
    null: int = NULL
    delta: int | None = None
    attributes: int = 0
    overlong: int = 0

    def __bytes__(self) -> bytes:
        body = bytearray(self.attributes.to_bytes(1, "big") + varint(0) + varint(self.delta or 0))
        body += self._sized(self.key) + self._sized(self.value) + varint(len(self.headers))
        for name, value in self.headers:
            body += varint(len(name)) + name + self._sized(value)
        return varint(len(body), self.overlong) + bytes(body)

    def _sized(self, some: bytes | None) -> bytes:
        return varint(self.null) if some is None else varint(len(some)) + some


def varint(number: int, overlong: int = 0) -> bytes:
    """Zigzag and seven bits a byte, with as many bytes more than it takes as are asked for."""
    left = (number << 1) ^ (number >> 63)
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    for _ in range(overlong):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def batch(
    records: Sequence[Record],
    *,
    codec: str = "none",
    attributes: int = 0,
    most: int | None = None,
    body: bytes | None = None,
) -> bytes:
    """The batch of these records. `most` is the number of the last one, `body` what stands in place of the records,
    where that is to be another than it is."""
    placed = [one if one.delta is not None else replace(one, delta=n) for n, one in enumerate(records)]
    packed = _packed(b"".join(map(bytes, placed)) if body is None else body, codec)
    last = len(records) - 1 if most is None else most
    head = struct.pack(">hiqqqhii", attributes | CODECS[codec], last, 0, 0, -1, -1, -1, len(records))
    checked = head + packed
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, calc_crc32c(checked)) + checked


def _packed(body: bytes, codec: str) -> bytes:
    match codec:
        case "none":
            return body
        case "gzip":
            return bytes(codecs.gzip_encode(body))
        case "snappy":
            return bytes(codecs.snappy_encode(body))
        case "lz4":
            return bytes(codecs.lz4_encode(body))
        case "zstd":
            return bytes(codecs.zstd_encode(body))
        case _:
            raise ValueError(f"no such codec: {codec}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the broker says of a batch: 0 and the first record's offset, or an error code of Kafka's."""

    error: int
    offset: int


class Hand:
    """One user's connection, over which batches go as they are."""

    def __init__(self, access: dict[str, Any]) -> None:
        self._client: Any = AIOKafkaClient(**access, client_id="hand")

    async def __aenter__(self) -> Self:
        await self._client.bootstrap()
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self._client.close()

    async def send(self, topic: str, raw: bytes, partition: int = 0) -> Answer:
        """Hand a batch over, to be on disk before it is answered. Raises what aiokafka raises where no answer comes."""
        await self._client.add_topic(topic)
        node = self._client.cluster.leader_for_partition(_Place(topic, partition))
        request = ProduceRequest(None, -1, _ANSWER_MS, [(topic, [(partition, raw)])])
        response = await self._client.send(node, request)
        ((_, ((_, error, offset, *_),)),) = response.topics
        return Answer(error, offset)


@dataclass(frozen=True, slots=True)
class _Place:
    topic: str
    partition: int
