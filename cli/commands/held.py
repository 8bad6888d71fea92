"""`portolano held`: records that could not be worked on and were set aside, and how many wait behind each.

A listing never shows what a record says: that may be personal data. `show --contents` does, and says so.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime

import click
import msgspec

from cli.explain.stores import opened
from cli.output import emit, json_option, plain, say, table
from cli.partner.telling import clock
from deploy.local.home import SERVICES, Home
from shared.errors import Trouble
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


_LIST = """SELECT h.id, h.topic || '/' || h.partition || '@' || h.record_offset AS place,
    h.firm_id, h.failure, h.held_at,
    (SELECT count(*) FROM held q WHERE q.firm_id = h.firm_id AND q.state = 'queued' AND q.id > h.id) AS waiting
FROM held h WHERE h.state = 'held' ORDER BY h.id"""


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
