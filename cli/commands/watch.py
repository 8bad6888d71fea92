"""`portolano watch`: follow what a partner receives."""

import select
import sys
import time
from typing import Literal

import click

from cli.output import emit, json_option, say
from cli.partner.account import Account, partner_option, sign_in
from cli.partner.letters import Heard
from cli.partner.reading import Reader
from cli.partner.telling import event_line
from deploy.local.home import Home


@click.command(epilog="Example: portolano watch --partner cna --from start --count 10")
@partner_option
@click.option(
    "--from", "start", type=click.Choice(["now", "start"]), default="now", show_default=True, help="Where to begin."
)
@click.option(
    "--topic",
    "noun",
    type=click.Choice(["receipts", "referrals", "both"]),
    default="both",
    show_default=True,
    help="Answers to submissions, or referrals and answers to updates.",
)
@click.option("--for", "seconds", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop after this time.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after N events.")
@json_option
def command(
    partner: str, start: Literal["now", "start"], noun: str, seconds: float | None, count: int | None, as_json: bool
) -> int:
    """Show what partner CODE receives, as it comes; Ctrl-C ends it.

    Each line has the time, the topic with the number in it, what happened, the referral or submission. A repeat is not
    shown. A number that is missing is told, and the exit code is then 1.
    """
    account = sign_in(Home.from_environment(), partner)
    until = None if seconds is None else time.monotonic() + seconds
    missing = 0
    try:
        with Reader(account, _topics(account, noun), start) as reader:
            say(f"{partner} from {start}; Ctrl-C ends it" if seconds is None else f"{partner} for {seconds:g} s")
            left, lost = count, False
            while left != 0 and (until is None or time.monotonic() < until):
                for heard in reader.read(0.2 if until is None else min(0.2, max(0.0, until - time.monotonic()))):
                    _show(heard, as_json)
                    missing += heard.missing
                    left = None if left is None else left - 1
                    if left == 0:
                        break
                if reader.lost and not lost:
                    say("Kafka does not answer any more; still trying (`portolano status` shows what is up)")
                lost = reader.lost
                if _listener_gone():
                    raise BrokenPipeError
    except KeyboardInterrupt:
        pass  # how one stops to watch
    return 1 if missing else 0


def _listener_gone() -> bool:
    """Whether whoever read our stdout has gone: a silent topic would never let us find out by writing."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):  # not a file that can be watched
        return False


def _topics(account: Account, noun: str) -> list[str]:
    both = {"receipts": account.receipts, "referrals": account.referrals}
    return list(both.values()) if noun == "both" else [both[noun]]


def _show(heard: Heard, as_json: bool) -> None:
    if heard.missing:
        say(
            f"{heard.missing} number(s) missing before {heard.sequence} on {heard.position.topic}, also when read "
            "again: ask the operator to publish them again (`portolano feeds republish`)"
        )
    if as_json:
        emit(heard)
    else:
        click.echo(event_line(heard))
