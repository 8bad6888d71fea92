"""`portolano recover`: bring a service's store forward that was restored from an older copy."""

import asyncio
from collections.abc import Mapping, Sequence

import click
from confluent_kafka import KafkaException

from cli.held.parts import recovering, whoever
from cli.output import emit, json_option, plain, say, table
from deploy.local.home import Home
from shared.contracts.topics import SERVICES
from shared.errors import Unreachable
from shared.feeds.recovery import Done, Found

SHOWN = 20
"""Lines of a kind that are printed; `--json` has all."""


@click.command(epilog="Example: portolano recover intake --dry-run")
@click.argument("service", type=click.Choice(SERVICES))
@click.option("--dry-run", "rehearse", is_flag=True, help="Say what would be read back, change nothing.")
@json_option
def command(service: str, rehearse: bool, as_json: bool) -> int:
    """Bring the store of SERVICE forward that was restored from an older copy.

    What it had said since then is read back from Kafka into its journal; what it had heard since then is decided again
    at the times at which it was, so that nothing is said twice. Processes of the service must not run. It is noted who
    gave the command; where it was interrupted, give it again. Exit code 1 where the store cannot be brought forward, or
    not everything could be done again as it had been.
    """
    found, done = asyncio.run(_recover(Home.from_environment(), service, rehearse))
    feeds = [
        {"feed": one.feed, "known": one.head, "in_kafka": one.top, "read_back": len(one.records)} for one in found.lost
    ]
    unread = sum(len(records) for records in found.read.values())
    if as_json:
        emit(_document(service, found, done, feeds, unread))
    else:
        _tell(service, found, done, feeds, unread)
    return 1 if done is not None and _imperfect(done) else 0


async def _recover(home: Home, service: str, rehearse: bool) -> tuple[Found, Done | None]:
    async with recovering(home, service) as recovery:
        try:
            found = await recovery.look()
            if found.nothing or rehearse:
                return found, None
            return found, await recovery.carry_out(found, whoever(), _progress)
        except ConnectionError as error:
            raise Unreachable(f"{error}: see `portolano status`") from error
        except KafkaException as error:
            raise Unreachable("Kafka does not answer, or a topic is not there: see `portolano status`") from error


def _progress(n: int, of: int) -> None:
    if n == of or n % 1000 == 0:
        say(f"{n} of {of} transactions decided again")


def _imperfect(done: Done) -> bool:
    return bool(done.told.otherwise or done.undecided or done.told.refused)


def _document(
    service: str, found: Found, done: Done | None, feeds: Sequence[Mapping[str, object]], unread: int
) -> dict[str, object]:
    told: dict[str, object] = {
        "service": service,
        "under_way": found.under_way,
        "feeds": feeds,
        "unread": unread,
        "transactions": len(found.steps),
        "dry_run": done is None,
    }
    if done is not None:
        told |= {
            "again": done.told.again,
            "new": done.told.new,
            "otherwise": done.told.otherwise,
            "undecided": done.undecided,
            "refused": done.told.refused,
            "held": done.held,
        }
    return told


def _tell(service: str, found: Found, done: Done | None, feeds: Sequence[Mapping[str, object]], unread: int) -> None:
    if found.nothing:
        say(f"{service}: Kafka has nothing that the store does not know; there is nothing to do")
        return
    if feeds:
        table(("feed", "the store knows", "Kafka has", "read back"), [tuple(one.values()) for one in feeds])
    if done is None:
        say(
            f"{service}: {len(found.own)} records to decide again in {len(found.steps)} transactions, from {unread} "
            "records that it has to hear (again); a dry run: nothing was changed"
        )
        return
    for title, lines in (
        ("decided again, and otherwise than it was said", done.told.otherwise),
        ("said before, and nothing says why: it stands, and is not said again", done.undecided),
        ("could not be done again", done.told.refused),
    ):
        for line in lines[:SHOWN]:
            click.echo(plain(f"{title}: {line}"))
        if len(lines) > SHOWN:
            click.echo(f"    and {len(lines) - SHOWN} more")
    if done.held:
        say(f"{done.held} records are held; what was done by hand with such ones since the copy has to be done again")
    say(
        f"{service}: {done.told.again} records decided again as they had been said, {done.told.new} said for the first "
        f"time; noted: {whoever()}"
    )
