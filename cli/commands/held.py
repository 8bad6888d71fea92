"""`portolano held`: records that could not be worked on and were set aside, and how many wait behind each.

A listing never shows what a record says: that may be personal data. `show --contents` does, and says so. `redrive`
and `discard` write to the service's store with the service's own code and credentials, and note who gave the command.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime

import click
import msgspec

from cli.explain.stores import opened
from cli.held.answers import ANSWERS
from cli.held.parts import redriving, whoever
from cli.output import emit, json_option, plain, say, table
from cli.partner.telling import clock
from deploy.local.home import SERVICES, Home
from shared.errors import Trouble, Unreachable
from shared.feeds.aside import Closing
from shared.feeds.redrive import Driven
from shared.feeds.speech import Outcome
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Held:
    """A record set aside. `waiting`: later records of the same firm that queue up behind it."""

    service: str
    id: int
    place: str
    firm_id: str | None
    failure: str
    since: datetime
    waiting: int


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that is known of one such record, its contents apart."""

    service: str
    id: int
    state: str
    place: str
    topic_id: str
    appended_at: datetime
    firm_id: str | None
    failure: str
    reason: str
    code_version: str
    held_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    closing_note: str | None
    headers: list[tuple[str, str | None]]
    size: int | None
    """Bytes of the value; None where it has none."""


@click.group(epilog="Example: portolano held list")
def command() -> None:
    """Records that were set aside because they failed, and what waits behind them."""


@command.command(name="list", epilog="Example: portolano held list --json")
@json_option
def list_(as_json: bool) -> None:
    """List what is held, oldest first in each service; never what the records say."""
    found = asyncio.run(_all_held(Home.from_environment()))
    if as_json:
        emit(found)
    elif found:
        table(
            ("service", "id", "place", "firm", "failure", "since", "waiting"),
            [(h.service, h.id, h.place, h.firm_id, h.failure, clock(h.since), h.waiting) for h in found],
        )
        say(f"{len(found)} held; `portolano held show {found[0].service} {found[0].id}` tells more")
    else:
        say("nothing is held")


@command.command(epilog="Example: portolano held show intake 1")
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("id", type=click.IntRange(min=1))
@click.option("--contents", is_flag=True, help="Also the record's key and value, which may be personal data.")
@json_option
def show(service: str, id: int, contents: bool, as_json: bool) -> None:
    """Show where a held record came from, its headers, and why it was set aside."""
    record, key, value = asyncio.run(_one(Home.from_environment(), service, id))
    if contents:
        say("what follows may hold personal data: do not pass it on")
    if as_json:
        shown = asdict(record)
        emit({**shown, "key": _text(key), "value": _text(value)} if contents else shown)
        return
    for name, told in asdict(record).items():
        match told:
            case list():
                for header, text in told:
                    click.echo(plain(f"{'header ' + header:<24}{'(null)' if text is None else text}"))
            case datetime():
                click.echo(f"{name:<24}{clock(told)}")
            case None:
                pass
            case _:
                click.echo(plain(f"{name:<24}{told}"))
    if contents:
        click.echo(plain(f"{'key':<24}{_text(key)}"))
        click.echo(plain(f"{'value':<24}{_text(value)}"))


@command.command(epilog="Example: portolano held redrive intake 1 --dry-run")
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("id", type=click.IntRange(min=1), required=False)
@click.option("--all", "all_", is_flag=True, help="Everything that SERVICE holds, oldest first.")
@click.option("--dry-run", "rehearse", is_flag=True, help="Try it and keep nothing of it.")
@json_option
def redrive(service: str, id: int | None, all_: bool, rehearse: bool, as_json: bool) -> int:
    """Apply a held record after all and, in order, what waits behind it.

    The handlers are those of this installation's code, so mend it first. A record that fails again stays held with its
    new reason, and what waits behind it waits on; then the exit code is 1. It is noted who gave the command.
    """
    if (id is None) is not all_:
        raise click.UsageError("give the ID of one record, or --all")
    driven = asyncio.run(_redriven(Home.from_environment(), service, id, rehearse))
    return _told(service, driven, rehearse, as_json)


