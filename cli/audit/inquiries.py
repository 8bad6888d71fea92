"""Every request for information was told once, to the partner of whom it was made, and no other was told."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from cli.audit.findings import Report


class Asked(NamedTuple):
    """A request as a partner read it."""

    partner: str
    request_id: str
    firm_id: str


def check_requests(report: Report, rows: Sequence[Any], told: Counter[Asked], erased: set[str], cut: set[str]) -> None:
    """Hold the table against what was told. `erased`: firms whose requests were forgotten; `cut`: partners whose
    topics have lost records to their keep, so that an old request cannot be seen there any more."""
    report.looked_at["requests for information"] += len(rows)
    kept = {Asked(row["partner"], row["request_id"], row["firm_id"]) for row in rows}
    for one in kept:
        if told[one] > 1 or (told[one] == 0 and one.partner not in cut):
            report.find("effects", f"request {one.request_id}", f"{one.partner} was asked {told[one]} times")
    for one in told.keys() - kept:
        if one.firm_id not in erased:
            found = f"{one.partner} was asked, but the store has no such request of it"
            report.find("effects", f"request {one.request_id}", found)
