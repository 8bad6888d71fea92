"""`portolano provision`: what the agreement asks of Kafka and Postgres, shown or made so."""

import asyncio

import click

from cli.output import emit, json_option, say
from deploy import provision as provisioning
from deploy.local.home import Home
from shared.errors import Unreachable


@click.command(
    epilog="Example: portolano provision --plan",
    short_help="Topics, users, rights, quotas, databases: as the agreement wants them.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show the difference and change nothing.")
@json_option
def command(only_plan: bool, as_json: bool) -> None:
    """Make topics, users, rights, quotas and databases as the agreement wants them.

    Can be given again at any time: what is as it should be is left alone. Nothing is ever deleted that holds records
    or rows, and no password is changed that works.
    """
    home = Home.from_environment()
    if not home.is_made:
        raise Unreachable("the system is not running: start it with `portolano up`")
    lines = asyncio.run(provisioning.plan(home) if only_plan else provisioning.provision(home))
    if as_json:
        emit({"planned" if only_plan else "done": lines})
        return
    for line in lines:
        click.echo(line)
    if not lines:
        say("nothing to do: everything is as the agreement wants it")
    elif only_plan:
        say(f"{len(lines)} line(s) of difference; `portolano provision` does them")
