"""`portolano cancel`: a person at the Region takes a referral back, or asks the partner to end what it has begun."""

from dataclasses import asdict
from functools import partial
from uuid import uuid4

import click

from cli.held.parts import whoever
from cli.orders import carried_out, identifier, noted, rehearse_option
from cli.output import emit, json_option, plain
from services.referral import commands, errands
from services.referral.lifecycle import Ended
from services.referral.manual import CANCELS, Cancellation

CODES = tuple(why.value for why in CANCELS)


@click.command(epilog="Example: portolano cancel 7c0e4a52-… --reason firm_request --dry-run")
@click.argument("referral")
@click.option("--reason", required=True, type=click.Choice(CODES), help="Why; the partner is told the code.")
@rehearse_option
@json_option
def command(referral: str, reason: str, rehearse: bool, as_json: bool) -> int:
    """Take REFERRAL back from its partner.

    Work that has begun is not ended over the partner's head: the partner is asked, and confirms or completes it. After
    firm_request and duplicate the need is closed, after superseded a person decides on it, after partner_left it goes
    to another partner. It is noted who gave the command. Exit code 1 where it is not possible.
    """
    order = Cancellation(id=str(uuid4()), referral_id=identifier("referral", referral), why=Ended(reason), by=whoever())
    find = partial(commands.firm_of_referral, referral_id=order.referral_id)
    done = carried_out(find, errands.cancel, order, rehearse)
    if as_json:
        emit({**asdict(done), "reason": reason, "command_id": order.id, "by": order.by, "dry_run": rehearse})
        return 0
    if done.asked:
        told = f"{done.partner} is asked to end referral {done.referral_id}, which stays {done.status} until it answers"
    else:
        told = f"referral {done.referral_id} of {done.partner} is cancelled"
    now = f", with {done.partner_now}" if done.partner_now and not done.asked else ""
    click.echo(plain(f"{told} ({reason})"))
    click.echo(plain(f"    need {done.need_id}: {done.need_state}{now}"))
    noted(order.by, reason, rehearse)
    return 0
