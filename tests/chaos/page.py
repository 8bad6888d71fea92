"""The table of all seeds that were run: kept as lines of JSON, shown as a page."""

import json
import subprocess
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.chaos.blows import What
from tests.chaos.checker import Fault
from tests.chaos.run import Result

_HEAD = """# What was broken, and what was left

Made by `make chaos` from [chaos.jsonl](chaos.jsonl); not written by hand. Each line is one seed: two replicas of every
service on a broker and a database of their own, twelve partners at work, and blows until every firm was sent.
Afterwards a judge that knows the contract and nothing of the runtime (`tests/chaos/checker.py`) compares what the
partners wrote down with all topics and all stores. A kill counts only where its victim had records unread or
unpublished; *in flight* are their least, median and most.

"""


def line_of(result: Result, settings: dict[str, str]) -> dict[str, Any]:
    """What is kept of a seed."""
    struck = {what.value: len(result.blows.counted(what)) for what in What}
    return {
        "seed": result.seed,
        "firms": result.firms,
        "on": date.today().isoformat(),
        "at": _commit(),
        "seconds": round(result.seconds),
        "records": result.records,
        "said": result.said,
        "counted": struck,
        "kills": len(result.kills),
        "in_flight": sorted(blow.in_flight for blow in result.kills),
        "after_kill": [round(x, 1) for x in sorted(result.blows.after_kill)],
        "after_kill_alone": [round(x, 1) for x in sorted(result.blows.after_kill_alone)],
        "after_last": [round(x, 1) for x in sorted(result.blows.after_last)],
        "after_server": [round(x, 1) for x in sorted(result.blows.after_server)],
        "ended": result.ended,
        "faults": {fault.value: sum(1 for one in result.findings if one.fault is fault) for fault in Fault},
        "settings": settings,
    }


def _commit() -> str:
    """Which code it was: the commit, with a + where the tree held something else besides, its pages left aside."""
    tree = Path(__file__).resolve().parents[2]

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=tree, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!docs")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


def read(path: Path) -> list[dict[str, Any]]:
    """The seeds run so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write(lines: Sequence[dict[str, Any]], path: Path) -> None:
    """The lines, and the page beside them."""
    lines = sorted(lines, key=lambda one: (one["firms"], one["seed"]))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    path.with_suffix(".md").write_text(page(lines))


def page(lines: Sequence[dict[str, Any]]) -> str:
    """The table, the sums, and the durability under which all of it was run."""
    table = [
        "| firms | seed | records | said | kills | services / Kafka / PostgreSQL | stopped | links | mail | in flight "
        "| lost | doubled | inverted | gaps | unaccounted | seconds | commit |",
        "|" + "---|" * 17,
    ]
    for one in lines:
        struck, faults, flight = one["counted"], one["faults"], one["in_flight"] or [0]
        table.append(
            f"| {one['firms']:,} | {one['seed']} | {one['records']:,} | {one['said']:,} | {one['kills']} "
            f"| {struck['kill']} / {struck['kafka']} / {struck['postgres']} | {struck['stop']} | {struck['link']} "
            f"| {struck['mail']} | {flight[0]} / {flight[len(flight) // 2]} / {flight[-1]} | {faults['lost']} "
            f"| {faults['doubled']} | {faults['inverted']} | {faults['gap']} | {faults['unaccounted']} "
            f"| {one['seconds']} | {one['at']} |"
        )
    faults = sum(sum(one["faults"].values()) for one in lines)
    kills = sum(one["kills"] for one in lines)
    sums = f"{len(lines)} seeds, {sum(one['firms'] for one in lines):,} firms, {kills} kills that count: "
    sums += f"{faults} faults.\n\n"
    for firms in sorted({one["firms"] for one in lines}):
        sums += f"## How soon partitions moved again: runs of {firms:,} firms\n\n" + _moved(
            [one for one in lines if one["firms"] == firms]
        )
    sums += "## Every run\n\n"
    settings = lines[-1]["settings"] if lines else {}
    durable = "".join(f"| {name} | {value} |\n" for name, value in settings.items())
    return _HEAD + sums + "\n".join(table) + "\n\n## Durability\n\n| setting | value |\n|---|---|\n" + durable


def _moved(lines: Sequence[dict[str, Any]]) -> str:
    """Of runs of one size: the more firms come, the more waits before a partition's turn."""
    kept = [one for one in lines if "after_last" in one]
    return "".join(
        (
            _times("After the kill of a service its partitions moved", [t for o in lines for t in o["after_kill"]]),
            _times(
                "Of these, where nothing else was struck meanwhile that the service needs",
                [t for o in lines for t in o["after_kill_alone"]],
            ),
            _times(
                "Counted from the last that had happened to the service or to what it needs (its kill, another blow, "
                f"its end; kept of {len(kept)} runs) they moved",
                [t for one in kept for t in one["after_last"]],
            ),
            _times("After the return of a server they moved", [t for o in lines for t in o["after_server"]]),
        )
    )


def _times(what: str, seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return ""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"{what} within {cuts[49]:.1f} s (p50), {cuts[94]:.1f} s (p95), {max(seconds):.1f} s (slowest).\n\n"
