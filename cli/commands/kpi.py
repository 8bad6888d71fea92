"""`portolano kpi`: the agreement's figures, beside its targets, with nothing under five in them."""

import asyncio
from datetime import date, datetime, timedelta

import click

from cli.kpi.figures import DIMENSIONS, Asked, Period, Section, sections
from cli.kpi.paper import document, show
from cli.kpi.stored import stored
from cli.kpi.words import LANGUAGES
from cli.output import emit, json_option
from deploy.local.home import Home
from shared.agreement import day_of, load_versions
from shared.agreement.calendar import ROME

_MOST = 2
"""Dimensions at once: by three of them nearly every cell is under five."""


@click.command(epilog="Example: portolano kpi --by front,partner --from 2026-01-01 --lang it")
@click.option(
    "--from", "first", metavar="DAY", help="What happened on this day (in Rome, such as 2026-01-31) or later."
)
@click.option("--to", "last", metavar="DAY", help="What happened on this day or earlier.")
@click.option("--partner", metavar="C", help="One partner's view: its own tasks and the firms of these.")
@click.option(
    "--by",
    default="",
    metavar="WHAT",
    help=f"At most two of {', '.join(DIMENSIONS)}, divided by commas; without it, the whole alone.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="The language of the sheet; JSON stays as it is.",
)
@click.option("--prefix", default="", hidden=True, help="Databases of this prefix.")
@json_option
def command(
    first: str | None, last: str | None, partner: str | None, by: str, language: str, prefix: str, as_json: bool
) -> None:
    """Show what became of firms and needs: reached and classified, accepted and expired, how long it took, who was
    waited for, what was completed and confirmed, imports met, segments changed, ties shared.

    Without --partner it is the Region's view of all. No count from one to four is shown, and of the others none from
    which one could be computed; one such sheet at a time: what two of different days have between them is not guarded.
    Firms count from the day on which they became known, tasks from that of the request. Read with the rights of a role
    that can write nothing.
    """
    period = Period(_day("--from", first), _day("--to", last))
    if period.first and period.last and period.first > period.last:
        raise click.UsageError(f"--from {period.first} comes after --to {period.last}")
    dimensions = _dimensions(by)
    found, asked = asyncio.run(_read(dimensions, period, partner, prefix))
    if as_json:
        emit(document(found, asked))
    else:
        show(found, asked, language)


async def _read(by: tuple[str, ...], period: Period, partner: str | None, prefix: str) -> tuple[list[Section], Asked]:
    versions = load_versions()
    if partner is not None and partner not in versions.partners:
        raise click.UsageError(f"there is no partner {partner!r}; the partners are {', '.join(versions.partners)}")
    async with stored(Home.from_environment(), prefix) as snapshot:
        agreement = versions.on(day_of(snapshot.at))
        asked = Asked(by=by, period=period, partner=partner, now=snapshot.at, agreement=agreement)
        firms = await snapshot.firms()
        tasks = await snapshot.tasks(firms)
        draws = await snapshot.draws(_midnight(period.first, 0), _midnight(period.last, 1))
    return sections(list(firms.values()), tasks, draws, asked), asked


def _dimensions(by: str) -> tuple[str, ...]:
    named = [name.strip() for name in by.split(",") if name.strip()]
    for name in named:
        if name not in DIMENSIONS:
            raise click.UsageError(f"--by {name}: one of {', '.join(DIMENSIONS)} is wanted")
    if len(set(named)) > _MOST:
        raise click.UsageError(f"--by takes {_MOST} of them at once: by more nearly every cell is under five")
    return tuple(dict.fromkeys(named))


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} {text}: a day such as 2026-01-31 is wanted") from None


def _midnight(day: date | None, later: int) -> datetime | None:
    """When the day, or one that comes so many days later, begins in Rome."""
    return datetime.combine(day + timedelta(days=later), datetime.min.time(), ROME) if day else None
