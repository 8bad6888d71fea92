"""Waiting until nothing is on its way any more."""

from cli.audit.findings import Report
from cli.audit.run import audit
from deploy.local.home import SERVICES
from shared.testing.waiting import until
from tests.e2e.system import System


async def at_rest(system: System, limit: float = 90.0) -> Report:
    """The audit of the system at rest; `AssertionError` that names what is still waiting when the limit has passed."""
    waiting: dict[str, int] = {}

    async def nothing_waits() -> bool:
        for service in SERVICES:
            waiting[f"unread by {service}"] = await system.unread(service)
            waiting[f"unpublished by {service}"] = await system.stores[service].fetchval(
                """SELECT coalesce(sum(sequence - coalesce(published, 0)), 0)::bigint
                FROM feeds LEFT JOIN relayed USING (feed)"""
            )
        waiting["mails"] = await system.stores["notifier"].fetchval(
            "SELECT count(*) FROM notifications WHERE state = 'pending'"
        )
        return not any(waiting.values())

    try:
        await until(nothing_waits, limit=limit, what="rest")
    except AssertionError as error:
        raise AssertionError(f"{error}: {waiting}") from None
    report = await audit(system.home, system.prefix)
    assert not any(report.waiting.values()), report.waiting
    return report
