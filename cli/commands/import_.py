"""`portolano import`: the public register's CSV into submissions; what it cannot use goes to a side file.

Every row ends in exactly one receipt or in exactly one line of the side file.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from cli.output import emit, json_option, plain, say, table
from cli.partner.account import partner_option, sign_in
from cli.partner.exchange import Kind, exchange
from cli.partner.letters import FIRM_SUBMITTED, Letter, write
from cli.partner.progress import Progress
from cli.partner.telling import problem_lines
from cli.register.rows import NotAFile, Table, read_table
from cli.register.startups import FORMAT, Unusable, Usable, newest_day, submissions
from deploy.local.home import Home
from shared.errors import Trouble

_HEADER = "row,reason"
"""How a side file begins; by it we know one of ours."""


@click.command(
    name="import",
    epilog="Example: portolano import --partner unioncamere startups.csv --synthetic-tax-codes",
    short_help="The public register's CSV into submissions.",
)
@partner_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice([FORMAT]), default=FORMAT, show_default=True, help="Whose CSV.")
@click.option(
    "--synthetic-tax-codes",
    "synthetic",
    is_flag=True,
    help="For trials: make each firm's codice fiscale of its row's number; references say synthetic:<row>.",
)
@click.option("--side", type=click.Path(dir_okay=False, path_type=Path), help="Side file  [default: FILE.side.csv]")
@click.option(
    "--observed",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Day of the extract  [default: the newest day in the file]",
)
@click.option(
    "--timeout",
    "patience",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the next receipt.",
)
@json_option
def command(
    partner: str,
    file: Path,
    form: str,
    synthetic: bool,
    side: Path | None,
    observed: datetime | None,
    patience: float,
    as_json: bool,
) -> int:
    """Send the rows of FILE as submissions of partner CODE, and count their receipts by outcome.

    Rows that cannot be used go to the side file, each with the reason. The same file gives the same events, so an
    import that was interrupted is simply given again. Exit code 1 when a row was refused or got no final receipt.
    """
    found, usable, unusable = _read(file, observed.date() if observed else None, synthetic)
    aside = side or file.with_name(f"{file.name}.side.csv")
    if aside.resolve() == file.resolve():
        raise click.BadParameter("the side file must not be FILE itself", param_hint="--side")
    account = sign_in(Home.from_environment(), partner)
    _set_aside(aside, found, unusable)
    outcomes: Counter[str] = Counter()
    rules: Counter[tuple[str, str]] = Counter()
    unanswered: list[Letter] = []
    letters = [_letter(one, partner, file) for one in usable]
    progress = Progress(len(letters), receipts_shown=False)
    for answer in exchange(account, letters, patience=patience, sent=progress.sent, unanswered=unanswered):
        progress.answered(answer)
        if not answer.is_final:
            continue
        data = answer.heard.data
        outcomes[data.get("outcome", "?") if answer.kind is Kind.ACCEPTED else str(answer.kind)] += 1
        for kind in ("problems", "warnings"):
            rules.update({(kind, str(rule)) for one in data.get(kind) or () if (rule := one.get("rule"))})
        if answer.kind is Kind.REFUSED:
            progress.clear()
            for line in problem_lines(data.get("problems")):
                say(plain(f"{answer.letter.origin}: {line}"))
    progress.clear()
    for letter in unanswered:
        say(plain(f"{letter.origin}: no final receipt within {patience:g} s for {letter.id}"))
    _sum_up(outcomes, rules, len(unanswered), unusable, found, aside, as_json)
    return 1 if unanswered or outcomes[Kind.REFUSED] else 0


def _read(file: Path, observed: date | None, synthetic: bool) -> tuple[Table, list[Usable], list[Unusable]]:
    """The file's rows, told apart, or wrong use: nothing is sent of a file that is not the register's."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise Trouble(f"cannot read {file}: {error.strerror}") from error
    today = datetime.now(UTC).date()
    try:
        found = read_table(raw)
        day = observed or newest_day(found, today) or today
        if day > today:
            raise click.BadParameter(f"{day} is still to come", param_hint="--observed")
        rows = list(submissions(found, raw, day, synthetic=synthetic))
    except NotAFile as wrong:
        raise click.UsageError(f"{file}: {wrong}.") from wrong
    if not rows:
        raise click.UsageError(f"{file} holds no row.")
    usable = [one for one in rows if isinstance(one, Usable)]
    return found, usable, [one for one in rows if isinstance(one, Unusable)]


def _letter(one: Usable, partner: str, file: Path) -> Letter:
    return write(partner, FIRM_SUBMITTED, one.data, id=one.id, origin=f"{file}, row {one.row.number}")


def _set_aside(path: Path, found: Table, unusable: Sequence[Unusable]) -> None:
    """Write the side file, before anything is sent: row, reason, and the row's cells as they came. None if empty."""
    try:
        if not unusable:
            if path.exists() and path.read_bytes().startswith(_HEADER.encode()):
                path.unlink()  # it is of an earlier import, and would be taken for this one's
            return
        text = io.StringIO(newline="")
        lines = csv.writer(text)
        lines.writerow((*_HEADER.split(","), *found.columns))
        lines.writerows((one.row.number, one.reason, *one.row.raw) for one in unusable)
        path.write_text(text.getvalue(), encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise Trouble(f"cannot write the side file {path}: {error.strerror}; name another with --side") from error


def _sum_up(
    outcomes: Counter[str],
    rules: Counter[tuple[str, str]],
    unanswered: int,
    unusable: Sequence[Unusable],
    found: Table,
    aside: Path,
    as_json: bool,
) -> None:
    if as_json:
        emit(
            {
                "rows": len(found.rows),
                "outcomes": dict(sorted(outcomes.items())),
                "unanswered": unanswered,
                "set_aside": len(unusable),
                "side_file": aside if unusable else None,
                "warnings": {rule: n for (kind, rule), n in sorted(rules.items()) if kind == "warnings"},
                "problems": {rule: n for (kind, rule), n in sorted(rules.items()) if kind == "problems"},
            }
        )
        return
    counts = [*sorted(outcomes.items()), ("unanswered", unanswered), ("set aside", len(unusable))]
    table(("outcome", "rows"), [*((name, n) for name, n in counts if n), ("all", len(found.rows))])
    for (kind, rule), n in sorted(rules.items()):
        say(f"{n} with {kind[:-1]} {rule}")
    if unusable:
        say(f"{len(unusable)} of {len(found.rows)} rows could not be used; each with its reason in {aside}")
