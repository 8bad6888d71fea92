"""That a measurement measured what it says: every firm has its referral, and the auditor finds nothing."""

from collections import Counter

from cli.audit.evidence import read_topics
from cli.audit.run import audit
from deploy.local.home import Home
from shared.agreement import load
from shared.contracts.topics import referrals
from shared.errors import Trouble

REQUESTED = "it.portolano.referral.requested.v1"


async def requested(home: Home, prefix: str) -> tuple[Counter[str], float]:
    """How many `referral.requested` each firm has got, and when the last of all was acknowledged (Unix seconds): the
    broker's own stamp, set when it appended the record, a moment before its acknowledgement."""
    logs = await read_topics(home, [prefix + referrals(code) for code in load().partners])
    asked = [record for log in logs.values() for record in log.records if record.attribute("type") == REQUESTED]
    firms = Counter(record.attribute("partitionkey") for record in asked)
    return firms, max((record.timestamp for record in asked), default=0) / 1000


async def require_clean(home: Home, prefix: str) -> int:
    """How many things `portolano audit` has compared. Raises `Trouble` with its first findings: a figure that was
    bought with a lost firm is none."""
    report = await audit(home, prefix)
    if not report.clean:
        told = "\n".join(report.told()[:10])
        raise Trouble(f"the audit of {prefix} found {len(report.findings)} faults, the figures are void:\n{told}")
    if not report.looked_at.total():
        raise Trouble(f"the audit of {prefix} has looked at nothing")
    return report.looked_at.total()
