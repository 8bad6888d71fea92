"""Knocking at every door of the broker as one user, with the protocol's own requests.

A client library asks for a topic's description first and gives up there; what is to be shown is that the broker refuses
the write and the read themselves. So one request carries all topics, and the broker answers for each.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import AuthenticationFailedError, KafkaError, SaslAuthenticationFailed
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from deploy.local.home import Home
from shared.contracts.topics import SERVICES

# Kafka's error codes
DONE, TOO_LARGE, TOPIC_REFUSED, GROUP_REFUSED, CLUSTER_REFUSED = 0, 10, 29, 30, 31
LET_INTO_GROUP = (14, 15, 16, 79)
"""Answers to a member that has passed the question of rights, which is asked first: the coordinator is loading, absent,
elsewhere; or the member is to name itself."""


DOORS = ("kafka_internal", "kafka_partners", "kafka_controller")


@asynccontextmanager
async def logged_in(home: Home, user: str, password: str | None = None) -> AsyncIterator[AIOKafkaConnection]:
    """A connection of `user`: a service through the internal door, a partner over TLS through the partners' one.

    With the password of the secrets unless another is given.
    """
    service = user in SERVICES
    connection = await create_conn(
        "127.0.0.1",
        home.port("kafka_internal" if service else "kafka_partners"),
        security_protocol="SASL_PLAINTEXT" if service else "SASL_SSL",
        ssl_context=None if service else ssl.create_default_context(cafile=home.partners_ca),
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=user,
        sasl_plain_password=password or home.kafka_password(user),
    )
    try:
        yield connection
    finally:
        connection.close()


async def is_let_in(home: Home, user: str, password: str | None = None) -> bool:
    """Whether the door through which this user comes takes its password, or another that is given."""
    try:
        async with logged_in(home, user, password):
            return True
    except (AuthenticationFailedError, SaslAuthenticationFailed):
        return False


async def is_let_in_as_controller(home: Home, user: str) -> bool:
    """Whether the controller's door, which knows one user, takes this one's password."""
    try:
        connection = await create_conn(
            "127.0.0.1",
            home.port("kafka_controller"),
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_plain_username=user,
            sasl_plain_password=home.kafka_password(user),
        )
    except (AuthenticationFailedError, SaslAuthenticationFailed):
        return False
    connection.close()
    return True


async def is_answered_without_login(home: Home, door: str) -> bool:
    """Whether somebody who does not log in is told anything but which versions the broker speaks."""
    tls = door == "kafka_partners"
    connection = await create_conn(
        "127.0.0.1",
        home.port(door),
        security_protocol="SSL" if tls else "PLAINTEXT",
        ssl_context=ssl.create_default_context(cafile=home.partners_ca) if tls else None,
        request_timeout_ms=5_000,
    )
    try:
        await connection.send(MetadataRequest([], False))
    except KafkaError:
        return False
    finally:
        connection.close()
    return True


async def writes(
    connection: AIOKafkaConnection, topics: Iterable[str], value: bytes = b"knock", gzip: bool = False
) -> Mapping[str, int]:
    """The broker's answer, per topic, to one record each."""
    builder = DefaultRecordBatchBuilder(2, int(gzip), 0, -1, -1, -1, len(value) + 1024)
    builder.append(0, None, b"k", value, [])
    batch = bytes(builder.build())
    answer = await connection.send(ProduceRequest(None, -1, 10_000, [(topic, [(0, batch)]) for topic in topics]))
    return {topic: partitions[0][1] for topic, partitions in answer.topics}


async def reads(connection: AIOKafkaConnection, topics: Iterable[str]) -> Mapping[str, int]:
    """The broker's answer, per topic, to a fetch from its beginning."""
    answer = await connection.send(FetchRequest(0, 0, 1024, 0, [(topic, [(0, 0, 1024)]) for topic in topics]))
    return {topic: partitions[0][1] for topic, partitions in answer.topics}


async def joins(connection: AIOKafkaConnection, groups: Iterable[str]) -> Mapping[str, int]:
    """The broker's answer, per group, to a member that wants in. None gets in: it would come again, with a name."""
    answers = {}
    for group in groups:
        asked = JoinGroupRequest(group, 6_000, 6_000, "", None, "consumer", [("range", b"")])
        answers[group] = (await connection.send(asked)).error_code
    return answers


async def sees(connection: AIOKafkaConnection) -> set[str]:
    """The names that the broker tells to somebody who asks for all topics."""
    answer = await connection.send(MetadataRequest(None, False))
    return {topic for error, topic, *_ in answer.topics if error == DONE}
