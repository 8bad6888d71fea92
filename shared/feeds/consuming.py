"""The one subscription of a service: a consumer of FastStream's for all its topics.

It takes batches, acknowledges nothing by itself, and passes raw records on with a parser that cannot fail. Where
reading starts, what is read again, and what a batch leads to: that is decided by whoever is handed all this.
"""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from aiokafka import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.security import SASLScram512

from shared.feeds.assignment import Assignment
from shared.feeds.kafka import BATCH, METADATA_AGE, Access, Consumer
from shared.feeds.reading import Reader
from shared.feeds.records import Arrived

MOST = 500
"""Records of a batch: below a hundred the round trips cost more than the records, beyond this little is gained."""
DRAIN = 10.0
"""Seconds that the end of a service waits for the batch and the sendings in flight."""


class Hears(Protocol):
    """The parts that are handed what comes; they need to be there once the broker starts, not before."""

    @property
    def assignment(self) -> Assignment: ...
    @property
    def reader(self) -> Reader[Any]: ...


def broker_for(
    hears: Hears, access: Access, service: str, *, group: str, topics: Sequence[str], session: float
) -> KafkaBroker:
    """The FastStream broker with the subscription. `session` are the seconds after which the group gives up a process
    that is silent."""
    host = access.bootstrap.split(",")
    broker = KafkaBroker(
        host,
        security=SASLScram512(access.username, access.password, use_ssl=False),
        client_id=service,
        allow_auto_create_topics=False,
        consumer_only=True,
        metadata_max_age_ms=METADATA_AGE,
        graceful_timeout=DRAIN,
        apply_types=False,
        # Its loop restarts by itself when a poll fails; without a logger nobody would ever know.
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,
    )
    listener = _Listener(hears)
    subscriber = broker.subscriber(
        *topics,
        group_id=group,
        batch=True,
        max_records=MOST,
        batch_timeout_ms=10,
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="none",
        no_reply=True,
        parser=_as_it_is,
        decoder=_undecoded,
        listener=listener,
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=BATCH,
        session_timeout_ms=int(session * 1000),
        heartbeat_interval_ms=int(session * 1000 / 6),
        rebalance_timeout_ms=15_000,
        max_poll_interval_ms=600_000,
    )
    listener.subscriber = subscriber

    @subscriber
    async def receive(records: Any) -> None:  # FastStream makes a model of the annotation, even unused
        await hears.reader.receive(records)

    return broker


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's callbacks, handed on."""

    def __init__(self, hears: Hears) -> None:
        self._hears = hears
        self.subscriber: Any = None

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        await self._hears.assignment.revoked(DRAIN)

    async def on_partitions_assigned(self, assigned: set[Any]) -> None:
        # A coroutine, although it waits for nothing: FastStream runs plain functions in a thread, and meanwhile the
        # client would ask the group for offsets that are not there.
        partitions = {(tp.topic, tp.partition) for tp in assigned}
        self._hears.assignment.consumer = Consumer(self.subscriber.consumer)
        self._hears.reader.forget(partitions)
        self._hears.assignment.assigned(partitions)


async def _as_it_is(records: Sequence[Arrived]) -> KafkaMessage:
    """A parser that cannot fail: FastStream's own decodes headers, and skips the whole batch when one is not text."""
    return KafkaMessage(tuple(records), b"", headers={}, message_id="-", correlation_id="-", consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message
