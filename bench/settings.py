"""What makes broker and database durable, and the machine, as they say themselves."""

import asyncio
import os
import platform
from pathlib import Path

import asyncpg
import psutil
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]  # it re-exports by plain import

from bench.stand import Stand
from shared.agreement import load
from shared.contracts.topics import CLASSIFIER_ASSESSMENTS
from shared.feeds.kafka import Access, Producer

_BROKER = ("log.flush.interval.messages", "log.flush.interval.ms", "min.insync.replicas")
_TOPIC = ("flush.messages", "flush.ms", "min.insync.replicas", "message.timestamp.type", "compression.type")
_POSTGRES = ("synchronous_commit", "fsync", "full_page_writes", "wal_sync_method", "shared_buffers", "max_wal_size")
_NEVER = str(2**63 - 1)


async def durability(at: Stand, prefix: str) -> dict[str, str]:
    """By name, as the servers have them; of the producers, as they are built."""
    told = await _producers()
    admin = at.admin()
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    topic = ConfigResource(ConfigResource.Type.TOPIC, prefix + CLASSIFIER_ASSESSMENTS)
    for resource, names, title in ((broker, _BROKER, "Kafka"), (topic, _TOPIC, "internal topics")):
        future = admin.describe_configs([resource])[resource]
        entries = await asyncio.wait_for(asyncio.wrap_future(future), 20)
        for name in names:
            value = entries[name].value if name in entries else None
            told[f"{title}: {name}"] = "never (the kernel's)" if value in (None, _NEVER) else str(value)
    told["internal topics: partitions"] = str(load().topics.internal_partitions)
    connection = await asyncpg.connect(**at.home.admin_dsn())
    try:
        for name in _POSTGRES:
            told[f"PostgreSQL: {name}"] = str(await connection.fetchval("SELECT current_setting($1)", name))
        told["PostgreSQL: version"] = str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()
    return told


async def _producers() -> dict[str, str]:
    """Of a producer as our services build it, by its private parts: its arguments are not kept elsewhere."""
    producer = Producer(Access("127.0.0.1:1", "nobody", ""), "settings")
    try:
        acks, idempotent = producer._producer._sender._acks, producer._producer._txn_manager is not None
        return {
            "producers: acks": "all" if acks == -1 else str(acks),
            "producers: idempotent": "yes" if idempotent else "no",
        }
    finally:
        await producer.discard()


def machine() -> dict[str, str]:
    """Where it ran, without a name."""
    return {
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
