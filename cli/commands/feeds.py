"""`portolano feeds`: how far each feed was published; publishing again, more partitions, a topic accepted as it is."""

import asyncio
from dataclasses import asdict
from uuid import uuid4

import click

from cli.explain.stores import opened
from cli.feeds import accept as accepting
from cli.feeds import republish as republishing
from cli.feeds import restating
from cli.feeds.accept import Accepted
from cli.feeds.baseline import begin_at_the_end
from cli.feeds.growing import Grown, Topical, check, growing
from cli.held.parts import whoever
from cli.orders import LONGEST_REASON, noted, rehearse_option, words
from cli.output import emit, json_option, plain, say, table
from deploy.local.home import Home
from shared.contracts.topics import SERVICES, internal_topics
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


@command.command(epilog="Example: portolano feeds republish intake.firms.v1 --dry-run")
@click.argument("feed", metavar="FEED|TOPIC")
@click.option("--from", "first", type=click.IntRange(min=1), metavar="NUMBER", help="The first to come again.")
@rehearse_option
@json_option
def republish(feed: str, first: int | None, rehearse: bool, as_json: bool) -> None:
    """Publish FEED, or every feed of TOPIC, again from a number on: everything from there to its head comes once more,
    under the same numbers. Without --from: everything that the journal still has.

    Readers drop what they know. It is noted who gave the command. Exit code 1 when the journal no longer has that
    number.
    """
    by = whoever()
    done = asyncio.run(republishing.republish(Home.from_environment(), feed, first, by=by, rehearse=rehearse))
    for one in done:
        if as_json:
            emit({**asdict(one), "dry_run": rehearse, "by": by})
        else:
            say(
                f"{one.feed}: numbers {one.first} to {one.published} {'would come' if rehearse else 'come'} again, "
                f"from {one.service}"
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
@click.option(
    "--begin",
    "reader",
    type=click.Choice(SERVICES),
    help="A reader of SERVICE that has read nothing yet, and is stopped: it begins at the end of the topic as of now.",
)
@click.option("--dry-run", is_flag=True, help="Say how many events it would be, say none of them.")
@json_option
def restate(service: str, reader: str | None, dry_run: bool, as_json: bool) -> None:
    """Say anew what SERVICE has said last of everything, for readers that have lost it.

    intake: each firm's state, for the classifier. classifier: each assessment, for referral. referral: each referral
    and what firms may still answer, for the notifier. notifier: each delivery, for referral. Readers put right what
    they keep, where they have nothing newer, and do nothing else: nothing is decided again, nobody is written to, and
    partners' topics are not touched. Interrupted and given again, it goes on where it was. It is noted who gave the
    command.
    """
    by, home = whoever(), Home.from_environment()
    topic = next(one for one in internal_topics() if one.writer == service)
    if reader is not None and reader not in topic.readers:
        raise click.BadParameter(f"{reader} does not hear {service}; {topic.readers[0]} does", param_hint="--begin")
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

    if reader is not None:
        begun = asyncio.run(begin_at_the_end(home, topic, reader))
        say(f"{reader} begins at the end of {topic.name}: {len(begun)} partitions")
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


@command.command(epilog='Example: portolano feeds accept partners.cna.firms.v1 --reason "made again after a mistake"')
@click.argument("topic")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept.")
@rehearse_option
@json_option
def accept(topic: str, reason: str, rehearse: bool, as_json: bool) -> None:
    """Go on with TOPIC as it is now, although it was deleted and made again, or a partner's lost records unread.

    Readers of ours go on at what there is and drop what they know. On a topic that a service writes, all that its
    journal has comes again from the beginning; what was written there out of turn is removed first. What a partner
    wrote and nobody read does not come back: ask it to send again what it has no receipt for. It is noted who gave the
    command and why. Exit code 1 where there is nothing to accept.
    """
    reason, by = words(reason, "--reason", LONGEST_REASON), whoever()
    done = asyncio.run(accepting.accept(Home.from_environment(), topic, reason, by=by, rehearse=rehearse))
    for one in done:
        if as_json:
            emit({**asdict(one), "reason": reason, "by": by, "dry_run": rehearse})
        else:
            click.echo(plain(_told(one)))
    if not as_json:
        noted(by, reason, rehearse)


def _told(one: Accepted) -> str:
    if one.kind == "writes":
        return f"{one.place}: {one.service} publishes numbers {one.now} to {one.was} again"
    why = "another topic" if one.another_topic else f"offsets {one.was} to {one.now - 1} are lost"
    return f"{one.place}: {one.service} reads on at offset {one.now} ({why})"


async def _show(home: Home) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for service in SERVICES:
        async with opened(home, service) as store:
            for row in await store.fetch(republishing.FEEDS, None):
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
