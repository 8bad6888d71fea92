"""`portolano demo`: an evening with invented firms, shown live and checked at the end."""

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from cli.audit.run import audit
from cli.demo.board import Board
from cli.demo.checks import check_all
from cli.demo.diagnosis import why_it_stands
from cli.demo.evidence import Check
from cli.demo.ledger import Ledger
from cli.demo.lines import Lines
from cli.demo.mails import page_address
from cli.demo.play import Evening, play
from cli.demo.routes import Said
from cli.demo.summary import Summary, show, summarise, told_of
from cli.demo.watch import Audience
from cli.output import emit, json_option, say
from deploy.local import system
from deploy.local.home import Held, Home
from deploy.local.state import Phase
from shared.agreement import load
from shared.errors import Trouble, Unreachable


@click.command(epilog="Example: portolano demo --firms 40 --keep")
@click.option("--firms", type=click.IntRange(1, 5000), default=120, show_default=True, help="How many firms are told.")
@click.option("--seed", type=int, default=2017, show_default=True, help="Another number, another cast.")
@click.option("--keep", is_flag=True, help="Leave the system running.")
@click.option(
    "--limit",
    type=click.FloatRange(1, 3600),
    metavar="SECONDS",
    help="How long the firms may travel.  [default: 60, with more than 600 firms a tenth of a second for each]",
)
@json_option
def command(firms: int, seed: int, keep: bool, limit: float | None, as_json: bool) -> int:
    """Show the whole system at work: twelve partners tell of invented firms, are asked to help them, and answer.

    Then working days pass, at once: time is moved from deadline to deadline, and who is silent is reminded, escalated,
    and loses the need to another. Starts the system if it is not up, and stops it again unless --keep is given. Ends
    with a summary in which everything is checked; exit code 1 when a check fails or a firm does not arrive within the
    limit.
    """
    home = Home.from_environment()
    for number in (signal.SIGTERM, signal.SIGHUP):  # told to go, it tidies up as after Ctrl-C
        signal.signal(number, signal.default_int_handler)
    with _alone(home), _running(home, keep) as made:
        summary = _evening(home, made, firms, seed, limit or max(60.0, firms / 10), still_up=keep or made.was_running)
        if as_json:
            emit(summary)
        else:
            show(summary, Console(highlight=False))
    return 0 if summary.good else 1


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Two evenings at once would take each other's firms for strays."""
    try:
        with home.lock("demo", wait=False):
            yield
    except Held as held:
        raise Trouble(f"a demo runs already in {home.root}: wait for it, or use another PORTOLANO_HOME") from held


@contextmanager
def _running(home: Home, keep: bool) -> Iterator[system.Up]:
    """The system, up. What did not run before does not run afterwards, however this ends, but for `keep`."""
    before = system.status(home)
    was_up = before.running and before.phase in (Phase.STARTING, Phase.READY)
    stop = not was_up
    if not was_up:
        home.let_clock_be_moved()  # before its start, since whoever runs already keeps the time that it has
    try:
        made = system.up(home, say)
        stop = stop and not keep
        yield made
    finally:
        if stop:
            patient = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
            try:
                system.down(home, say)
                home.keep_real_time()
            finally:
                signal.signal(signal.SIGINT, patient)


def _evening(home: Home, made: system.Up, firms: int, seed: int, limit: float, *, still_up: bool) -> Summary:
    agreement = load()
    watched = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")

    def audience(ledger: Ledger) -> Audience:
        return Board(Console(stderr=True), ledger, agreement, limit) if watched else Lines(say)

    if not watched:
        say(f"{firms} firms, 12 partners, seed {seed}; {limit:.0f} s at most")
    evening = asyncio.run(play(home, agreement, firms=firms, seed=seed, limit=limit, audience=audience))
    checks = check_all(evening.evidence)
    if evening.arrived:
        checks.append(_audited(home))
    return summarise(
        evening.evidence,
        checks,
        was_up=made.was_running,
        up_seconds=made.seconds,
        travel_seconds=evening.seconds,
        days_seconds=evening.days_seconds,
        days_kept=evening.kept,
        limit=limit,
        stuck=_stuck(home, evening, limit),
        mails_directory=_near(home.mail),
        mails_page=page_address(home),
        try_next=_try_next(evening),
        still_up=still_up,
    )


def _audited(home: Home) -> Check:
    """Conservation and continuity over all stores and topics, whoever filled them."""
    try:
        report = asyncio.run(audit(home))
    except Unreachable as gone:
        return Check("audit", "could not be made", (str(gone),))
    counted = ", ".join(f"{count} {what}" for what, count in sorted(report.looked_at.items()))
    return Check("audit", f"compared {counted}", tuple(report.told()))


def _stuck(home: Home, evening: Evening, limit: float) -> str | None:
    """The line about where firms stand, None where all have arrived."""
    if evening.arrived:
        return None
    if evening.stuck is None:
        return evening.note or f"something was still on its way after {limit:.0f} s: `portolano status`"
    return told_of(evening.stuck, limit, why_it_stands(home, evening.stuck.part))


def _try_next(evening: Evening) -> list[str]:
    """Three commands with what this evening left: the firm with most to tell, the partner that was asked most."""
    ledger = evening.evidence.ledger
    asked = Counter(one.company.codice_fiscale for one in ledger.requested.values())
    turned = Counter(
        one.company.codice_fiscale
        for one in ledger.requested.values()
        if one.referral_id in ledger.replied and ledger.replied[one.referral_id].said is Said.REJECTED
    )
    partners = Counter(one.partner for one in ledger.requested.values())
    name = "portolano" if shutil.which("portolano") else _near(Path(sys.executable).with_name("portolano"))
    firm = max(asked, key=lambda code: (turned[code] == 1, asked[code]), default=None)
    if firm is None:
        firm = next((company.codice_fiscale for company in ledger.firm_ids.values()), None)
    return [
        *([f"{name} explain {firm}"] if firm else []),
        *(f"{name} watch --partner {code} --from start" for code, _ in partners.most_common(1)),
        f"{name} audit",
    ]


def _near(path: Path) -> str:
    """`path` as one would type it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
