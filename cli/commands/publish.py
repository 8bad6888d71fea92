"""`portolano publish`: send what a partner knows of firms, and show the receipt of each record.

`--dry-run` shows what would come of it, without sending: it needs no running system.
"""

import sys
from collections import Counter
from typing import BinaryIO

import click
import msgspec

from cli.output import emit, json_option, plain, say
from cli.partner.account import partner_option, sign_in
from cli.partner.exchange import Answer, Kind, exchange
from cli.partner.letters import Letter
from cli.partner.lines import MOST_OF_PREFIX, NotALetter, letters
from cli.partner.progress import Progress
from cli.partner.telling import problem_lines
from deploy.local.home import Home
from shared.agreement import day_of, load_versions


@click.command(epilog="Example: portolano publish --partner cna firms.jsonl --dry-run")
@partner_option
@click.argument("file", type=click.File("rb"))
@click.option("--id-prefix", metavar="TEXT", help="Ids are TEXT-<line>, so that the file can be sent again safely.")
@click.option(
    "--timeout",
    "patience",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the next receipt.",
)
@click.option("--dry-run", "only_try", is_flag=True, help="Show receipts and likely segments without sending.")
@json_option
def command(partner: str, file: BinaryIO, id_prefix: str | None, patience: float, only_try: bool, as_json: bool) -> int:
    """Send FILE (- is stdin) as partner CODE and show the receipts.

    FILE holds JSON lines: each the data of a firm.submitted, or a whole event (CloudEvents, with `specversion`). A line
    that is not JSON stops the command before anything is sent. Exit code 1 when a record was refused or got no final
    receipt in time.

    With --dry-run nothing is sent: each line is read as it would be at the door, and its segment is that of this line
    alone, as if nobody else spoke of the firm.
    """
    to_send = _read(file, partner, id_prefix)
    if only_try:
        return _try(to_send, partner, as_json)
    account = sign_in(Home.from_environment(), partner)
    outcomes: Counter[str] = Counter()
    unanswered: list[Letter] = []
    progress = Progress(len(to_send), receipts_shown=True)
    for answer in exchange(account, to_send, patience=patience, sent=progress.sent, unanswered=unanswered):
        progress.clear()
        outcomes[answer.heard.data.get("outcome", "recorded") if answer.kind is Kind.ACCEPTED else answer.kind] += 1
        _show(answer, as_json)
        progress.answered(answer)
    progress.clear()
    for letter in unanswered:
        if as_json:
            emit({"origin": letter.origin, "id": letter.id, "answer": None})
        say(f"{plain(letter.origin)}: no final receipt within {patience:g} s for {plain(letter.id)}")
    told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    say(f"{len(to_send)} sent: {told or 'no receipt'}" + (f", {len(unanswered)} unanswered" if unanswered else ""))
    return 1 if unanswered or outcomes[Kind.REFUSED] else 0


def _read(file: BinaryIO, partner: str, id_prefix: str | None) -> list[Letter]:
    """All letters of the file, or wrong use: nothing is sent while a line may still turn out to be none."""
    if id_prefix is not None and not (0 < len(id_prefix) <= MOST_OF_PREFIX and id_prefix.isprintable()):
        raise click.BadParameter(f"1 to {MOST_OF_PREFIX} printable characters", param_hint="--id-prefix")
    name = "stdin" if file is sys.stdin.buffer else file.name
    try:
        found = list(letters(name, file, partner, id_prefix))
    except NotALetter as wrong:
        raise click.UsageError(str(wrong)) from wrong
    if not found:
        raise click.UsageError(f"{name} holds no line.")
    return found


def _try(to_send: list[Letter], partner: str, as_json: bool) -> int:
    # Only here: what judges a letter is half the system, and a publisher in a hurry need not load it.
    from cli.partner.trial import now, rehearse, trial_lines

    agreement, refused = load_versions().on(day_of(now())), 0
    for letter in to_send:
        trial = rehearse(letter, partner, agreement, now())
        refused += not trial.accepted
        if as_json:
            emit({"origin": letter.origin, "id": letter.id, "dry_run": True, **msgspec.to_builtins(trial)})
            continue
        click.echo(plain(f"{letter.origin}: would be {'accepted' if trial.accepted else 'refused'}  {letter.id}"))
        for line in trial_lines(trial):
            click.echo(plain(f"    {line}"))
    say(f"{len(to_send)} read, {refused} would be refused; a dry run: nothing was sent")
    return 1 if refused else 0


def _show(answer: Answer, as_json: bool) -> None:
    heard, data = answer.heard, answer.heard.data
    if as_json:
        emit(
            {
                "origin": answer.letter.origin,
                "id": answer.letter.id,
                "answer": answer.kind,
                "sequence": heard.sequence,
                "type": heard.type,
                "data": data,
            }
        )
        return
    words = [f"{answer.kind:<8}", str(data.get("outcome", "")), answer.letter.id]
    if "firm_id" in data:
        words.append(f"firm {data['firm_id']}")
    click.echo(plain(f"{answer.letter.origin}: " + "  ".join(word for word in words if word)))
    for line in problem_lines(data.get("problems")):
        click.echo(f"    {line}")
    for line in problem_lines(data.get("warnings")):
        click.echo(f"    warning: {line}")
