"""Conservation: every record that a service consumed ended in exactly one outcome, recounted from the topic itself."""

from collections import Counter

import asyncpg

from cli.audit.evidence import Log, Store
from cli.audit.findings import Report

OUTCOMES = ("applied", "repeated", "refused", "held", "discarded")


def check_reader(report: Report, store: Store, topic: str, partition: int, log: Log) -> None:
    """`log` was read after the snapshot, so it holds at least all that the snapshot says was consumed."""
    where = f"{store.service} reading {topic}/{partition}"
    position = store.positions.get((topic, partition))
    if position is None:
        report.waiting[f"unread by {store.service}"] += log.end - log.begin
        return
    consumed = position["next_offset"] - position["first_offset"]
    counted = sum(position[outcome] for outcome in OUTCOMES)
    if consumed != counted:
        report.find("conservation", where, f"{consumed} records were consumed, {counted} have an outcome")
    if position["next_offset"] > log.end:
        report.find(
            "conservation", where, f"offset {position['next_offset']} comes next, but the topic ends at {log.end}"
        )
    report.looked_at["records consumed"] += consumed
    report.waiting[f"unread by {store.service}"] += max(0, log.end - max(position["next_offset"], log.begin))
    whole = log.begin <= position["first_offset"] and consumed == sum(
        position["first_offset"] <= record.offset < position["next_offset"] for record in log.records
    )
    if whole and any(r.number is not None for r in log.records):  # what was removed cannot be counted again
        _recount(report, where, position, log)


def _recount(report: Report, where: str, position: asyncpg.Record, log: Log) -> None:
    """Numbers decide on feeds: each once is new, all other copies are repeats. A reader that began at a baseline knows
    the numbers before it as passed."""
    seen: Counter[int] = Counter()
    base = 0
    for record in log.records:
        if record.number is None or record.offset >= position["next_offset"]:
            continue
        if record.offset < position["first_offset"]:
            base = max(base, record.number)
        else:
            seen[record.number] += 1
    if position["first_offset"] > 0 and not base:  # what lay before it has gone with its keep
        base = min(seen, default=position["sequence"] + 1) - 1
    new = {number for number in seen if number > base}
    repeats = sum(seen.values()) - len(new)
    top = max(new, default=base)
    if position["sequence"] != top:
        report.find("conservation", where, f"the position says number {position['sequence']}, the topic {top}")
    if len(new) != top - base:
        report.find(
            "conservation", where, f"{top - base} numbers were passed, {len(new)} of them were there to be read"
        )
    if position["repeated"] != repeats:
        report.find("conservation", where, f"{position['repeated']} were counted as repeats, the topic has {repeats}")


def check_held(report: Report, store: Store) -> None:
    """Each firm counts exactly the records that wait on it."""
    waiting: Counter[str] = Counter(
        row["firm_id"] for row in store.held if row["state"] in ("held", "queued") and row["firm_id"] is not None
    )
    for firm_id in waiting.keys() | store.firms_held.keys():
        if waiting[firm_id] != store.firms_held.get(firm_id, 0):
            report.find(
                "held",
                f"{store.service}, firm {firm_id}",
                f"{waiting[firm_id]} records wait, the firm's row says {store.firms_held.get(firm_id, 0)}",
            )
    report.looked_at["held records"] += len(store.held)
    report.waiting["held"] += sum(waiting.values())
