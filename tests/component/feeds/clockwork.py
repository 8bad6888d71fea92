"""A service with timers, small enough to see through: each timer that fires is noted, and said once.

It runs under intake's name and rights, inside a test or as a process (`python -m tests.component.feeds.clockwork`). The
id of a timer is its number. What is written at the door puts the firm's timers off by an hour.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.feeds import timers
from shared.feeds.speech import Batch, Said, Work
from shared.feeds.timers import Due, Timer, When
from shared.postgres.pool import Connection
from shared.service import Service, run
from tests.component.feeds import toy
from tests.component.feeds.toy import Note, Noted, Toy

TOPIC = "partners.cna.firms.v1"
LATER = timedelta(hours=1)
MOMENT = timedelta(seconds=1)
STIRRED = 100_000
"""Timers wound by `stir` are numbered from here on."""


async def strike(due: Sequence[Due], work: Work[Toy]) -> list[Said]:
    numbers = [int(one.timer.id) for one in due]
    if work.context.fails_on.intersection(numbers):
        raise KeyError("a number that it fails on")
    await toy.store(work.connection, [(one.timer.firm_id, n) for one, n in zip(due, numbers, strict=True)])
    return [
        one.cause.says(Noted(firm_id=one.timer.firm_id, n=n), firm_id=one.timer.firm_id)
        for one, n in zip(due, numbers, strict=True)
    ]


async def put_off(notes: Batch[Note], work: Work[Toy]) -> list[Said]:
    known = await timers.of_firms(work.connection, notes.firm_ids)
    await timers.bring_about(
        work.connection, known, {key: replace(one, due_at=work.now + LATER) for key, one in known.items()}
    )
    return await toy.note(notes, work)


async def stir(notes: Batch[Note], work: Work[Toy]) -> list[Said]:
    """Each note winds a timer that is due already, and moves all others of its firm a little."""
    for one in notes:
        known = await timers.of_firms(work.connection, [one.event.firm_id])
        wanted = {key: replace(timer, due_at=timer.due_at + MOMENT) for key, timer in known.items()}
        timer = Timer(kind="strike", id=str(STIRRED + one.event.n), firm_id=one.event.firm_id, due_at=work.now - LATER)
        await timers.bring_about(work.connection, known, wanted | {timer.key: timer})
    return await toy.note(notes, work)


TABLE = (When(("strike",), strike, says=(Noted,)),)
DOOR = (replace(toy.WRITER[0], handler=put_off),)
STIRRING = (replace(toy.WRITER[0], handler=stir),)


async def wind(connection: Connection, firms: Sequence[str], due_at: datetime, *, topic: str | None = None) -> None:
    """One timer for each firm, numbered from 0."""
    await connection.execute("INSERT INTO firms (firm_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", firms)
    wanted = [Timer(kind="strike", id=str(n), firm_id=firm, due_at=due_at, topic=topic) for n, firm in enumerate(firms)]
    await timers.bring_about(connection, {}, {one.key: one for one in wanted})


def service(settings: Any) -> Service[Toy]:
    return Service("intake", settings, DOOR, Toy(), timers=TABLE)


if __name__ == "__main__":
    run(service, toy.IntakeSettings)
