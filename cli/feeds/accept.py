"""A person's word that a topic is to be read and written as it is now, although it is not what it was.

Readers of ours stop at a topic that was deleted and made again, and at a partner's topic that has lost records unread;
a writer of ours says nothing more on a topic that was made again. Here a person says that this is how it is: positions
move to what is there, and on a topic of ours everything that the journal has comes again, in order, from the topic's
beginning. What was said on it out of turn meanwhile is removed first, since it comes again too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from cli.feeds.republish import FEEDS
from cli.feeds.stores import NOWHERE, administered, administrator, changing, declared, logs_of, note, services_at
from deploy.local.home import Home
from shared.errors import Trouble, Unreachable
from shared.feeds import store
from shared.feeds.kafka import in_thread
from shared.feeds.logs import Log
from shared.feeds.numbers import split_feed
from shared.feeds.sifting import Position
from shared.postgres.pool import Connection

_HEARD = """SELECT partition, sequence FROM positions
WHERE topic = $1 AND (generation = $2 OR $2 = ANY(past)) ORDER BY partition"""
PATIENCE = 15.0
"""Seconds for the first record that a log still has."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What changes for a service: as reader of a partition, the offset at which it goes on and where it stood; as
    writer of a feed, the number from which all comes again and the last one that was published."""

    service: str
    place: str
    kind: str
    """reads, or writes"""
    was: int
    now: int
    another_topic: bool


async def accept(
    home: Home, topic: str, reason: str, *, by: str, rehearse: bool = False, prefix: str = ""
) -> list[Accepted]:
    """Accept `topic` in every service that reads or writes it. Raises `Trouble` where there is nothing to accept, or
    nothing that could be accepted."""
    writer, services, admin = declared(topic, prefix).writer, services_at(declared(topic, prefix)), administrator(home)
    logs = await logs_of(admin, topic)
    if not logs:
        raise Trouble(f"there is no topic {topic}: run `portolano provision` first")
    if writer in services:
        await _refuse_older(home, writer, [one for one in services if one != writer], topic, prefix)
    said: list[Accepted] = []
    for service in services:
        async with changing(home, service, prefix, keep=not rehearse) as connection:
            told = await _written(connection, service, topic, logs, admin, rehearse)
            if told:
                await note(connection, "accept", topic, _changed(told), by, reason)
                await connection.execute("SELECT pg_notify('outbox', '')")
            said += told
    if not rehearse:
        logs = await logs_of(admin, topic)  # what was out of turn is gone, by whoever's command
    for service in services:
        async with changing(home, service, prefix, keep=not rehearse) as connection:
            heard = await _read(home, connection, service, topic, logs)
            if heard:
                await note(connection, "accept", topic, _changed(heard), by, reason)
            said += heard
    if not said:
        raise Trouble(f"{topic} is what it was for all who read and write it: there is nothing to accept")
    return said


async def _refuse_older(home: Home, writer: str, readers: Sequence[str], topic: str, prefix: str) -> None:
    """Raises `Trouble` where a reader has heard more than the writer's store has said. Nothing else tells that this
    store is an older copy once its topic is gone too, and its next numbers would be dropped as heard before."""
    async with administered(home, writer, prefix) as store:
        generation = await store.fetchval("SELECT generation FROM generations ORDER BY number DESC LIMIT 1")
        rows = await store.fetch("SELECT feed, sequence FROM feeds")
    said = {row["feed"]: row["sequence"] for row in rows}
    for reader in readers:
        async with administered(home, reader, prefix) as store:
            heard = await store.fetch(_HEARD, topic, generation)
        for row in heard:
            feed = f"{topic}/{row['partition']}"
            if row["sequence"] > said.get(feed, 0):
                raise Trouble(
                    f"{reader} has heard number {row['sequence']} of {feed}, and the store of {writer} ends with "
                    f"{said.get(feed, 0)}: it is an older copy, and what it said since went with the topic; put a "
                    "newer copy in place"
                )


def _changed(said: list[Accepted]) -> Mapping[str, Any]:
    return {one.place: {"was": one.was, "now": one.now, "another_topic": one.another_topic} for one in said}


async def _written(
    connection: Connection, service: str, topic: str, logs: Mapping[int, Log], admin: AdminClient, rehearse: bool
) -> list[Accepted]:
    feeds = [(row, logs.get(split_feed(row["feed"])[1])) for row in await connection.fetch(FEEDS, topic)]
    told, strays = [], []
    for row, log in feeds:
        if log is None or row["published"] == 0 or row["topic_id"] in (None, log.topic_id):
            continue
        first = row["kept"] or row["head"] + 1
        told.append(Accepted(service, row["feed"], "writes", row["published"], first, another_topic=True))
        strays.append((row["feed"], log))
        await connection.execute(
            "UPDATE relayed SET topic_id = $2, begins = $3::bigint, published = $3::bigint - 1 WHERE feed = $1",
            row["feed"],
            log.topic_id,
            first,
        )
    if told:  # where we had not published anything, nothing of what lies there is ours
        strays += [(row["feed"], log) for row, log in feeds if log is not None and row["published"] == 0]
    before = [TopicPartition(*split_feed(feed), log.end) for feed, log in strays if log.end > log.begin]
    if before and not rehearse:
        await _remove_records(admin, before)
    return told


async def _remove_records(admin: AdminClient, before: list[TopicPartition]) -> None:
    removed = admin.delete_records(before, request_timeout=10)
    await in_thread(lambda: [future.result(12) for future in removed.values()])


async def _read(
    home: Home, connection: Connection, service: str, topic: str, logs: Mapping[int, Log]
) -> list[Accepted]:
    rows = await connection.fetch("SELECT partition FROM positions WHERE topic = $1", topic)
    positions, _ = await store.lock_positions(connection, [(topic, row["partition"]) for row in rows])
    heard = []
    for (_, partition), position in sorted(positions.items()):
        log = logs.get(partition)
        if log is None:
            continue
        now = await _goes_on(home, position, log)
        if now is None:
            continue
        another = position.topic_id != log.topic_id
        moved = Position(**{**_fields(position), "topic_id": log.topic_id, "next_offset": now})
        await store.restart_position(connection, moved)
        heard.append(Accepted(service, f"{topic}/{partition}", "reads", position.next_offset, now, another))
    return heard


def _fields(position: Position) -> dict[str, Any]:
    return {name: getattr(position, name) for name in Position.__slots__}


async def _goes_on(home: Home, position: Position, log: Log) -> int | None:
    """The offset at which this reader goes on; None where it needs nobody's word."""
    if position.topic_id != log.topic_id:
        return log.begin
    if position.sequence > 0:  # numbers say what is missing, and `feeds republish` brings it
        return None
    if position.next_offset < log.begin:
        return log.begin
    if position.next_offset > log.end:
        raise Trouble(
            f"{position.topic} has lost its last records, and new ones would get their offsets: delete the topic, "
            "make it again with `portolano provision`, then accept it"
        )
    if position.next_offset == log.end:
        return None
    there = await in_thread(lambda: _first_from(home, position))
    return there if there is None or there > position.next_offset else None


def _first_from(home: Home, position: Position) -> int | None:
    """The offset of the first record that the log still has from the position on."""
    consumer = Consumer(
        {
            **home.kafka_admin(),
            "group.id": "portolano-accept",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 0,
        }
    )
    try:
        consumer.assign([TopicPartition(position.topic, position.partition, position.next_offset)])
        message = consumer.poll(PATIENCE)
        if message is None:
            return None
        if message.error() is not None:
            raise KafkaException(message.error())
        return message.offset()
    except KafkaException as error:
        raise Unreachable(NOWHERE) from error
    finally:
        consumer.close()
