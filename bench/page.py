"""The page of the results, and the line of the quick run. Pure, but for `publish`, which writes the files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import plot, results
from bench.figures import Span, ratios, span
from bench.results import Results
from deploy.local.home import write_whole

TITLES = {
    "raw": "raw",
    "portolano": "**portolano**",
    "typical": "typical",
    "needs": "portolano, three needs",
    "mix": "portolano, the demo's mix",
}
QUIET = 0.2
"""Cores that others may use (median) before the page warns."""
PAGE, PLOT, RESULTS = "performance.md", "performance.svg", "performance.json"


def publish(found: Results, docs: Path) -> None:
    """Write page, picture and the results behind them into `docs`."""
    docs.mkdir(parents=True, exist_ok=True)
    write_whole(docs / PAGE, page(found))
    write_whole(docs / PLOT, plot.picture(found))
    results.write(docs / RESULTS, found)


def quick(found: Results) -> str:
    """What a quick run says: two rounds are no measurement, but they show a landslide."""
    own, raw = found.figure("portolano", "firms_per_second"), found.figure("raw", "firms_per_second")
    cost = ratios(_cost(found, "raw"), _cost(found, "portolano"))
    others = span([*found.figure("portolano", "others_cores").values(), *found.figure("raw", "others_cores").values()])
    return (
        f"portolano ÷ raw = {span(ratios(own, raw)).told()} (rate, min / median / max of {len(own)} rounds, "
        f"{_size(found, 'firms'):,} firms; by processor time {span(cost).told()})\n"
        f"others used {others.told(1)} cores meanwhile"
    )


def page(found: Results) -> str:
    """The whole page, Markdown."""
    return "\n".join(line for part in _parts(found) for line in (*part, "")).rstrip("\n") + "\n"


def _parts(found: Results) -> Iterator[Sequence[str]]:
    yield ("# What the promises cost",)
    yield from _warning(found)
    yield [*_preface(found)]
    if pairs := [*_ratio_rows(found)]:
        yield (
            "## Ratios",
            "",
            "| | rounds | by rate: min / median / max | by processor time: min / median / max |",
            "|---|---|---|---|",
            *pairs,
        )
    yield (f"![firms per second and processor time of each contender]({PLOT})",)
    yield (
        "## Throughput",
        "",
        "Processor time in seconds per 1,000 firms (median), all processes of a kind together.",
        "",
        "| | rounds | firms/s: min / median / max | Python | broker | PostgreSQL | sum | records written per firm |",
        "|---|---|---|---|---|---|---|---|",
        *_rows(found),
    )
    yield from _services(found)
    yield from _latency(found)
    yield from _mails(found)
    yield from _memory(found)
    yield from _conditions(found)
    yield _meanings()


def _preface(found: Results) -> Iterator[str]:
    rounds = max((one.round for one in found.measured), default=0)
    yield (
        f"Made by `make bench` from [{RESULTS}]({RESULTS}); not written by hand. {rounds} rounds in turn "
        "(A B C, C B A, …) on one broker and one PostgreSQL, ratios within a round. After each measurement "
        "of ours the auditor found nothing lost, doubled or out of order; otherwise the run would have stopped."
    )
    yield ""
    yield (
        f"- **raw**: {_size(found, 'firms'):,} firms over four hops that decode, encode and pass on (msgspec, "
        "idempotent send); no database, no rules"
    )
    yield (
        f"- **portolano**: {_size(found, 'firms'):,} firms through the four services as they are shipped, rules "
        "included, from intake's first read to the last acknowledged `referral.requested`; "
        f"{_told(found, 'portolano')}; the mail gateway is away"
    )
    for row in ("needs", "mix"):
        if found.rounds(row) and _told(found, row):
            yield f"- **{TITLES[row]}**: the same, with {_told(found, row)}"
    yield (
        f"- **typical**: {_size(found, 'typical_firms'):,} firms over four hops by the book: FastStream per message, "
        "pydantic, one transaction per message with inbox and outbox; no rules"
    )


def _warning(found: Results) -> Iterator[Sequence[str]]:
    """A page that was made on a busy machine says so before it says anything else."""
    others = [one.figures["others_cores"] for one in found.measured if "others_cores" in one.figures]
    if others and span(others).middle > QUIET:
        yield (
            f"**Not a quiet machine: others used {span(others).told(1)} cores meanwhile. These figures show that the "
            "bench runs, and nothing else.**",
        )


def _ratio_rows(found: Results) -> Iterator[str]:
    for upper, lower in (("portolano", "raw"), ("portolano", "typical"), ("needs", "raw"), ("mix", "raw")):
        rate = ratios(found.figure(upper, "firms_per_second"), found.figure(lower, "firms_per_second"))
        cost = ratios(_cost(found, lower), _cost(found, upper))
        if rate:
            title = f"{upper} ÷ {lower}"
            yield f"| {title} | {len(rate)} | {span(rate).told()} | {span(cost).told()} |"


def _rows(found: Results) -> Iterator[str]:
    for row, title in TITLES.items():
        if found.rounds(row):
            rate = span([*found.figure(row, "firms_per_second").values()])
            cost = [_middle(found, row, name) for name in ("python_s", "broker_s", "postgres_s")]
            told = " | ".join(f"{value:.3f}" for value in (*cost, span([*_cost(found, row).values()]).middle))
            written = _middle(found, row, "written")
            yield f"| {title} | {len(found.rounds(row))} | {rate.told(0)} | {told} | {written:.1f} |"


def _services(found: Results) -> Iterator[Sequence[str]]:
    if found.rounds("portolano"):
        names = ("intake", "classifier", "referral", "notifier")
        told = ", ".join(f"{name} {_middle(found, 'portolano', f'python_{name}_s'):.3f}" for name in names)
        yield (
            f"Python's part by service, portolano: {told}. The notifier works beside the others and nobody waits for "
            "it; its time is counted all the same.",
        )


def _latency(found: Results) -> Iterator[Sequence[str]]:
    if not found.rounds("latency"):
        return
    lines = []
    titles = {
        "idle": f"idle system, {_size(found, 'singles')} firms one after another",
        "load": f"at {_size(found, 'per_second')} firms/s for {_size(found, 'seconds')} s",
    }
    for kind, title in titles.items():
        spans = [
            span([*found.figure("latency", f"{kind}_{name}_ms").values()]) for name in ("p50", "p90", "p99", "max")
        ]
        lines.append(f"| {title} | " + " | ".join(one.told(0) for one in spans) + " |")
    yield (
        "## Latency",
        "",
        "Milliseconds from a partner's `send` over TLS to the same partner's `getmany` that brings the "
        "`referral.requested`; each cell is min / median / max over the rounds. Under load the clock starts when a "
        "firm was due, not when the generator came to it.",
        "",
        "| | p50 | p90 | p99 | slowest |",
        "|---|---|---|---|---|",
        *lines,
    )


def _mails(found: Results) -> Iterator[Sequence[str]]:
    if found.rounds("mails"):
        rate = span([*found.figure("mails", "mails_per_second").values()])
        names = ("python_s", "python_notifier_s", "mail_server_s", "broker_s", "postgres_s")
        told = " | ".join(f"{_middle(found, 'mails', name):.3f}" for name in names)
        yield (
            "## Mails",
            "",
            "What waits is sent when the gateway comes back. Processor time in seconds per 1,000 mails (median).",
            "",
            "| mails/s: min / median / max | Python | of it the notifier | local mail server | broker | PostgreSQL |",
            "|---|---|---|---|---|---|",
            f"| {rate.told(0)} | {told} |",
        )


def _memory(found: Results) -> Iterator[Sequence[str]]:
    lines = []
    names = ("intake", "classifier", "referral", "notifier", "broker", "postgres")
    for row, title in TITLES.items():
        if found.rounds(row):
            spans = [span([*found.figure(row, f"{name}_bytes").values()]).most / 2**20 for name in names]
            lines.append(f"| {title} | " + " | ".join(f"{value:.0f}" for value in spans) + " |")
    if lines:
        yield (
            "## Memory",
            "",
            "MiB at the end of a measurement, proportional (PSS), the most of all rounds. In raw and typical the four "
            "columns are the four hops.",
            "",
            "| | intake | classifier | referral | notifier | broker | PostgreSQL |",
            "|---|---|---|---|---|---|---|",
            *lines,
        )


def _conditions(found: Results) -> Iterator[Sequence[str]]:
    others = [one.figures["others_cores"] for one in found.measured if "others_cores" in one.figures]
    days = sorted({one.at[:10] for one in found.measured})
    where = ", ".join(f"{name} {value}" for name, value in found.machine.items())
    yield (
        "## Conditions",
        "",
        f"Measured on {', '.join(days)}: {where}. Broker and database ran on the same machine as everything else."
        + (f" Others used {span(others).told(1)} cores meanwhile." if others else ""),
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in found.settings.items()),
    )


def _meanings() -> Sequence[str]:
    return (
        "## How to read it",
        "",
        "- All contenders use the same topics, logins, rights, partitions and producer settings; each is warmed up. "
        "The firms lie on the partners' topics before the clock starts; the first hop stands still meanwhile.",
        "- *By rate* is firms per second over those of the other contender; *by processor time* is what a firm "
        "costs the other over what it costs this one: the steadier of the two, but a cost and not a throughput.",
        "- Times of the last record are the broker's stamps (LogAppendTime).",
        "- Nothing is flushed to the disk by the broker itself (its durability is replication, of which one "
        "machine has none); PostgreSQL flushes at each commit.",
        "- Figures of another machine, or of this one on another day, compare with nothing here; ratios do, roughly.",
    )


def _cost(found: Results, row: str) -> dict[int, float]:
    """Processor seconds per 1,000 firms, all kinds of processes together, by round."""
    parts = [found.figure(row, name) for name in ("python_s", "broker_s", "postgres_s")]
    return {number: sum(part[number] for part in parts) for number in parts[0]}


def _middle(found: Results, row: str, name: str) -> float:
    return _span(found, row, name).middle


def _span(found: Results, row: str, name: str) -> Span:
    return span([*found.figure(row, name).values()])


def _size(found: Results, name: str) -> int:
    return int(found.size[name])


def _told(found: Results, row: str) -> str:
    """What a firm is in that row, as it was when it was measured; nothing where the results do not say."""
    return str(found.size["told"].get(row, ""))
