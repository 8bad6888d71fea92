"""`portolano top`: how the records flow at this moment, and who stands still."""

import asyncio
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import click
import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cli.demo.diagnosis import why_it_stands
from cli.output import emit, json_option
from cli.top.flow import Flow, Picture
from cli.top.keys import raw_keys
from cli.top.reading import Watcher, watcher
from cli.top.screen import lines
from deploy.local import state, system
from deploy.local.home import Home

EVERY = 1.0
_REASON_HOLDS = 5.0
"""Seconds before it is asked again why a part stands still: to ask all parts takes longer than a look."""

Show = Callable[[Picture, Sequence[str]], None]


@click.command(epilog="Example: portolano top --once --json | jq .hops")
@click.option("--once", is_flag=True, help="One picture of one second, then the end.")
@json_option
def command(once: bool, as_json: bool) -> None:
    """Show the flow between the parts, live: records a second, how many wait and for how long, what became of them.

    \b
    in all    records since the stores were made
    waiting   said and not yet read; `oldest` is how long ago the oldest of them was said
    outbox    said and not yet in Kafka, with the age of the oldest
    held      set aside, with what waits behind them: `portolano held list`

    A part before which records wait and do not move is named. `q` or Ctrl-C ends it. With --json each second is a line.
    """
    home = Home.from_environment()
    require_system(home)
    with suppress(KeyboardInterrupt):  # how one stops to watch
        asyncio.run(_watch(home, once=once, as_json=as_json))


def require_system(home: Home) -> None:
    """Raise `Unreachable`, with what to do, where nothing runs. Where no supervisor ever was but there are ports (the
    parts run in containers), the stores themselves will tell."""
    if not home.is_made or state.read(home) is not None:
        system.require_ready(home)


async def _watch(home: Home, *, once: bool, as_json: bool) -> None:
    reasons = _Reasons(home)
    async with watcher(home) as seen:
        if as_json:
            await _follow(home, seen, reasons, _emit, once=once)
        elif once or not sys.stdout.isatty():
            await _follow(home, seen, reasons, _print, once=once)
        else:
            console = Console(highlight=False)
            with (
                raw_keys() as keys,
                Live(console=console, auto_refresh=False, vertical_overflow="crop", redirect_stderr=False) as live,
            ):

                def show(picture: Picture, told: Sequence[str]) -> None:
                    found = lines(picture, told, datetime.now(), keys=True)
                    live.update(Group(*(_cut(line, console.width - 1) for line in found)), refresh=True)

                await _follow(home, seen, reasons, show, once=False, ends=_q_pressed if keys else None)


async def _follow(
    home: Home,
    seen: Watcher,
    reasons: "_Reasons",
    show: Show,
    *,
    once: bool,
    ends: Callable[[], bool] | None = None,
) -> None:
    """A picture each second, of two looks; raises `Unreachable` when the system or a store goes."""
    flow = Flow()
    due = time.monotonic()
    flow.see(await seen.look())
    while True:
        due = max(due + EVERY, time.monotonic())
        while (left := due - time.monotonic()) > 0:
            if ends is not None and ends():
                return
            await asyncio.sleep(min(left, 0.05))
        require_system(home)
        picture = flow.see(await seen.look())
        show(picture, await reasons.of(picture))
        if once:
            return


class _Reasons:
    """A line for each part that stands still, with what its process shows; asked again every few seconds."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[str, tuple[float, str]] = {}

    async def of(self, picture: Picture) -> list[str]:
        told = []
        for one in picture.stands_still:
            asked, why = self._known.get(one.part, (0.0, ""))
            # Only a supervisor's parts can be looked into from here.
            if picture.states and (not why or time.monotonic() - asked > _REASON_HOLDS):
                why = await asyncio.to_thread(why_it_stands, self._home, one.part)
                self._known[one.part] = (time.monotonic(), why)
            told.append(f"{one.part} stands still: {one.waiting} wait, none passed for {one.seconds:.0f} s{why}")
        return told


def _emit(picture: Picture, reasons: Sequence[str]) -> None:
    emit({"at": datetime.now(UTC), **msgspec.to_builtins(picture), "reasons": reasons})


def _print(picture: Picture, reasons: Sequence[str]) -> None:
    for line in lines(picture, reasons, datetime.now(), keys=False):
        click.echo(line.plain.rstrip())


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line


def _q_pressed() -> bool:
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and b"q" in os.read(sys.stdin.fileno(), 64).lower()
