"""The contender without promises: one hop, `python -m bench.raw intake PREFIX`.

It reads a batch, decodes each record, changes something, encodes it and sends it on with the attributes that it came
with; when the broker has acknowledged the batch (acks=all, idempotent), its offsets are committed. There is no
database. After a crash it says things twice, and nobody would know; it checks nothing and decides nothing.

It has every advantage that our services have: the same client, the same sizes of batches and fetches, uvloop, and the
next batch is fetched while one is at work.
"""

import asyncio
import signal
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer

from bench import ways
from bench.hops import SESSION_SECONDS
from deploy.local.home import Home
from shared.feeds.consuming import MOST
from shared.feeds.kafka import Access, Producer
from shared.feeds.records import Arrived, Headers, Packed

PARTITIONS = 12
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


async def carry(service: str, prefix: str) -> None:
    """Carry records until SIGTERM."""
    home = Home.from_environment()
    client = home.kafka_client(service)
    consumer = AIOKafkaConsumer(
        *ways.inputs(service, prefix),
        **client,
        client_id=service,
        group_id=prefix + service,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=1 << 20,
        session_timeout_ms=SESSION_SECONDS * 1000,
        heartbeat_interval_ms=SESSION_SECONDS * 1000 // 6,
    )
    access = Access(client["bootstrap_servers"], client["sasl_plain_username"], client["sasl_plain_password"])
    producer = Producer(access, service)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await consumer.start()
    await producer.start()
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=50)
    print("ready", flush=True)
    ahead = asyncio.create_task(consumer.getmany(timeout_ms=200, max_records=MOST))
    while not stopping.is_set():
        batch = await ahead
        ahead = asyncio.create_task(consumer.getmany(timeout_ms=200, max_records=MOST))
        if batch:
            await _pass_on(producer, ways.output(service, prefix), service, batch)
            await consumer.commit({tp: records[-1].offset + 1 for tp, records in batch.items()})
    ahead.cancel()
    await consumer.stop()
    await producer.stop()


async def _pass_on(producer: Producer, topic: str, service: str, batch: Mapping[Any, Sequence[Arrived]]) -> None:
    """Return when the broker has all of it on every replica."""
    rows: dict[int, list[tuple[Packed, Headers]]] = {}
    for records in batch.values():
        for record in records:
            document = _decode(record.value or b"")
            document["passed"] = service
            headers = [(name, value or b"") for name, value in record.headers]
            packed = Packed(key=record.key, value=_encode(document), headers=headers)
            rows.setdefault(zlib.crc32(record.key or b"") % PARTITIONS, []).append((packed, headers))
    acknowledgements = []
    for partition, own in rows.items():
        acknowledgements += await producer.send(topic, partition, own)
    await asyncio.gather(*(future for _, future in acknowledgements))


if __name__ == "__main__":
    uvloop.run(carry(*sys.argv[1:3]))
