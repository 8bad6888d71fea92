"""`portolano feeds`: how far each feed was given out and published, publishing one again, more partitions."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import click

from cli.feeds import restating
from cli.feeds.growing import Grown, Topical, check, growing
from cli.held.parts import whoever
from cli.output import emit, json_option, say, table
from deploy.local.home import Home, database_name
from shared.contracts.topics import SERVICES
from shared.errors import Trouble, Unreachable
from shared.feeds.restating import Restated


@click.group(epilog="Example: portolano feeds show")
def command() -> None:
    """The numbered streams between services and to partners."""


@command.command(epilog="Example: portolano feeds show --json")
@json_option
def show(as_json: bool) -> None:
    """Show each feed: the last number given out, the last one published, by which service."""
    found = asyncio.run(_show(Home.from_environment()))
    if as_json:
        emit(found)
    else:
        table(
            ("feed", "service", "given out", "published", "in the journal from"), [tuple(row.values()) for row in found]
        )


@command.command(epilog="Example: portolano feeds republish intake.firms.v1/3 --from 1 --dry-run")
@click.argument("feed")
@click.option(
    "--from", "first", type=click.IntRange(min=1), required=True, metavar="NUMBER", help="The first to come again."
)
@click.option("--dry-run", is_flag=True, help="Say what would come again, change nothing.")
@json_option
def republish(feed: str, first: int, dry_run: bool, as_json: bool) -> None:
    """Publish FEED again from a number on: everything from there to its head comes once more, under the same numbers.

    Readers drop what they know. Exit code 1 when the journal no longer has that number.
    """
    done = asyncio.run(_republish(Home.from_environment(), feed, first, dry_run))
    if as_json:
        emit(done)
    else:
        say(
            f"{feed}: numbers {first} to {done['published']} {'would come' if dry_run else 'come'} again, "
            f"from {done['service']}"
        )


@command.command(epilog="Example: portolano feeds grow 24 --dry-run")
@click.argument("partitions", type=click.IntRange(min=2))
@click.option(
    "--within",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the readers of a topic may take to come to its head.",
)
@click.option("--dry-run", is_flag=True, help="Say how it stands and what would be done, change nothing.")
@json_option
def grow(partitions: int, within: float, dry_run: bool, as_json: bool) -> None:
    """Give each internal topic so many PARTITIONS while the system runs; the number is never lowered again.

    One topic after the other is kept from being spoken on until all of it is read, mostly for less than a second;
    then its firms are spread anew. Each keeps its order. Given again after an interruption, it goes on with what is
    left. It is noted who gave the command. Exit code 1 where a topic does not come to rest: nothing is held then.
    """
    by = whoever()
    before, grown = asyncio.run(_grow(Home.from_environment(), partitions, by, within, dry_run))
    if as_json:
        emit({"partitions": partitions, "before": before, "grown": grown, "by": by, "dry_run": dry_run})
        return
    if dry_run:
        table(
            ("topic", "in Kafka", "in the store of", "", "unread", "then"),
            [(one.topic, one.in_kafka, one.writer, one.in_store, one.unread, partitions) for one in before],
        )
        say("a dry run: nothing was changed")
    elif not grown:
        say(f"nothing to do: every internal topic has {partitions} partitions")
    else:
        say(f"noted: {by}; readers find the new partitions within seconds, and at the latest within half a minute")


@command.command(epilog="Example: portolano feeds restate intake --dry-run")
@click.argument("service", type=click.Choice(SERVICES))
@click.option("--dry-run", is_flag=True, help="Say how many events it would be, say none of them.")
@json_option
def restate(service: str, dry_run: bool, as_json: bool) -> None:
    """Say anew what SERVICE has said last of everything, for readers that have lost it.

    intake: each firm's state, for the classifier. classifier: each assessment, for referral. referral: each referral
    and what firms may still answer, for the notifier. notifier: each delivery, for referral. Readers put right what
    they keep, where they have nothing newer, and do nothing else: nothing is decided again, nobody is written to, and
    partners' topics are not touched. Interrupted and given again, it goes on where it was. It is noted who gave the
    command.
    """
    by, home = whoever(), Home.from_environment()
    if dry_run:
        n = asyncio.run(restating.count(home, service))
        if as_json:
            emit({"service": service, "said": n, "by": by, "dry_run": True})
        else:
            say(f"{service} would say {n} events anew; a dry run: nothing was said")
        return

    async def told(done: Restated) -> None:
        if not as_json and not done.finished:
            say(f"{service}: {done.said} events")

    done = asyncio.run(restating.restate(home, service, id=str(uuid4()), by=by, heard=told))
    if as_json:
        emit({"service": service, "said": done.said, "command_id": done.id, "by": by, "dry_run": False})
    else:
        say(f"{service} has said {done.said} events anew; noted: {by}")


async def _grow(
    home: Home, partitions: int, by: str, within: float, dry_run: bool
) -> tuple[list[Topical], list[Grown]]:
    async with growing(home) as it:
        before = await it.look()
        check(before, partitions)
        return before, [] if dry_run else await it.grow(partitions, by=by, within=within, told=say)


@asynccontextmanager
async def _store(home: Home, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        connection = await asyncpg.connect(**home.admin_dsn(database_name(service)), timeout=5)
    except (OSError, asyncpg.PostgresError) as error:
        raise Unreachable("PostgreSQL does not answer: see `portolano status`, start with `portolano up`") from error
    try:
        yield connection
    finally:
        await connection.close()


_FEEDS = """SELECT r.feed, coalesce(f.sequence, 0) AS head, r.published,
    (SELECT min(first) FROM outbox o WHERE o.feed = r.feed) AS kept
FROM relayed r LEFT JOIN feeds f USING (feed) WHERE $1::text IS NULL OR r.feed = $1 ORDER BY r.feed"""


async def _show(home: Home) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for service in SERVICES:
        async with _store(home, service) as store:
            for row in await store.fetch(_FEEDS, None):
                found.append(
                    {
                        "feed": row["feed"],
                        "service": service,
                        "head": row["head"],
                        "published": row["published"],
                        "kept_from": row["kept"],
                    }
                )
    return found


async def _republish(home: Home, feed: str, first: int, dry_run: bool) -> dict[str, object]:
    for service in SERVICES:
        async with _store(home, service) as store, store.transaction():
            row = await store.fetchrow(_FEEDS, feed)
            if row is None:
                continue
            if first > row["published"]:
                raise Trouble(
                    f"{feed} is published up to number {row['published']}: there is nothing from {first} on to repeat"
                )
            if row["kept"] is None or first < row["kept"]:
                raise Trouble(f"the journal of {service} begins with number {row['kept']} of {feed}: {first} is gone")
            if not dry_run:
                # The relay compares before it moves its cursor and so notices; no number is given out anew.
                await store.execute("UPDATE relayed SET published = $2 WHERE feed = $1", feed, first - 1)
                await store.execute("SELECT pg_notify('outbox', '')")
            return {
                "feed": feed,
                "service": service,
                "from": first,
                "published": row["published"],
                "dry_run": dry_run,
                "by": getpass.getuser(),
            }
    raise Trouble(f"no service writes a feed called {feed}: `portolano feeds show` lists them")
