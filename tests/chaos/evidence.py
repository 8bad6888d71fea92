"""What is left after a run: every record that Kafka holds, and the rows of the stores. Nothing of the project is
used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from confluent_kafka import Consumer, TopicPartition

SERVICES = ("intake", "classifier", "referral", "notifier")
Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it lies in Kafka. `number` and `generation` are there on what the system writes."""

    offset: int
    headers: Mapping[str, bytes | None]
    value: bytes
    number: int | None
    generation: bytes | None
    at: int = 0
    """The record's time, milliseconds: the broker's own on what partners write, else that of its sending."""

    @property
    def kind(self) -> str:
        """Its CloudEvents type, whichever mode carries it."""
        if (kind := self.headers.get("ce_type")) is not None:
            return kind.decode()
        return str(json.loads(self.value)["type"])

    @property
    def data(self) -> dict[str, Any]:
        document = json.loads(self.value)
        inside = document if "ce_type" in self.headers else document["data"]
        return dict(inside)


@dataclass(slots=True)
class Log:
    """One partition, whole: the end's offset, and its records in order."""

    end: int = 0
    records: list[Record] = field(default_factory=list)


Row = Mapping[str, Any]


def read_topics(settings: Mapping[str, str | int]) -> dict[Place, Log]:
    """Every partition of every topic that is not Kafka's own, from its first record to its end as of now."""
    consumer = Consumer({**settings, "group.id": "judge", "enable.auto.commit": False, "auto.offset.reset": "error"})
    logs: dict[Place, Log] = {}
    try:
        for topic, told in consumer.list_topics(timeout=20).topics.items():
            if not topic.startswith("__"):
                for k in told.partitions:
                    begin, end = consumer.get_watermark_offsets(TopicPartition(topic, k), timeout=20)
                    assert begin == 0, f"{topic}/{k} begins at {begin}"
                    logs[topic, k] = Log(end)
        left = {place for place, log in logs.items() if log.end}
        consumer.assign([TopicPartition(*place, 0) for place in left])
        while left:
            messages = consumer.consume(5000, timeout=20.0)
            assert messages, f"nothing more is read of {sorted(left)}"
            for message in messages:
                assert message.error() is None, message.error()
                place = (message.topic() or "", message.partition() or 0)
                headers: dict[str, Any] = dict(message.headers() or [])
                number = headers.get("ce_sequence")
                offset = message.offset() or 0
                logs[place].records.append(
                    Record(
                        offset, headers, message.value() or b"", int(number) if number else None,
                        headers.get("ce_generation"), message.timestamp()[1],
                    )
                )  # fmt: skip
                if offset >= logs[place].end - 1:
                    left.discard(place)
        return logs
    finally:
        consumer.close()


QUERIES = {
    "positions": "SELECT * FROM positions",
    "feeds": "SELECT * FROM feeds",
    "held": "SELECT id, state FROM held",
    "growths": "SELECT was, partitions, heads::text AS heads FROM growths ORDER BY was",
}
OWN = {
    "intake": {
        "profiles": "SELECT firm_id::text, version, codice_fiscale FROM profiles",
        "assertions": "SELECT firm_id::text, partner, submission_id FROM assertions",
    },
    "classifier": {"assessments": "SELECT firm_id::text, version FROM assessments"},
    "referral": {
        "assessments": "SELECT firm_id::text, version FROM assessments",
        "needs": "SELECT need_id::text, firm_id::text, front, declared, state FROM needs",
        "referrals": "SELECT referral_id::text, need_id::text, firm_id::text, partner, role, status FROM referrals",
        "deliveries": "SELECT message_id FROM deliveries",
        "updates": "SELECT partner, id, outcome FROM updates",
    },
    "notifier": {"notifications": "SELECT referral_id::text, recipient, purpose, message_id, state FROM notifications"},
}


async def read_stores(connect: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[Row]]]:
    """Service -> table -> rows. `connect`: for each service how asyncpg gets into its store."""
    stores: dict[str, dict[str, list[Row]]] = {}
    for service in SERVICES:
        connection = await asyncpg.connect(**connect[service])
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                stores[service] = {
                    table: await connection.fetch(query) for table, query in (QUERIES | OWN[service]).items()
                }
        finally:
            await connection.close()
    return stores
