"""`portolano audit`: conservation and continuity, proved from the stores and the records in Kafka."""

import asyncio

import click

from cli.audit.run import audit
from cli.output import emit, json_option, say
from deploy.local.home import Home


@click.command(epilog="Example: portolano audit && echo nothing is lost")
@click.option("--prefix", default="", hidden=True, help="Topics and databases of this prefix.")
@json_option
def command(as_json: bool, prefix: str) -> int:
    """Prove that nothing was lost, doubled or put out of order.

    Recounts from the stores and from every record in Kafka, without believing what the services counted. Exit 1 where
    it finds a gap. What is merely on its way is told and is no gap.
    """
    report = asyncio.run(audit(Home.from_environment(), prefix))
    waiting = {what: n for what, n in sorted(report.waiting.items()) if n}
    if as_json:
        emit(
            {
                "clean": report.clean,
                "findings": report.findings,
                "looked_at": dict(sorted(report.looked_at.items())),
                "waiting": waiting,
            }
        )
    else:
        for line in report.told():
            print(line)
        say("looked at: " + ", ".join(f"{n} {what}" for what, n in sorted(report.looked_at.items())))
        if waiting:
            say("on its way: " + ", ".join(f"{n} {what}" for what, n in waiting.items()))
        print("nothing is missing, doubled or out of order" if report.clean else f"{len(report.findings)} findings")
    return 0 if report.clean else 1
