"""What a person orders about one firm, carried out by the service's own code in the operator's process.

A command is a batch that no record begins. It takes locks in the order of every batch (the firm, what the errand
touches, feeds), decides with the service's own rules, and numbers what is said last; whichever process relays it is
told with the commit. Rehearsed, it does all of that but the numbers, and keeps nothing.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds import store
from shared.feeds.batches import Transactions
from shared.feeds.failures import Outdated
from shared.feeds.records import Packed, by_feed
from shared.feeds.speech import C, Said, Work
from shared.postgres.pool import Connection

TRIES = 5
"""How often a transaction is begun whose firms turn out to be others under the locks than before them."""

R = TypeVar("R")
FirmOf = Callable[[Connection], Awaitable[FirmId]]
"""Finds the firm that a command is about; raises `Trouble` where there is none."""

Errand = Callable[[FirmId, Work[C]], Awaitable[tuple[R, list[Said]]]]
"""Decides and stores under the firm's lock; gives what the person is told, and what is said. `Trouble` refuses."""


class Commanding(Transactions[C]):
    """Carries out commands on one service's store. Made like the service's own transactions."""

    @property
    def code_version(self) -> str:
        """The version whose code decides."""
        return self._code_version

    async def carry_out(self, firm_of: FirmOf, errand: Errand[C, R], *, rehearse: bool = False) -> R:
        """Find the firm, lock it, do the errand, say what follows; with `rehearse` nothing of it is kept.

        Raises `Trouble` where the errand refuses, or where records of the firm are held: a command never overtakes
        what came before it.
        """
        for _ in range(TRIES):
            with suppress(Outdated):
                return await self._carry_out(firm_of, errand, rehearse)
        raise Trouble("what the command is about changes faster than it can be locked: give it again")

    async def _carry_out(self, firm_of: FirmOf, errand: Errand[C, R], rehearse: bool) -> R:
        async with self._pool.acquire() as connection, Kept(connection, not rehearse):
            firm_id = await firm_of(connection)
            if await store.lock_firms(connection, [firm_id]):
                raise Trouble("records of this firm are held; they go first: look at `portolano held list`")
            if await firm_of(connection) != firm_id:
                raise Outdated
            now = await self.clock.now(connection)
            work: Work[C] = Work(connection=connection, now=now, context=self._context, clock=self.clock)
            told, said = await errand(firm_id, work)
            await self._say(connection, by_feed(said + work.said, now, self.layout), rehearse)
        return told

    async def _say(self, connection: Connection, said: dict[str, list[Packed]], rehearse: bool) -> None:
        """Number and write what is said, last of all; whichever process relays it is told with the commit."""
        if said and not rehearse:
            await connection.execute("SELECT pg_notify('outbox', '')")
            await store.number(connection, self.layout, said)


class Kept:
    """A transaction that is committed only if it is to be kept; an error rolls it back in any case."""

    def __init__(self, connection: Connection, kept: bool) -> None:
        self._transaction, self._kept = connection.transaction(), kept

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._kept:
            await self._transaction.commit()
        else:
            await self._transaction.rollback()
