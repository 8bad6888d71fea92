"""Every erasure went through all four stores, was answered to the end, and left nothing behind that it had to take.

Each service says that it has forgotten a firm once it has, and the last one's word goes back to referral, which tells
the partners. So what a service heard must be said on, once, and what a store still holds of a firm that was erased and
not told of again must be nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cli.audit.effects import Life
from cli.audit.findings import Report
from shared.contracts.classifier import AssessmentErased, FirmAssessed
from shared.contracts.intake import FirmErased
from shared.contracts.notifier import NotificationsErased
from shared.contracts.referral import CaseErased
from shared.contracts.referrals import FirmForgotten

Request = tuple[str, int, str]
"""Firm, its last version, when it asked: which erasure."""


def check_erasures(report: Report, lives: Mapping[str, Life], partners: Iterable[str]) -> None:
    """Hand by hand along the chain, then what the stores hold."""
    hands = (
        ("classifier", "intake.firms.v1", FirmErased.type, "classifier.assessments.v1", AssessmentErased.type),
        ("referral", "classifier.assessments.v1", AssessmentErased.type, "referral.events.v1", CaseErased.type),
        ("notifier", "referral.events.v1", CaseErased.type, "notifier.deliveries.v1", NotificationsErased.type),
    )
    for service, heard_on, heard, said_on, said in hands:
        asked = Counter(_request(data) for kind, data in lives[service].heard(heard_on) if kind == heard)
        done = Counter(_request(told.data) for told in lives[service].said(said_on) if told.type == said)
        report.looked_at["erasures"] += asked.total()
        for request in asked.keys() | done.keys():
            if asked[request] != done[request]:
                report.find(
                    "erasures",
                    f"{service}, firm {request[0]}",
                    f"was to be erased {asked[request]} times, and that was said on {done[request]} times",
                )
    _check_answers(report, lives["referral"], partners)
    _check_left(report, lives)


def _check_answers(report: Report, referral: Life, partners: Iterable[str]) -> None:
    """Who asked, and whoever had got something, heard that it is done, once the last store had said so."""
    answered = Counter(
        data["firm_id"] for kind, data in referral.heard("notifier.deliveries.v1") if kind == NotificationsErased.type
    )
    told = {
        (code, one.data["firm_id"])
        for code in partners
        for one in referral.said(f"partners.{code}.referrals.v1")
        if one.type == FirmForgotten.type
    }
    rows = referral.store.tables["erasures"]
    ended = Counter(row["firm_id"] for row in rows if row["told_at"] is not None)
    for row in rows:
        firm_id = row["firm_id"]
        if row["told_at"] is None:
            report.waiting["erasures on their way"] += 1
        elif unaware := [code for code in row["recipients"] if (code, firm_id) not in told]:
            report.find("erasures", f"firm {firm_id}", f"{', '.join(unaware)} never heard that it is erased everywhere")
    for firm_id in answered.keys() | ended.keys():
        if answered[firm_id] < ended[firm_id] or (answered[firm_id] and not ended[firm_id]):
            found = (
                f"the last store said {answered[firm_id]} times that it is empty, {ended[firm_id]} times it was told"
            )
            report.find("erasures", f"firm {firm_id}", found)


def _check_left(report: Report, lives: Mapping[str, Life]) -> None:
    """What is kept in words or addresses of firms that are erased and were not told of again."""
    gone = _gone(lives["referral"])
    for table, what in (
        ("decisions", "receipts"),
        ("membership_queries", "queries about memberships"),
        ("information_requests", "requests for information"),
    ):
        kept = Counter(row["firm_id"] for row in lives["referral"].store.tables[table] if row["firm_id"] in gone)
        for firm_id, n in kept.items():
            report.find("erasures", f"firm {firm_id}", f"{n} {what} of an erased firm are in the store of referral")
    heard = lives["notifier"].heard("referral.events.v1")
    erased = {data["firm_id"] for kind, data in heard if kind == CaseErased.type} & gone
    for row in lives["notifier"].store.tables["notifications"]:
        if row["firm_id"] in erased and row["body"] is not None and not row["bare"]:
            report.find("erasures", f"message {row['message_id']}", "has the words of a mail about an erased firm")


def _gone(referral: Life) -> set[str]:
    """Firms of which referral has heard nothing after their erasure."""
    gone: set[str] = set()
    for kind, data in referral.heard("classifier.assessments.v1"):
        if kind == AssessmentErased.type:
            gone.add(data["firm_id"])
        elif kind == FirmAssessed.type:
            gone.discard(data["firm_id"])
    return gone


def _request(data: Any) -> Request:
    return data["firm_id"], data["version"], data["requested_at"]
