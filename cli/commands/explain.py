"""`portolano explain`: the whole journey of a firm, with its receipts, for whoever has to answer for it."""

import asyncio
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from cli.explain.languages import LANGUAGES
from cli.explain.page import rendered, write
from cli.explain.reading import read_journey
from cli.explain.story import Kind, Line, tell
from cli.explain.why import REGION, Reader, covered
from cli.output import emit, json_option, say, written
from deploy.local import observe
from deploy.local.home import Home
from shared.agreement import load_versions
from shared.errors import Trouble

_STYLES = {
    Kind.TITLE: "bold",
    Kind.HEADING: "bold",
    Kind.EVENT: "",
    Kind.DETAIL: "",
    Kind.CHOSEN: "green",
    Kind.PROOF: "dim",
    Kind.ALARM: "bold red",
}


@click.command(epilog="Example: portolano explain 01234567890 --lang it --page firm.html")
@click.argument("subject", metavar="FIRM|REFERRAL")
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="The language of the story; JSON and what partners wrote stay as they are.",
)
@click.option(
    "--view",
    metavar="region|partner:C|firm",
    default="region",
    show_default=True,
    help="For whom it is: a partner or the firm is told why each partner was chosen or not, as far as it may know.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write it as a page to be printed (HTML) to this file, which its owner alone can read.",
)
@json_option
def command(subject: str, language: str, view: str, page: Path | None, as_json: bool) -> None:
    """Tell the journey of a firm: who told what, what followed, who was asked to help and why, and what came of it.

    FIRM is a firm_id or a codice fiscale. With a REFERRAL, its need alone is told. Read from the services' stores with
    the operator's rights; nothing is changed. It holds the firm's data: do not pass it on. What --view partner:C and
    --view firm show is made to be given to these.
    """
    reader, words = _reader(view), LANGUAGES[language]
    if as_json and (reader != REGION or page is not None):
        raise click.UsageError("--json is the Region's view, on stdout")
    home = Home.from_environment()
    journey = asyncio.run(read_journey(home, subject))
    if reader.partner is not None and not covered(journey, reader.partner, datetime.now(UTC)):
        raise Trouble(f"the firm's consent does not cover {reader.partner}: it may not hear what the firm needs")
    if as_json:
        emit(journey)
    elif page is not None:
        text = rendered(journey, reader, words, language)
        with written(page, "--page"):
            write(page, text)
        say(f"the page is {page}")
    else:
        _show(tell(journey, words, reader))
    if observe.is_running(home):
        say(f"traces: {observe.traces_of(home, journey.firm_id, datetime.now(UTC))}")


def _reader(view: str) -> Reader:
    kind, _, partner = view.partition(":")
    if kind == "partner" and partner:
        known = load_versions().partners
        if partner not in known:
            raise click.UsageError(f"--view {view}: {partner} is no signatory, these are: {', '.join(known)}")
        return Reader(partner=partner)
    if view not in ("region", "firm"):
        raise click.UsageError(f"--view {view}: region, partner:C or firm is wanted, such as partner:cna")
    return Reader(firm=view == "firm")


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
