"""`portolano correct`: two persons at the Region enter a referral in error that never should have been."""

from dataclasses import asdict
from functools import partial
from uuid import uuid4

import click

from cli.held.parts import whoever
from cli.orders import LONGEST_NAME, LONGEST_REASON, carried_out, identifier, noted, rehearse_option, words
from cli.output import emit, json_option, plain
from services.referral import commands, errands
from services.referral.correction import Correction
from services.referral.receipt import Person


@click.command(
    epilog="Example: portolano correct 7c0e4a52-… --reason 'meant for another firm' --second-person anna.r --dry-run"
)
@click.argument("referral")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the command, told to no partner.")
@click.option("--second-person", required=True, metavar="NAME", help="Who agrees; somebody else than you.")
@rehearse_option
@json_option
def command(referral: str, reason: str, second_person: str, rehearse: bool, as_json: bool) -> int:
    """Enter REFERRAL in error: it never should have been, whatever became of it.

    The partner is told that it is entered_in_error, and so is the firm. Where it was the need's latest, the need is
    routed again by what is known today, its partner included; where that would name the same partner, a person decides
    (`portolano assign`). It is noted who gave the command, who agreed, and why. Exit code 1 where it is not possible.
    """
    person = Person(by=whoever(), reason=words(reason, "--reason", LONGEST_REASON))
    second = words(second_person, "--second-person", LONGEST_NAME)
    order = Correction(id=str(uuid4()), referral_id=identifier("referral", referral), person=person, second=second)
    find = partial(commands.firm_of_referral, referral_id=order.referral_id)
    done = carried_out(find, errands.correct, order, rehearse)
    if as_json:
        told = {"reason": person.reason, "command_id": order.id, "by": person.by, "second_person": second}
        emit({**asdict(done), **told, "dry_run": rehearse})
        return 0
    now = f", with {done.partner_now}" if done.partner_now else ""
    click.echo(plain(f"referral {done.referral_id} of {done.partner}, {done.was} until now, is {done.status}"))
    click.echo(plain(f"    need {done.need_id}: {done.need_state}{now}"))
    noted(f"{person.by} with {second}", person.reason, rehearse)
    return 0
