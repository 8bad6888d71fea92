"""A service's database opened by the operator to change what belongs to the runtime: no service's role may do that;
and the broker, asked by its administrator."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.home import Home, database_name
from shared.agreement import load
from shared.contracts.topics import SERVICES, Topic, topics
from shared.errors import Trouble, Unreachable
from shared.feeds.kafka import in_thread, partition_logs
from shared.feeds.logs import Log
from shared.postgres.pool import Connection, prepare

NOWHERE = "Kafka does not answer: see `portolano status`, start with `portolano up`"


@asynccontextmanager
async def administered(home: Home, service: str, prefix: str = "") -> AsyncIterator[Connection]:
    """The administrator's connection to a service's store. Raises `Unreachable` while nobody answers."""
    _is_there(home)
    try:
        connection: Connection = await asyncpg.connect(
            **home.admin_dsn(database_name(service, prefix)),
            timeout=5,
            command_timeout=60,
            server_settings={"application_name": "portolano-feeds", "timezone": "UTC"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        why = "PostgreSQL is not running" if isinstance(error, OSError) else f"the store of {service} is closed to us"
        raise Unreachable(f"{why}: start the system with `portolano up`, or look at `portolano status`") from error
    try:
        await prepare(connection)
        yield connection
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
        raise Unreachable(
            f"the store of {service} has gone; what was committed holds: give the same command again"
        ) from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise Trouble(f"the store of {service} is not as this command knows it: run `portolano provision`") from error
    finally:
        connection.terminate()  # at once, whatever it waits for: what is not committed goes, locks too


@asynccontextmanager
async def changing(home: Home, service: str, prefix: str = "", *, keep: bool = True) -> AsyncIterator[Connection]:
    """A transaction in a service's store, one of these at a time; with `keep` false nothing of it stays. Raises
    `Unreachable` while nobody answers."""
    async with administered(home, service, prefix) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("LOCK TABLE feed_orders IN SHARE ROW EXCLUSIVE MODE")
            yield connection
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.commit() if keep else transaction.rollback())


def _is_there(home: Home) -> None:
    """Asked before anything: a look at an absent system must not make one."""
    if not home.is_made:
        raise Unreachable("nothing is running: start the system with `portolano up`")


async def note(
    connection: Connection, kind: str, topic: str, changed: Mapping[str, Any], by: str, reason: str | None = None
) -> None:
    """Write down an order that changes this store."""
    await connection.execute(
        "INSERT INTO feed_orders (kind, topic, changed, reason, given_by) VALUES ($1, $2, $3, $4, $5)",
        kind,
        topic,
        changed,
        reason,
        by,
    )


def declared(topic: str, prefix: str) -> Topic:
    """What the agreement says of a topic (with prefix): who writes it, who reads it. Raises `Trouble` where it is none
    of ours."""
    for one in topics(load().partners):
        if prefix + one.name == topic:
            return one
    raise Trouble(f"no service writes a feed or a topic called {topic}: `portolano feeds show` lists them")


def services_at(topic: Topic) -> list[str]:
    """The services that read or write it."""
    return [service for service in SERVICES if service == topic.writer or service in topic.readers]


def administrator(home: Home) -> AdminClient:
    """Raises `Unreachable` where there is no system."""
    _is_there(home)
    return AdminClient({**home.kafka_admin(), "socket.timeout.ms": 10_000, "log_level": 0})


async def logs_of(admin: AdminClient, topic: str) -> dict[int, Log]:
    """The logs of a topic by partition; none where it does not exist. Raises `Unreachable` where nobody answers."""

    def ask() -> dict[int, Log]:
        listed = admin.list_topics(topic, timeout=10).topics[topic]
        return {key[1]: one for key, one in partition_logs(admin, [(topic, k) for k in listed.partitions]).items()}

    try:
        return await in_thread(ask)
    except KafkaException as error:
        raise Unreachable(NOWHERE) from error
