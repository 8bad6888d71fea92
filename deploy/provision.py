"""Everything that the agreement asks of broker and database, made so by one command that can be given again and again.

`plan` tells the difference, `provision` removes it; where there is none, both give back nothing. What was done is not
believed but looked at: after the steps the state is read again until nothing is left to do.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from deploy.kafka.broker import Broker
from deploy.kafka.desired import desired, ours
from deploy.kafka.plan import Plan, diff
from deploy.local.home import Home, database_name
from deploy.postgres.databases import Databases
from shared.agreement import PLACE, Agreement, load
from shared.contracts.topics import SERVICES
from shared.errors import Trouble

_VISIBLE_WITHIN = 15.0


async def plan(
    home: Home, *, topic_prefix: str = "", partitions: int | None = None, agreement: Path = PLACE
) -> list[str]:
    """What `provision` would do, one line each, and what it would leave to a person; changes nothing."""
    system = _System(home, load(agreement), topic_prefix, partitions)
    kafka = await system.kafka_plan()
    return [
        *map(str, await system.databases.difference()),
        *await system.databases.pending(),
        *kafka.lines(),
        *await system.remarks(),
    ]


async def provision(
    home: Home, *, topic_prefix: str = "", partitions: int | None = None, agreement: Path = PLACE
) -> list[str]:
    """Make broker and database as the agreement wants them; gives back one line for each thing done.

    `topic_prefix` sets apart topics, groups and databases, as tests need it; users and roles are shared by all of
    them. `partitions` replaces the agreement's number for internal topics, with which new stores begin: one that has a
    number keeps it, and where that is a lower one a line says which command raises it. Raises Trouble or Unreachable.
    """
    system = _System(home, load(agreement), topic_prefix, partitions)
    async with system.databases.turn():
        return [*await system.provision_postgres(), *await system.provision_kafka(), *await system.remarks()]


class _System:
    def __init__(self, home: Home, agreement: Agreement, prefix: str, partitions: int | None) -> None:
        try:
            self._users = desired(agreement, prefix=prefix, partitions=partitions).users
        except ValueError as wrong:
            raise Trouble(str(wrong)) from wrong
        self._agreement = agreement
        self._prefix = prefix
        self._partitions = partitions or agreement.topics.internal_partitions
        self._broker = Broker(home.kafka_admin(), home.kafka_client)
        self.databases = Databases(
            {service: database_name(service, prefix) for service in SERVICES}, home.admin_dsn, home.database_password
        )

    async def kafka_plan(self) -> Plan:
        actual = await self._broker.read(self._users, self._prefix)
        stored = await self.databases.partitions()
        wanted = desired(self._agreement, prefix=self._prefix, partitions=self._partitions, stored=stored)
        return diff(wanted, ours(actual, self._agreement, prefix=self._prefix))

    async def remarks(self) -> list[str]:
        """What the agreement says of partitions and provisioning does not do."""
        fewer = [service for service, n in (await self.databases.partitions()).items() if n < self._partitions]
        if not fewer:
            return []
        return [
            f"the internal topics of {', '.join(fewer)} have fewer partitions than the {self._partitions} that are "
            f"wanted: kept; `portolano feeds grow {self._partitions}` raises them while the system runs"
        ]

    async def provision_postgres(self) -> list[str]:
        steps = await self.databases.difference()
        await self.databases.apply(steps)
        return [*map(str, steps), *await self.databases.migrate(self._partitions)]

    async def provision_kafka(self) -> list[str]:
        planned = await self.kafka_plan()
        if planned.steps:
            await self._broker.apply(planned)
            await self._until_visible()
        return planned.lines()

    async def _until_visible(self) -> None:
        """Brokers learn of a change a moment after the controller has taken it; a service started now must not be
        refused for that moment."""
        until, pause = time.monotonic() + _VISIBLE_WITHIN, 0.02
        while (left := (await self.kafka_plan()).steps) and time.monotonic() < until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.5)
        if left:
            raise Trouble(f"Kafka took the change but does not show it: {left[0]}; look into its log, provision again")
