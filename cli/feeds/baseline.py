"""Where a reader begins that has never read a topic, or whose store is new: at the topic's end as of now.

Its beginning may long be gone from Kafka and from the journal, so that number 1 would be waited for in vain. What was
said before the baseline is said anew by the restatement that follows; what comes after it goes on without a gap.
"""

import asyncio
from dataclasses import dataclass

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from cli.feeds.stores import administered
from deploy.local.home import Home
from shared.contracts.topics import Topic
from shared.errors import Trouble, Unreachable
from shared.feeds.kafka import Access, Topics, last_records
from shared.feeds.records import numbering_of
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Baseline:
    """What comes next for the reader in one partition, and the last number before that."""

    partition: int
    next_offset: int
    generation: str
    sequence: int


_BEGUN = """SELECT partition FROM positions WHERE topic = $1 AND next_offset > first_offset
ORDER BY partition LIMIT 1"""

_BEGIN = """INSERT INTO positions (topic, partition, topic_id, first_offset, next_offset, generation, sequence)
VALUES ($1, $2, $3, $4, $4, $5, $6) ON CONFLICT (topic, partition) DO UPDATE SET topic_id = excluded.topic_id,
    first_offset = excluded.first_offset, next_offset = excluded.next_offset, generation = excluded.generation,
    sequence = excluded.sequence, moved_at = now()"""


async def begin_at_the_end(home: Home, topic: Topic, reader: str, prefix: str = "") -> list[Baseline]:
    """Set the reader's positions on the topic to its end. Raises `Trouble` where it has read there already, or runs."""
    name = prefix + topic.name
    async with administered(home, topic.writer, prefix) as writer, administered(home, reader, prefix) as store:
        await _refuse(store, reader, name)
        found = await _ends(home, writer, topic, name)
        access = Access(f"127.0.0.1:{home.port('kafka_internal')}", topic.writer, home.kafka_password(topic.writer))
        topic_id = (await Topics(access).ids([name]))[name]
        async with store.transaction():
            for one in found:
                await store.execute(
                    _BEGIN, name, one.partition, topic_id, one.next_offset, one.generation, one.sequence
                )
    return found


async def _refuse(store: Connection, reader: str, name: str) -> None:
    begun = await store.fetchval(_BEGUN, name)
    if begun is not None:
        raise Trouble(
            f"{reader} has read {name}/{begun} already, and goes on where it was: leave --begin away, what is said "
            "anew reaches it"
        )
    running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
    if await store.fetchval(running, reader):
        raise Trouble(f"{reader} runs: stop its processes, and start them when this is done")


async def _ends(home: Home, writer: Connection, topic: Topic, name: str) -> list[Baseline]:
    access = Access(f"127.0.0.1:{home.port('kafka_internal')}", topic.writer, home.kafka_password(topic.writer))
    offsets = await asyncio.to_thread(_offsets, home, name)
    try:
        last = await last_records(access, f"{topic.writer}-baseline", [(name, k) for k in offsets])
    except (ConnectionError, TimeoutError) as error:
        raise Unreachable("Kafka does not answer: look at `portolano status`") from error
    generation = await writer.fetchval("SELECT generation FROM generations ORDER BY number DESC LIMIT 1")
    rows = await writer.fetch("SELECT feed, published FROM relayed")
    published = {row["feed"]: row["published"] for row in rows}
    found = []
    for partition, end in sorted(offsets.items()):
        records = last.get((name, partition), [])
        numbers = [one for record in records if (one := numbering_of(record.headers)) is not None]
        top = max(numbers, key=lambda one: one.sequence, default=None)
        if top is None:  # all of it has gone with its keep
            found.append(Baseline(partition, end, generation, published.get(f"{name}/{partition}", 0)))
        else:
            found.append(Baseline(partition, records[-1].offset + 1, top.generation, top.sequence))
    return found


def _offsets(home: Home, name: str) -> dict[int, int]:
    """Partition -> the offset after its last record."""
    admin = AdminClient({**home.kafka_admin(), "log_level": 0})
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent leaves this one without types
    try:
        partitions = admin.list_topics(name, timeout=10).topics[name].partitions
        asked = admin.list_offsets({TopicPartition(name, k): latest for k in partitions}, request_timeout=10)
        return {one.partition: future.result(12).offset for one, future in asked.items()}
    except KafkaException as error:
        raise Unreachable("Kafka does not answer: look at `portolano status`") from error
