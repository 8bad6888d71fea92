"""The broker and the database of a run, in a directory of their own; each measurement gets fresh topics and stores."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from confluent_kafka.admin import AdminClient

from deploy.kafka import acls
from deploy.kafka.desired import grants
from deploy.local.home import SERVICES, Home, database_name
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.provision import provision
from shared.agreement import load
from shared.contracts.topics import topics
from shared.errors import Trouble


@dataclass(frozen=True, slots=True)
class Stand:
    """The two servers."""

    home: Home
    broker: int
    """Its pid."""
    postgres: int
    """The pid of its parent process."""

    def admin(self) -> AdminClient:
        return AdminClient({**self.home.kafka_admin(), "log_level": 0})


@contextmanager
def stand() -> Iterator[Stand]:
    """Both servers started as `portolano up` does it; nothing of them is left at the end.

    One thing differs: the broker may use the JVM's second compiler, as one that serves for days would. It makes the
    broker faster, which helps most where the broker is most of the work: in the contender without promises.
    """
    root = Path(tempfile.mkdtemp(prefix="portolano-bench-"))
    home = Home(root)
    postgres, kafka = Postgres(home), Kafka(home, full_compiler=True)
    try:
        postgres.launch()
        kafka.launch()
        postgres.wait_ready(120)
        kafka.wait_ready(120)
        if kafka.child is None or postgres.child is None:
            raise Trouble("a server ended by itself while the bench began")
        yield Stand(home, kafka.child.pid, postgres.child.pid)
    finally:
        # A second Ctrl-C must not leave servers behind.
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)
        kafka.stop()
        postgres.stop()
        signal.signal(signal.SIGINT, former)
        if os.environ.get("PORTOLANO_KEEP_BENCH") is None:
            shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def fresh(at: Stand, prefix: str) -> AsyncIterator[None]:
    """All topics, rights and stores under `prefix`, empty and at rest; gone afterwards."""
    await provision(at.home, topic_prefix=prefix)
    async with _administrator(at) as connection:
        # Whatever was written before is on the disk now and not in the middle of the measurement.
        await connection.execute("CHECKPOINT")
    try:
        yield
    finally:
        await _clear(at, prefix)


async def _clear(at: Stand, prefix: str) -> None:
    partners = load().partners
    admin = at.admin()
    names = [prefix + topic.name for topic in topics(partners)]
    gone = [*admin.delete_topics(names, operation_timeout=20).values()]
    mine = [grant for grant in grants(partners, prefix) if grant.name.startswith(prefix)]
    gone += [*admin.delete_acls([acls.matching(grant) for grant in mine]).values()]
    await asyncio.gather(*(asyncio.wrap_future(future) for future in gone), return_exceptions=True)
    async with _administrator(at) as connection:
        for service in SERVICES:
            await connection.execute(f'DROP DATABASE IF EXISTS "{database_name(service, prefix)}" WITH (FORCE)')


@asynccontextmanager
async def _administrator(at: Stand) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**at.home.admin_dsn())
    try:
        yield connection
    finally:
        await connection.close()
