"""The summary of an evening: for people on stdout, or one JSON document for machines."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from rich.console import Console
from rich.text import Text

from cli.demo.checks import MOST, latencies, percentile, segments, shortened
from cli.demo.evidence import Check, Evidence
from cli.demo.hops import Hop
from cli.demo.routes import Said
from cli.moved_clock import words_of
from cli.output import plain
from shared.agreement import day_of

_WIDEST = 100
_INDENT = " " * 12


@dataclass(frozen=True, slots=True)
class Figures:
    """One partner's evening: `asked` to help, and `copies` of what others were asked."""

    partner: str
    told: int
    asked: int
    accepted: int
    rejected: int
    silent: int
    copies: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the evening. Seconds are wall time; latencies in milliseconds, from a partner's send to the referral
    at its partner's client, over the first referrals of firms that were told once.
    """

    good: bool
    firms: int
    records: int
    seed: int
    was_up: bool
    up_seconds: float
    travel_seconds: float
    days_passed: int
    days_seconds: float
    days_kept: str
    """Why no days were made to pass; empty where some were."""
    house_day: str | None
    """The day that it is in the system now, where that is not today."""
    limit_seconds: float
    stands_still: str | None
    checks: tuple[Check, ...]
    partners: tuple[Figures, ...]
    segments: dict[str, int]
    referrals: int
    rerouted: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    latency_over: int
    mails: int
    mails_directory: str
    mails_page: str
    try_next: tuple[str, ...]
    still_up: bool


def figures_of(evidence: Evidence) -> tuple[Figures, ...]:
    """One row for each partner, in the order of the agreement."""
    ledger = evidence.ledger
    asked = Counter(one.partner for one in ledger.requested.values() if one.responsible)
    copies = Counter(one.partner for one in ledger.requested.values() if not one.responsible)
    rows = []
    for code in evidence.agreement.partners:
        accepted, rejected = ledger.said[code, Said.ACCEPTED], ledger.said[code, Said.REJECTED]
        silent = asked[code] - accepted - rejected
        rows.append(Figures(code, ledger.told[code], asked[code], accepted, rejected, silent, copies[code]))
    return tuple(rows)


def summarise(
    evidence: Evidence,
    checks: Sequence[Check],
    *,
    was_up: bool,
    up_seconds: float,
    travel_seconds: float,
    days_seconds: float,
    days_kept: str,
    limit: float,
    stuck: str | None,
    mails_directory: str,
    mails_page: str,
    try_next: Sequence[str],
    still_up: bool,
) -> Summary:
    """Everything in one document."""
    times = latencies(evidence.ledger)
    middle, worst = percentile(times, 0.5), percentile(times, 0.99)
    return Summary(
        good=stuck is None and all(check.good for check in checks),
        firms=len(evidence.ledger.script.roles),
        records=len(evidence.ledger.script.submissions),
        seed=evidence.ledger.script.seed,
        was_up=was_up,
        up_seconds=round(up_seconds, 1),
        travel_seconds=round(travel_seconds, 1),
        days_passed=evidence.days.passed if evidence.days is not None else 0,
        days_seconds=round(days_seconds, 1),
        days_kept=days_kept,
        house_day=day_of(evidence.days.until).isoformat() if evidence.days else None,
        limit_seconds=limit,
        stands_still=stuck,
        checks=tuple(checks),
        partners=figures_of(evidence),
        segments=dict(segments(evidence.view)),
        referrals=len(evidence.ledger.requested),
        rerouted=sum(row.replaces is not None for row in evidence.view.referrals),
        latency_p50_ms=_ms(middle),
        latency_p99_ms=_ms(worst),
        latency_over=len(times),
        mails=sum(one.copies for one in evidence.mails.values() if one.referral_id in evidence.ledger.requested),
        mails_directory=mails_directory,
        mails_page=mails_page,
        try_next=tuple(try_next),
        still_up=still_up,
    )


def told_of(hop: Hop, limit: float, cause: str) -> str:
    """The line about a door where firms stand when the time is over."""
    firms = "1 firm waits" if hop.waiting == 1 else f"{hop.waiting} firms wait"
    where = hop.part if hop.part == hop.name else f"{hop.name} (the work of {hop.part})"
    return f"{where} stands still: {firms} there after {limit:.0f} s{cause}"


def show(summary: Summary, console: Console) -> None:
    """Print it: checks with their marks, partners, figures, and what to try next."""
    marks = ("✓", "✗") if console.encoding.lower().replace("-", "") == "utf8" else ("ok", "NO")

    width = min(console.width, _WIDEST) if console.is_terminal else _WIDEST

    def line(text: Text | str = "") -> None:
        console.print(text, soft_wrap=True, highlight=False, markup=False)

    up = "the system was up" if summary.was_up else f"up in {summary.up_seconds:.1f} s"
    days = f"; {summary.days_passed} working days in {summary.days_seconds:.1f} s" if summary.days_passed else ""
    line()
    line(
        Text(f"{summary.firms} firms, {summary.records} records, seed {summary.seed}", style="bold")
        + Text(f": {up}, travelled in {summary.travel_seconds:.1f} s{days}")
    )
    if summary.days_kept:
        line(f"  deadlines were not played: {plain(summary.days_kept)}")
    if summary.stands_still is not None:
        for one in textwrap.wrap(f"{marks[1]} {plain(summary.stands_still)}", width, break_long_words=False):
            line(Text(one, style="bold red"))
    line()
    for check in summary.checks:
        mark = Text(f"{marks[0] if check.good else marks[1]} ", style="green" if check.good else "bold red")
        first, *more = wrapped(check.found, width)
        line(mark + Text(f"{check.name:9} ", style="bold") + Text(first))
        for one in more:
            line(_INDENT + one)
        for wrong in shortened(check.wrong, MOST if summary.stands_still is None else 1):
            for one in wrapped(wrong, width):
                line(Text(_INDENT + one, style="red"))
    line()
    line(Text(f"{'':16}{'told':>6}{'asked':>7}{'accepted':>10}{'rejected':>10}{'silent':>8}{'copies':>8}", style="dim"))
    for row in summary.partners:
        line(
            f"{row.partner:16}{row.told:>6}{row.asked:>7}{row.accepted:>10}{row.rejected:>10}{row.silent:>8}{row.copies:>8}"
        )
    line()
    if summary.latency_p50_ms is not None and summary.latency_p99_ms is not None:
        fast, slow = f"p50 {summary.latency_p50_ms:.0f} ms", f"p99 {summary.latency_p99_ms:.0f} ms"
        line(f"{fast}, {slow} over {summary.latency_over} needs")
        line("  from a partner's send to the referral at the partner that is to help")
    line(f"{summary.rerouted} referrals were handed on after a rejection or a silence")
    line(f"{summary.mails} mails lie in {summary.mails_directory}")
    line(f"  to be read at {summary.mails_page}")
    line()
    if summary.house_day is not None:
        day = words_of(date.fromisoformat(summary.house_day))
        line(f"{day} is over in this system now, and time does not go back: `make clean` begins anew")
        line()
    line(Text("try next", style="bold") + Text("" if summary.still_up else ", after `portolano up`"))
    for command in summary.try_next:
        line(f"  {command}")


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines that stand behind a check's name; never empty."""
    return textwrap.wrap(plain(text), width - len(_INDENT), break_long_words=False, break_on_hyphens=False) or [""]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
