"""What Kafka knows and the stores do not: how much partners have written, and when the oldest unread record came."""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from cli.partner.quiet import QUIET
from deploy.local.home import Home

PATIENCE = 2.0
"""Seconds for one question to the broker."""
_FIRST_RECORDS = 1.0
"""Seconds that the oldest records of all topics get to arrive."""


class Door:
    """The ends of the partners' inbound topics (one partition each, names without prefix). For one thread.

    Reads as the operator, joins no group and commits nothing.
    """

    def __init__(self, home: Home, topics: Sequence[str]) -> None:
        self._topics = topics
        client: dict[str, Any] = {**home.kafka_admin(), **QUIET}
        self._admin = AdminClient(client)
        self._consumer = Consumer(
            {
                **client,
                "group.id": "portolano-top",  # asked for even where no group is joined
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                # Only the first record of each is of interest.
                "fetch.message.max.bytes": 16_384,
                "queued.min.messages": 1,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def ends(self) -> dict[str, int] | None:
        """How many records each topic has had; None where the broker does not answer."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent leaves this one without types
        asked = {TopicPartition(topic, 0): latest for topic in self._topics}
        try:
            answers = self._admin.list_offsets(asked, request_timeout=PATIENCE)
            return {place.topic: answer.result(PATIENCE).offset for place, answer in answers.items()}
        except (KafkaException, TimeoutError):
            return None

    def oldest(self, unread: Mapping[str, int]) -> float | None:
        """Seconds since the oldest record at or after these offsets was appended; None where none was got in time."""
        if not unread:
            return None
        stamps: dict[str, int] = {}
        until = time.monotonic() + _FIRST_RECORDS
        try:
            self._consumer.assign([TopicPartition(topic, 0, offset) for topic, offset in unread.items()])
            while len(stamps) < len(unread) and (left := until - time.monotonic()) > 0:
                for message in self._consumer.consume(100, timeout=min(left, 0.05)):
                    self._note(message, stamps)
            self._consumer.unassign()
        except KafkaException:
            return None
        return max(0.0, time.time() - min(stamps.values()) / 1000) if stamps else None

    @staticmethod
    def _note(message: Message, stamps: dict[str, int]) -> None:
        topic = message.topic()
        if message.error() is None and topic is not None:
            stamps.setdefault(topic, message.timestamp()[1])
