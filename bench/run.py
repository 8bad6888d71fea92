"""A run: the plan's measurements one after another, each in the file before the next begins."""

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import firms, latency, mails, plan, results, settings, throughput
from bench.plan import Size
from bench.results import Measured, Results
from bench.stand import Stand, fresh, stand
from bench.throughput import Figures

WARM_FIRMS = 2_000
_TOLD = (
    *("firms_per_second", "mails_per_second", "idle_p50_ms", "idle_p99_ms", "load_p50_ms", "load_p99_ms"),
    *("python_s", "broker_s", "postgres_s", "others_cores"),
)


async def measure(size: Size, path: Path) -> Results:
    """Measure what `path` does not hold yet."""
    found = results.resume(path, size)
    todo = list(plan.steps(size, found.done()))
    if not todo:
        say(f"all {len(found.measured)} measurements are there: {path}")
        return found
    say(f"{len(todo)} measurements; results: {path}")
    with stand() as at:
        await _begin(at, size, found)
        for n, (number, row) in enumerate(todo, 1):
            began, at_start = time.monotonic(), datetime.now(UTC)
            figures = await one(at, f"r{number}{row}.", row, size)
            found.measured.append(
                Measured(round=number, row=row, at=at_start.isoformat(timespec="seconds"), figures=figures)
            )
            results.write(path, found)
            say(f"{n}/{len(todo)} round {number} {row}: {_short(figures)} ({time.monotonic() - began:.0f} s)")
    return found


async def one(at: Stand, prefix: str, row: str, size: Size) -> Figures:
    """One measurement of that row."""
    now = datetime.now(UTC)
    match row:
        case "raw":
            return await throughput.other(at, prefix, row, size.firms)
        case "typical":
            return await throughput.other(at, prefix, row, size.typical_firms)
        case "portolano":
            return await throughput.ours(at, prefix, firms.one_need(size.firms, now), size.firms, each=True)
        case "needs":
            return await throughput.ours(at, prefix, firms.three_needs(size.firms, now), size.firms, each=True)
        case "mix":
            return await throughput.ours(at, prefix, firms.demo_mix(size.firms, now), size.firms, each=False)
        case "mails":
            return await mails.measure(at, prefix, size.mail_firms)
        case "latency":
            return await latency.measure(at, prefix, size)
        case _:
            raise ValueError(f"nothing is known of a row {row!r}")


async def _begin(at: Stand, size: Size, found: Results) -> None:
    """Warm up what only a first measurement would pay for (the broker's compiler), and ask the servers how they are
    set."""
    async with fresh(at, "begin."):
        found.settings, found.machine = await settings.durability(at, "begin."), settings.machine()
    await one(at, "warm.", "raw", replace(size, firms=WARM_FIRMS))
    say("warmed up")


def _short(figures: Figures) -> str:
    return ", ".join(f"{name} {figures[name]:,.2f}" for name in _TOLD if name in figures)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
