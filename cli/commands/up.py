"""`portolano up`: start the system on this machine, or find it running."""

import time

import click

from cli import moved_clock
from cli.output import emit, json_option, say
from deploy.local import observe, system
from deploy.local.home import Home
from deploy.local.state import State


@click.command(epilog="Example: portolano up && portolano status")
@click.option("--observe", "observed", is_flag=True, help="With Zipkin, which shows the trace of each firm.")
@click.option("--attach", is_flag=True, help="Stay, tell what changes, and stop the system on Ctrl-C.")
@json_option
def command(observed: bool, attach: bool, as_json: bool) -> None:
    """Start Kafka, PostgreSQL, the mail sink and the four services; returns when all are ready.

    A system that runs already is left as it is. With --observe, Zipkin and what stands before it run as well (some
    300 MB of memory; 135 MB are fetched once), and every service sends its traces there.
    """
    home = Home.from_environment()
    try:
        made = system.up(home, say, observed=observed)
    except KeyboardInterrupt:
        say("what has begun to start goes on: `portolano status` shows it, `portolano down` stops it")
        raise
    if as_json:
        emit(made)
    elif made.was_running:
        say("the system is running already")
    else:
        say(f"ready after {made.seconds:.1f} s; mails: {_mail_address(made)}; stop it with `portolano down`")
    if observed and not as_json:
        say(f"traces: {observe.viewer(home)}; `portolano explain FIRM` tells where a firm's is")
    if home.clock_may_be_moved and not as_json:
        for line in moved_clock.told(system.status(home).parts):
            say(line)
    if attach:
        _stay(home)


def _mail_address(made: system.Up) -> str:
    return next((part.address for part in made.parts if part.name == "mail"), "nowhere")


def _stay(home: Home) -> None:
    say("attached; Ctrl-C stops the system")
    last: dict[str, str] = {}
    try:
        while (now := system.status(home)).running:
            for part in now.parts:
                if last.get(part.name, part.state) != part.state:
                    say(
                        f"{part.name}: {part.state}"
                        + (f" ({part.last_exit})" if part.last_exit and part.state != State.READY else "")
                    )
                last[part.name] = part.state
            time.sleep(1.0)
        say("the system was stopped from elsewhere")
    except KeyboardInterrupt:
        done = system.down(home, say)
        say(f"stopped after {done.seconds:.1f} s")
