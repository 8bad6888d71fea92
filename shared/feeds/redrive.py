"""Held records applied after all, or closed for good: by the very handlers that would have applied them at first.

A redrive is a batch that comes late. It takes locks in the order of every batch (positions, firms, what the handler
touches, feeds), decides with the service's own subscriptions, numbers what is said last, and moves one count per record
from `held` to what the record ended as, so that the outcomes still add up. The firm's row is held meanwhile: nothing of
the firm can be applied or queued between two records of its queue, and once the queue is empty new ones go straight on.

A record that fails again stays held, with its new reason, and everything behind it waits on. One transaction takes at
most `MOST` records of a firm; each record has a savepoint of its own, so that the good ones before a failure are kept.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds import aside, store
from shared.feeds.aside import Aside, Closing
from shared.feeds.commands import TRIES, Commanding, Kept
from shared.feeds.failures import Outdated, Permanent, Unreadable, deciding
from shared.feeds.opening import Opened, find_firms, touched
from shared.feeds.records import Packed, by_feed, traceparent_of
from shared.feeds.sifting import Position
from shared.feeds.speech import Batch, C, Cause, Heard, Outcome, Said, Work
from shared.postgres.pool import Connection

log = logging.getLogger(__name__)
MOST = 500
"""Records of one firm in one transaction, as in a batch."""

Answer = Callable[[Heard[Any], str], Said]
"""The final answer to a record at a door that is given up: the record (its event None where it cannot be read), why."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What became of one record. `outcome` is HELD where it failed again; then `reason` says why."""

    id: int
    place: str
    firm_id: FirmId | None
    outcome: Outcome
    reason: str | None = None