@command.command(epilog='Example: portolano held discard intake 1 --reason "sent again by the partner as s-17"')
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("id", type=click.IntRange(min=1))
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept, and a partner is told it.")
@click.option("--dry-run", "rehearse", is_flag=True, help="Try it and keep nothing of it.")
@json_option
def discard(service: str, id: int, reason: str, rehearse: bool, as_json: bool) -> int:
    """Give a held record up; what waits behind it follows in order.

    A record of a partner gets its final answer: refused, rule `discarded`. It is noted who gave the command and why.
    """
    reason = plain(reason).strip()
    if not 0 < len(reason) <= 500:
        raise click.BadParameter("1 to 500 characters", param_hint="--reason")
    driven = asyncio.run(_discarded(Home.from_environment(), service, id, reason, rehearse))
    return _told(service, driven, rehearse, as_json)


async def _redriven(home: Home, service: str, id: int | None, rehearse: bool) -> list[Driven]:
    driven: list[Driven] = []
    async with redriving(home, service) as records:
        closing = Closing(whoever(), f"redriven by version {records.code_version}")
        if id is not None:
            return await records.redrive(id, closing, rehearse=rehearse)
        for head in await records.heads():
            try:
                driven += await records.redrive(head, closing, rehearse=rehearse)
            except Unreachable:
                raise
            except Trouble as trouble:  # somebody else was quicker with this one; the others are still to be done
                say(plain(trouble))
    return driven


async def _discarded(home: Home, service: str, id: int, reason: str, rehearse: bool) -> list[Driven]:
    async with redriving(home, service) as records:
        return await records.discard(id, ANSWERS, Closing(whoever(), reason), rehearse=rehearse)


def _told(service: str, driven: list[Driven], rehearse: bool, as_json: bool) -> int:
    for one in driven:
        if as_json:
            emit({"service": service, **asdict(one), "dry_run": rehearse})
            continue
        why = f": {one.reason}" if one.reason else ""
        ended = "still held" if one.outcome is Outcome.HELD else str(one.outcome)
        click.echo(plain(f"{service} {one.id}  {one.place}  {ended}{why}"))
    failed = sum(one.outcome is Outcome.HELD for one in driven)
    would = "; a dry run: nothing was kept of it" if rehearse else ""
    say(f"{len(driven) - failed} closed, {failed} still held{would}" if driven else "nothing is held")
    return 1 if failed else 0


_LIST = """SELECT h.id, h.topic || '/' || h.partition || '@' || h.record_offset AS place,
    h.firm_id, h.failure, h.held_at,
    (SELECT count(*) FROM held q WHERE q.firm_id = h.firm_id AND q.state = 'queued' AND q.id > h.id) AS waiting
FROM held h WHERE h.state = 'held' OR h.state = 'queued' AND NOT EXISTS (
    SELECT FROM held b WHERE b.firm_id = h.firm_id AND b.state IN ('held', 'queued') AND b.id < h.id) ORDER BY h.id"""
"""Also a record that waits behind nothing any more, because a redrive was interrupted."""


async def _all_held(home: Home) -> list[Held]:
    found: list[Held] = []
    for service in SERVICES:
        async with opened(home, service) as connection:
            found += await _held(connection, service)
    return found


async def _held(connection: Connection, service: str) -> list[Held]:
    return [
        Held(service, row["id"], row["place"], row["firm_id"], row["failure"], row["held_at"], row["waiting"])
        for row in await connection.fetch(_LIST)
    ]


async def _one(home: Home, service: str, id: int) -> tuple[Record, bytes | None, bytes | None]:
    async with opened(home, service) as connection:
        row = await connection.fetchrow("SELECT * FROM held WHERE id = $1", id)
    if row is None:
        raise Trouble(f"{service} holds no record {id}: `portolano held list` shows what is held")
    record = Record(
        service=service,
        id=row["id"],
        state=row["state"],
        place=f"{row['topic']}/{row['partition']}@{row['record_offset']}",
        topic_id=row["topic_id"],
        appended_at=row["appended_at"],
        firm_id=row["firm_id"],
        failure=row["failure"],
        reason=row["reason"],
        code_version=row["code_version"],
        held_at=row["held_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        closing_note=row["closing_note"],
        headers=[
            (name, _text(value))
            for name, value in msgspec.msgpack.decode(row["headers"], type=list[tuple[str, bytes | None]])
        ],
        size=None if row["value"] is None else len(row["value"]),
    )
    return record, row["key"], row["value"]


def _text(value: bytes | None) -> str | None:
    """Bytes as text; what is no UTF-8 shows as escapes."""
    return None if value is None else value.decode("utf-8", "backslashreplace")
