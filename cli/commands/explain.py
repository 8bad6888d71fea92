"""`portolano explain`: the whole journey of a firm, with its receipts, for whoever has to answer for it."""

import asyncio
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.text import Text

from cli.explain.languages import LANGUAGES
from cli.explain.reading import read_journey
from cli.explain.story import Kind, Line, tell
from cli.output import emit, json_option, say
from deploy.local import observe
from deploy.local.home import Home

_STYLES = {
    Kind.TITLE: "bold",
    Kind.HEADING: "bold",
    Kind.EVENT: "",
    Kind.DETAIL: "",
    Kind.CHOSEN: "green",
    Kind.PROOF: "dim",
    Kind.ALARM: "bold red",
}


@click.command(epilog="Example: portolano explain 01234567890 --lang it")
@click.argument("subject", metavar="FIRM|REFERRAL")
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="The language of the story; JSON and what partners wrote stay as they are.",
)
@json_option
def command(subject: str, language: str, as_json: bool) -> None:
    """Tell the journey of a firm: who told what, what followed, who was asked to help and why, and what came of it.

    FIRM is a firm_id or a codice fiscale. With a REFERRAL, its need alone is told. Read from the services' stores with
    the operator's rights; nothing is changed. It holds the firm's data: do not pass it on.
    """
    home = Home.from_environment()
    journey = asyncio.run(read_journey(home, subject))
    if as_json:
        emit(journey)
    else:
        _show(tell(journey, LANGUAGES[language]))
    if observe.is_running(home):
        say(f"traces: {observe.traces_of(home, journey.firm_id, datetime.now(UTC))}")


def _show(lines: Iterator[Line]) -> None:
    if not sys.stdout.isatty():
        for line in lines:
            click.echo(line.text)
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        for part in _wrapped(line.text, console.width):
            console.print(Text(part, style=_STYLES[line.kind]))


def _wrapped(text: str, width: int) -> list[str]:
    """The line in parts that fit, the later ones set in a little deeper, so that the eye finds the next event."""
    indent = text[: len(text) - len(text.lstrip(" →"))].replace("→", " ")
    deeper = textwrap.wrap(
        text,
        max(width, 40),
        subsequent_indent=indent + "  ",
        replace_whitespace=False,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return deeper or [""]
