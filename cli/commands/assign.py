"""`portolano assign`: a person at the Region decides whom a need goes to that the rules could give to nobody."""

from dataclasses import asdict
from functools import partial
from uuid import uuid4

import click

from cli.held.parts import whoever
from cli.orders import LONGEST_REASON, carried_out, identifier, noted, rehearse_option, words
from cli.output import emit, json_option, plain
from services.referral import commands, errands
from services.referral.manual import Assignment
from services.referral.receipt import Person


@click.command(
    epilog="Example: portolano assign 3f6b1c9e-… cna --reason 'agreed with both bodies on the phone' --dry-run"
)
@click.argument("need")
@click.argument("partner")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the receipt, told to no partner.")
@rehearse_option
@json_option
def command(need: str, partner: str, reason: str, rehearse: bool, as_json: bool) -> int:
    """Give NEED to PARTNER, one of the signatories, and ask it to help.

    NEED is the id of a need that waits for a person, or for consent; `portolano explain` shows it. A person may pass
    over ownership and membership, never over the firm's consent, a partner's rejection of the need, or the agreement's
    term. It is noted who gave the command and why. Exit code 1 where it is not possible.
    """
    person = Person(by=whoever(), reason=words(reason, "--reason", LONGEST_REASON))
    order = Assignment(id=str(uuid4()), need_id=identifier("need", need), partner=partner, person=person)
    find = partial(commands.firm_of_need, need_id=order.need_id)
    done = carried_out(find, errands.assign, order, rehearse)
    if as_json:
        told = asdict(done)
        told["import"] = told.pop("import_")
        emit({**told, "command_id": order.id, "by": person.by, "reason": person.reason, "dry_run": rehearse})
        return 0
    what = ", ".join([done.front, *(["import"] if done.import_ else []), *([done.market] if done.market else [])])
    click.echo(plain(f"need {done.need_id} ({what}) goes to {done.partner}: referral {done.referral_id}"))
    click.echo(plain(f"    {done.choice}"))
    noted(person.by, person.reason, rehearse)
    return 0
