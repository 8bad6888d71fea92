"""`portolano down`: stop the system on this machine."""

import click

from cli.output import emit, json_option, say
from deploy.local import system
from deploy.local.home import Home


@click.command(epilog="Example: portolano down")
@json_option
def command(as_json: bool) -> None:
    """Stop services, mail sink, Kafka and PostgreSQL, in this order. What they hold stays on the disk."""
    done = system.down(Home.from_environment(), say)
    if as_json:
        emit(done)
        return
    for name in done.leftovers:
        say(f"{name} was left over from a crash and has been ended")
    say(f"stopped after {done.seconds:.1f} s" if done.was_running else "the system was not running")
