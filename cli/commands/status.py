"""`portolano status`: each part of the system on this machine, and whether it serves."""

import time

import click

from cli import moved_clock
from cli.output import emit, json_option, say, table
from deploy.local import observe, system
from deploy.local.home import Home
from deploy.local.state import State
from shared.errors import Unreachable


@click.command(epilog="Example: portolano status --json")
@json_option
def command(as_json: bool) -> None:
    """Show each part: state, address, process, memory, restarts. Exit code 1 when a part is not ready, 3 when nothing
    runs.
    """
    home = Home.from_environment()
    found = system.status(home)
    if as_json:
        emit(found)
    elif found.parts:
        table(
            ("part", "state", "since", "address", "pid", "MB", "restarts"),
            [
                (
                    part.name,
                    part.state,
                    _ago(part.since),
                    part.address,
                    part.pid,
                    f"{part.memory / 1e6:.0f}" if part.memory is not None else None,
                    part.restarts,
                )
                for part in found.parts
            ],
        )
    if not found.running:
        raise Unreachable(found.problem or "the system is not running: start it with `portolano up`")
    if not as_json:
        waiting = ", ".join(part.name for part in found.parts if part.state != State.READY)
        say(f"{f'not ready: {waiting}' if waiting else found.phase}, {found.memory / 1e6:.0f} MB in all")
        for part in found.parts:
            for alarm in alarms_of(part.service):
                say(f"{part.name}: {alarm}")
            if part.last_exit and part.state != State.STOPPED:
                say(f"{part.name}, restarts: {part.restarts}, the last because: {part.last_exit}")
        for line in moved_clock.told(found.parts):
            say(line)
        if observe.is_among(part.name for part in found.parts):
            say(f"the trace of a firm: {observe.traces_of(home, 'FIRM_ID')}")
    if not found.ready:
        raise click.exceptions.Exit(1)


def alarms_of(told: dict[str, object]) -> list[str]:
    """What a service says of what does not go on, each under the name that docs/operators.md has for it."""
    alarms = told.get("alarms")
    return [f"{name}: {text}" for name, text in alarms.items()] if isinstance(alarms, dict) else []


def _ago(since: float | None) -> str | None:
    if since is None:
        return None
    seconds = max(0, int(time.time() - since))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
