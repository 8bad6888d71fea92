"""Ground for one test: topics, rights and databases under a prefix of its own, laid in a moment and cleared afterwards.

Provisioning in full looks at everything that stands on the broker and logs in as everybody, before it does anything and
again when it is done: a second for each test, and more with each test before. Here it runs once, for users, roles and
what all prefixes share; what comes after is the same desired state, told to the broker without a look. That nothing is
missing is held by `tests/component/access`: on such ground provisioning finds nothing to do.

Where another run has lent its servers (`tests/lending.py`), it has provisioned them, and the prefix says whose ground
it is.

Clearing keeps the servers small. A run of a hundred grounds would otherwise end with five thousand topics, on which
everything is slow and the broker cannot end within its time.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka.admin import AdminClient

from deploy.kafka import acls
from deploy.kafka.broker import Broker
from deploy.kafka.desired import desired
from deploy.kafka.plan import Allow, CreateTopic, Plan, Step
from deploy.kafka.state import GROUP, TOPIC, Grant, State
from deploy.local.home import Home, database_name
from deploy.postgres.databases import Databases
from deploy.provision import provision
from shared.agreement import load
from shared.contracts.topics import SERVICES
from shared.testing.waiting import until
from tests import lending

PARTITIONS = 2
"""Of internal topics: enough for order to be broken."""
_FIRST = "first."
_ANSWER_WITHIN = 30.0

_numbers = itertools.count(1)
_provisioned: set[Path] = set()


@asynccontextmanager
async def ground(home: Home, prefix: str | None = None, *, stores: Sequence[str] = SERVICES) -> AsyncIterator[str]:
    """The prefix of topics, rights and databases that are this block's alone; `prefix` where a test wants its own.

    `stores`: the services that get a database; one costs as much as all topics. Whoever works on the ground has to be
    gone when the block ends; connections that are left to the databases are cut.
    """
    await shared_by_all(home)
    mine = prefix or f"{lending.name()}t{next(_numbers)}."  # one counter for all: two would meet
    names = {service: database_name(service, mine) for service in stores}
    await asyncio.gather(_lay_topics(home, mine), _lay_databases(home, names))
    try:
        yield mine
    finally:
        await asyncio.gather(_clear_topics(home, mine), _drop_databases(home, names))


async def shared_by_all(home: Home) -> None:
    """Users, roles and rights that no prefix has for itself: once for all grounds on these servers."""
    if home.root not in _provisioned and lending.lent() is None:
        await provision(home, topic_prefix=_FIRST, partitions=PARTITIONS)
        await _clear_topics(home, _FIRST)
        _provisioned.add(home.root)


def _own(prefix: str) -> State:
    """What this prefix has for itself; users, quotas and partners' groups are shared."""
    wanted = desired(load(), prefix=prefix, partitions=PARTITIONS)
    own = {Grant(service, "Read", GROUP, prefix + service) for service in SERVICES}
    own |= {grant for grant in wanted.grants if grant.resource == TOPIC}
    return State(topics=wanted.topics, grants=frozenset(own))


async def _lay_topics(home: Home, prefix: str) -> None:
    own = _own(prefix)
    grants = sorted(own.grants)
    steps: tuple[Step, ...] = (*(CreateTopic(name, layout) for name, layout in own.topics.items()), *map(Allow, grants))
    await Broker(home.kafka_admin(), home.kafka_client).apply(Plan(steps))
    admin = AdminClient({**home.kafka_admin()})
    *_, last = own.topics

    async def shown() -> bool:
        """The broker learns of changes in their order: who sees the last sees all."""
        (rules,) = await _answers([admin.describe_acls(acls.matching(grants[-1]))])
        topic = (await asyncio.to_thread(admin.list_topics, last, _ANSWER_WITHIN)).topics[last]
        return bool(rules) and topic.error is None and all(one.leader >= 0 for one in topic.partitions.values())

    await until(shown, what=f"topics and rights of {prefix}")


async def _clear_topics(home: Home, prefix: str) -> None:
    own = _own(prefix)
    admin = AdminClient({**home.kafka_admin()})
    await _answers(admin.delete_acls([acls.matching(grant) for grant in own.grants]).values())
    await _answers(admin.delete_topics(list(own.topics)).values())


async def _lay_databases(home: Home, names: Mapping[str, str]) -> None:
    databases = Databases(names, home.admin_dsn, home.database_password)
    await databases.apply(await databases.difference())
    await databases.migrate(PARTITIONS)


async def _drop_databases(home: Home, names: Mapping[str, str]) -> None:
    arguments: dict[str, Any] = {**home.admin_dsn()}
    connection = await asyncpg.connect(**arguments)
    try:
        for name in names.values():
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


async def _answers(futures: Iterable[Future[Any]]) -> list[Any]:
    return [await asyncio.wait_for(asyncio.wrap_future(future), _ANSWER_WITHIN) for future in futures]
