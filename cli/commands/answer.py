"""`portolano answer`: a partner says what becomes of a referral, and sees how that was taken."""

from datetime import datetime

import click

from cli.output import emit, json_option, plain, say
from cli.partner.account import partner_option, sign_in
from cli.partner.exchange import Answer, Kind, exchange
from cli.partner.letters import REFERRAL_UPDATED, Letter, now, write
from cli.partner.telling import problem_lines
from deploy.local.home import Home

STATUSES = (
    "received",
    "accepted",
    "rejected",
    "in_progress",
    "on_hold",
    "completed",
    "failed",
    "cancellation_confirmed",
)
"""What a partner may say of a referral (contract, `referral.updated`)."""


@click.command(epilog="Example: portolano answer --partner cna 7c0e4a52-… rejected --reason no_capacity")
@partner_option
@click.argument("referral")
@click.argument("status", type=click.Choice(STATUSES), metavar="STATUS")
@click.option("--reason", metavar="CODE", help="Coded reason of rejected, failed, on_hold.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Last day of on_hold.")
@click.option("--outcome", "outcomes", multiple=True, metavar="CODE", help="Coded outcome of completed; repeatable.")
@click.option("--note", metavar="TEXT", help="Words for the file.")
@click.option(
    "--timeout",
    "patience",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
@json_option
def command(
    partner: str,
    referral: str,
    status: str,
    reason: str | None,
    until: datetime | None,
    outcomes: tuple[str, ...],
    note: str | None,
    patience: float,
    as_json: bool,
) -> int:
    """Send the update STATUS of REFERRAL as partner CODE, and wait for its answer.

    STATUS is received, accepted, rejected, in_progress, on_hold, completed, failed or cancellation_confirmed.
    `rejected`, `failed` and `on_hold` need a coded --reason: not_member, out_of_territory, out_of_sector,
    service_unavailable, no_capacity, conflict_of_interest, insufficient_data, already_served, firm_unreachable;
    firm_withdrew, firm_unreachable, not_eligible, service_ended; waiting_firm, waiting_call, waiting_third_party.
    `on_hold` needs --until, `completed` an --outcome. Exit code 1 when it is refused, with every problem, or when no
    final answer came in time.
    """
    account = sign_in(Home.from_environment(), partner)
    said = {
        "referral_id": referral,
        "status": status,
        "reason": reason,
        "until": f"{until:%Y-%m-%d}" if until else None,
        "outcomes": [{"code": code} for code in outcomes] or None,
        "note": note,
        "at": now(),
    }
    letter = write(partner, REFERRAL_UPDATED, {name: value for name, value in said.items() if value is not None})
    unanswered: list[Letter] = []
    recorded = False
    for answer in exchange(account, [letter], patience=patience, unanswered=unanswered):
        recorded = answer.kind is Kind.ACCEPTED
        if as_json:
            emit({"id": letter.id, "answer": answer.kind, "type": answer.heard.type, "data": answer.heard.data})
        else:
            _show(answer, referral, status)
    if unanswered:
        say(f"no final answer within {patience:g} s; it is update {letter.id}, and `watch` will show its answer")
    return 0 if recorded else 1


def _show(answer: Answer, referral: str, status: str) -> None:
    data = answer.heard.data
    match answer.kind:
        case Kind.ACCEPTED:
            stands = f"; the referral is {data['status']}" if "status" in data else ""
            flags = f" ({', '.join(map(str, data['flags']))})" if data.get("flags") else ""
            click.echo(plain(f"recorded{flags}: {referral} {status}{stands}"))
        case Kind.REFUSED:
            stands = f"; the referral is {data['status']}" if "status" in data else ""
            click.echo(plain(f"refused: {referral} {status}{stands}"))
            for line in problem_lines(data.get("problems")):
                click.echo(f"    {line}")
        case Kind.HELD:
            click.echo("held: kept and looked at; the final answer follows")
