"""`portolano assign`: a person at the Region decides whom a need goes to that the rules could give to nobody."""

import asyncio
from dataclasses import asdict
from functools import partial
from uuid import UUID, uuid4

import click

from cli.held.parts import commanding, whoever
from cli.output import emit, json_option, plain, say
from deploy.local.home import Home
from services.referral import commands, errands
from services.referral.errands import Assigned
from services.referral.manual import Assignment
from services.referral.receipt import Person
from shared.errors import Trouble


@click.command(
    epilog="Example: portolano assign 3f6b1c9e-… cna --reason 'agreed with both bodies on the phone' --dry-run"
)
@click.argument("need")
@click.argument("partner")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the receipt, told to no partner.")
@click.option("--dry-run", "rehearse", is_flag=True, help="Try it and keep nothing of it.")
@json_option
def command(need: str, partner: str, reason: str, rehearse: bool, as_json: bool) -> int:
    """Give NEED to PARTNER, one of the signatories, and ask it to help.

    NEED is the id of a need that waits for a person, or for consent; `portolano explain` shows it. A person may pass
    over ownership and membership, never over the firm's consent, a partner's rejection of the need, or the agreement's
    term. It is noted who gave the command and why. Exit code 1 where it is not possible.
    """
    reason = plain(reason).strip()
    if not 0 < len(reason) <= 500:
        raise click.BadParameter("1 to 500 characters", param_hint="--reason")
    order = Assignment(
        id=str(uuid4()), need_id=_uuid(need), partner=partner, person=Person(by=whoever(), reason=reason)
    )
    done = asyncio.run(_assigned(Home.from_environment(), order, rehearse))
    if as_json:
        told = asdict(done)
        told["import"] = told.pop("import_")
        emit({**told, "command_id": order.id, "by": order.person.by, "reason": reason, "dry_run": rehearse})
        return 0
    what = ", ".join([done.front, *(["import"] if done.import_ else []), *([done.market] if done.market else [])])
    click.echo(plain(f"need {done.need_id} ({what}) goes to {done.partner}: referral {done.referral_id}"))
    click.echo(plain(f"    {done.choice}"))
    say("a dry run: nothing was kept of it" if rehearse else f"noted: {order.person.by}, {reason}")
    return 0


async def _assigned(home: Home, order: Assignment, rehearse: bool) -> Assigned:
    async with commanding(home, "referral") as referral:
        return await referral.carry_out(
            partial(commands.firm_of_need, need_id=order.need_id),
            partial(errands.assign, order, referral.code_version),
            rehearse=rehearse,
        )


def _uuid(need: str) -> str:
    try:
        return str(UUID(need.strip()))
    except ValueError:
        raise Trouble(f"there is no need {need}: `portolano explain` shows those of a firm") from None
