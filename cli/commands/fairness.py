"""`portolano fairness`: what tied partners got, against equal shares."""

import asyncio
import csv
from pathlib import Path

import click

from cli.explain.stores import opened
from cli.fairness.draws import HEADINGS, Draw, Fairness, fairness, rows
from cli.fairness.stored import draws
from cli.output import emit, json_option, say, table, written
from deploy.local.home import Home


@click.command(epilog="Example: portolano fairness --ties ties.csv")
@click.option(
    "--ties",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write every tie to this CSV file, from which anybody computes it again: docs/verify-ties.md.",
)
@click.option(
    "--memberships",
    is_flag=True,
    help="Ties between bodies that both have the firm as their member as well. Not to be passed on: it tells of "
    "memberships.",
)
@click.option("--prefix", default="", hidden=True, help="Databases of this prefix.")
@json_option
def command(file: Path | None, memberships: bool, prefix: str, as_json: bool) -> None:
    """Show how often each of several equal partners was chosen, beside the equal share, and how likely that is.

    A chi-square over each group of tied partners, and one over all. Read from the stored receipts with the operator's
    rights; nothing is changed.
    """
    drawn = asyncio.run(_read(Home.from_environment(), prefix, memberships=memberships))
    if file is not None:
        with written(file, "--ties"), file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerows([HEADINGS, *rows(drawn)])
        say(f"{len(drawn)} ties are in {file}")
    found = fairness(drawn)
    if as_json:
        emit(found)
    else:
        _show(found)


async def _read(home: Home, prefix: str, *, memberships: bool) -> list[Draw]:
    async with opened(home, "referral", prefix) as connection:
        return await draws(connection, memberships=memberships)


def _show(found: Fairness) -> None:
    if not found.groups:
        print("nothing was drawn")
        return
    table(
        ("tied", "won", "equal share", "draws", "p"),
        [
            (
                ", ".join(group.members),
                ", ".join(map(str, group.won)),
                f"{group.equal_share:.1f}",
                group.draws,
                f"{group.p:.4f}",
            )
            for group in found.groups
        ],
    )
    print(f"over all groups: chi-square {found.chi_square:.2f}, {found.freedom} degrees of freedom, p = {found.p:.4f}")
