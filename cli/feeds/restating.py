"""`portolano feeds restate`: a service's own code, in the operator's process, says anew what it has said last."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from cli.feeds.stores import administered
from cli.held.parts import restating
from deploy.local.home import Home
from shared.contracts.base import FirmId
from shared.feeds.restating import Restated
from shared.feeds.subscriptions import Restates
from shared.postgres.pool import Connection

_STATES = """SELECT firm_id, state::text AS state FROM profiles
WHERE firm_id = ANY($1::uuid[]) AND state IS NOT NULL"""


async def restate(
    home: Home,
    service: str,
    *,
    id: str,
    by: str,
    heard: Callable[[Restated], Awaitable[None]],
    prefix: str = "",
) -> Restated:
    """Say the state of every entity of a service anew; raises `Unreachable` while its store does not answer."""
    async with administered(home, "intake", prefix) as intake, restating(home, service, prefix) as it:
        return await it.restate(_table(service), _Stated(intake), id=id, by=by, heard=heard)


async def count(home: Home, service: str, prefix: str = "") -> int:
    """How many events that would be."""
    async with administered(home, "intake", prefix) as intake, restating(home, service, prefix) as it:
        return await it.count(_table(service), _Stated(intake))


def _table(service: str) -> Restates[Any]:
    restates: Restates[Any] = import_module(f"services.{service}.handlers").RESTATES
    return restates


class _Stated:
    """What intake has said last of firms: the classifier keeps what it made of that, not the state itself."""

    def __init__(self, intake: Connection) -> None:
        self._intake = intake
        self._turn = asyncio.Lock()

    async def __call__(self, firm_ids: Sequence[FirmId]) -> Mapping[FirmId, bytes]:
        async with self._turn:
            rows = await self._intake.fetch(_STATES, firm_ids)
        return {row["firm_id"]: row["state"].encode() for row in rows}