class Redriving(Commanding[C]):
    """Redrives and discards what one service holds, one caller at a time. Made like the service's own transactions."""

    async def heads(self) -> list[int]:
        """Ids of the records that nothing waits before, oldest first: those that can be redriven."""
        return await aside.heads(self._pool)

    async def redrive(self, id: int, closing: Closing, *, rehearse: bool = False) -> list[Driven]:
        """Apply a held record and, in order, what waits behind it; ends early with the first that fails again.

        With `rehearse` nothing is kept of it, and only the first `MOST` records are tried. Raises `Trouble` where
        there is no such open record, or where it waits behind another.
        """
        firm_id = await aside.open_firm(self._pool, id)
        if firm_id is None:
            return await self._drive(id, None, closing, rehearse)
        before = await aside.waits_behind(self._pool, [firm_id], id)
        if before is not None:
            raise Trouble(f"record {id} waits behind record {before} of the same firm: redrive or discard that one")
        driven = await self._drive(None, firm_id, closing, rehearse)
        if not rehearse:
            driven += await self._follow(firm_id, driven, closing)
        return driven

    async def discard(
        self, id: int, answers: Mapping[str, Answer], closing: Closing, *, rehearse: bool = False
    ) -> list[Driven]:
        """Close a record without applying it, answer it at a door, and let the firm's queue follow.

        `answers` are by the template of the door's topic; the note is what the answer says. Raises `Trouble` where
        there is no such open record.
        """
        firm_id = await aside.open_firm(self._pool, id)
        before = await aside.waits_behind(self._pool, [firm_id] if firm_id else [], id)
        async with self._pool.acquire() as connection, Kept(connection, not rehearse):
            record = await aside.look(connection, id)
            _, now = await store.lock_positions(connection, [(record.topic, record.partition)])
            await self.clock.learn(connection)
            now = self.clock.told(now)
            await store.lock_firms(connection, [firm_id] if firm_id else [])
            await aside.take(connection, [id])
            said = self._answer(record, answers, closing.note)
            await aside.close(connection, record, Outcome.DISCARDED, closing)
            await self._say(connection, by_feed(said, now, self.layout), rehearse)
        driven = [Driven(id, str(record.place), firm_id, Outcome.DISCARDED)]
        if firm_id and before is None and not rehearse:  # or it would be the first of the queue that is tried
            driven += await self._follow(firm_id, driven, Closing(closing.by, f"followed record {id}"))
        return driven

    async def _follow(self, firm_id: FirmId, driven: Sequence[Driven], closing: Closing) -> list[Driven]:
        """What waits behind a record that is closed, until the queue is empty or its first still fails."""
        followed: list[Driven] = []
        last: Sequence[Driven] = driven
        while last and last[-1].outcome is not Outcome.HELD:
            last = await self._drive(None, firm_id, closing, False)
            followed += last
        return followed

    async def _drive(self, id: int | None, firm_id: FirmId | None, closing: Closing, rehearse: bool) -> list[Driven]:
        """The record `id` or, in their order, the open ones of a firm."""
        for _ in range(TRIES):
            with suppress(Outdated):
                return await self._transact_aside(id, firm_id, closing, rehearse)
        raise Trouble("what the records touch changes faster than it can be locked: give the command again")

    async def _transact_aside(
        self, id: int | None, firm_id: FirmId | None, closing: Closing, rehearse: bool
    ) -> list[Driven]:
        driven: list[Driven] = []
        said: dict[str, list[Packed]] = {}
        async with self._pool.acquire() as connection, Kept(connection, not rehearse):
            records = await aside.read(connection, firm_id, id, MOST)
            places = sorted({(record.topic, record.partition) for record in records})
            positions, now = await store.lock_positions(connection, places)
            await self.clock.learn(connection)
            now = self.clock.told(now)
            opened = [await self._open_aside(connection, record, positions) for record in records]
            firms = {one.firm_id for one, _, _ in opened}.union(*(_touched(found, one) for _, found, one in opened))
            await store.lock_firms(connection, sorted(firm for firm in firms if firm is not None))
            await aside.take(connection, [one.id for one, _, _ in opened])
            for record, found, one in opened:
                result = await self._apply(connection, now, record, found, one, closing)
                if isinstance(result, Driven):
                    driven.append(result)
                    break
                outcome, spoken = result
                driven.append(Driven(record.id, str(record.place), found, outcome))
                for feed, some in spoken.items():
                    said.setdefault(feed, []).extend(some)
            await self._say(connection, said, rehearse)
        return driven

    async def _open_aside(
        self, connection: Connection, record: Aside, positions: Mapping[tuple[str, int], Position]
    ) -> tuple[Aside, FirmId | None, Opened[C] | Permanent]:
        """The record as its handler hears it and the firm that it is about, or why it still cannot be read."""
        position = positions.get((record.topic, record.partition))
        if position is None or record.topic not in self._sources:
            return record, record.firm_id, Unreadable(f"this version does not read {record.topic}")
        try:
            # The topic id is the one that the record came under: a cause is the same however often it is decided.
            with deciding():
                one = self._opening.open_one(replace(position, topic_id=record.topic_id), record)
                async with connection.transaction():
                    await find_firms(connection, [one])
        except Permanent as failure:
            return record, record.firm_id, failure
        return record, one.heard.firm_id or record.firm_id, one

    async def _apply(
        self,
        connection: Connection,
        now: datetime,
        record: Aside,
        found: FirmId | None,
        one: Opened[C] | Permanent,
        closing: Closing,
    ) -> tuple[Outcome, dict[str, list[Packed]]] | Driven:
        """The record's outcome and what was said, or how it is held on."""
        # Its firm may be known only now that it can be read, and it may touch others: no queue is overtaken.
        before = await aside.waits_behind(connection, _touched(found, one), record.id)
        if before is not None:
            await self._keep(connection, record, found, "queued", "Waits", _WAITS)
            return Driven(record.id, str(record.place), found, Outcome.HELD, f"it waits behind record {before}")
        try:
            if isinstance(one, Permanent):
                raise one
            async with connection.transaction():
                work: Work[C] = Work(connection=connection, now=now, context=self._context, clock=self.clock)
                with deciding():
                    said = await one.subscription.handler(Batch([one.heard]), work)
                records = by_feed(said + work.said, now, self.layout)
                outcome = work.outcomes.get(one.heard.place, Outcome.APPLIED)
        except Permanent as failure:
            await self._keep(connection, record, found, "held", type(failure).__name__, str(failure))
            return Driven(record.id, str(record.place), found, Outcome.HELD, str(failure))
        await aside.close(connection, record, outcome, closing)
        return outcome, records

    async def _keep(
        self, connection: Connection, record: Aside, firm_id: FirmId | None, state: str, failure: str, reason: str
    ) -> None:
        await aside.keep(
            connection,
            record,
            firm_id=firm_id,
            state=state,
            failure=failure,
            reason=reason,
            code_version=self._code_version,
        )

    def _answer(self, record: Aside, answers: Mapping[str, Answer], note: str) -> list[Said]:
        source = self._sources.get(record.topic)
        if source is None or source.door is None:
            return []
        at = self.clock.told(datetime.fromtimestamp(record.timestamp / 1000, UTC))
        cause = Cause(f"{record.topic_id}/{record.partition}/{record.offset}", traceparent_of(record.headers))
        heard: Heard[Any] = Heard(None, cause, record.place, at, record.firm_id, source.partner)
        with suppress(Permanent):  # unreadable: it is answered by its position alone
            position = Position(record.topic, record.partition, record.topic_id, record.offset)
            heard = self._opening.open_one(position, record).heard
        return [answers[source.door.topic](heard, note)]


def _touched(found: FirmId | None, one: Opened[Any] | Permanent) -> list[FirmId]:
    firms = [] if isinstance(one, Permanent) else touched(one.heard)
    return sorted({*firms, *([found] if found is not None else [])})


_WAITS = "an earlier record of the same firm is held"
