"""`portolano whatif`: what another policy would make of the stored firms."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from cli.output import emit, json_option, say, table
from cli.whatif.comparison import Comparison, Sample
from cli.whatif.replay import NeedKey, Replay
from cli.whatif.stored import Stored, stored
from deploy.local.home import Home
from services.referral.receipt import Decision, Verdict
from shared.agreement import Agreement, day_of, load, load_versions

K = TypeVar("K", bound=tuple[object, ...])

_MOST = 20
"""Lines of a list that people read; machines get all."""


@click.command(epilog="Example: portolano whatif candidate.yml --sample 3")
@click.argument("policy", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--sample", type=click.IntRange(0, 1000), default=5, show_default=True, help="Receipts of so many firms.")
@click.option("--prefix", default="", hidden=True, help="Databases of this prefix.")
@json_option
def command(policy: Path, sample: int, prefix: str, as_json: bool) -> None:
    """Ask a candidate policy about every stored firm, beside the policy in force, and show what differs.

    Segments that change, needs that go to another partner or to nobody, the load of each partner, and the receipts of
    some firms under both. Both are asked as if each firm came in at this moment for the first time: earlier rejects,
    open referrals and answers about memberships do not count. Nothing can happen to anybody: the store is read by a
    role that cannot write, and Kafka is not touched. Exit 1 where the candidate is not a valid policy.
    """
    candidate = load(policy)
    comparison, left_out, day, current = asyncio.run(_compare(candidate, sample, prefix))
    if as_json:
        emit(_document(comparison, left_out, day, current, candidate))
    else:
        _show(comparison, left_out, day, current, candidate)


async def _compare(candidate: Agreement, sample: int, prefix: str) -> tuple[Comparison, int, date, Agreement]:
    """What was found, how many firms were left out, the day it holds for, and the policy of that day."""
    async with stored(Home.from_environment(), prefix) as snapshot:
        day = day_of(snapshot.at)
        current = load_versions().on(day)
        comparison = Comparison(Replay(current, snapshot.at), Replay(candidate, snapshot.at), sample)
        await _read(snapshot, comparison)
    return comparison, snapshot.succeeded, day, current


async def _read(snapshot: Stored, comparison: Comparison) -> None:
    # Without a terminal there is no bar.
    with click.progressbar(
        length=snapshot.firms, label="firms", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        async for firms in snapshot.read():
            for firm in firms:
                comparison.add(firm)
            bar.update(len(firms))


def _show(found: Comparison, left_out: int, day: date, current: Agreement, candidate: Agreement) -> None:
    say(f"{found.firms:,} firms on {day}: {current.version} in force, {candidate.version} instead")
    if left_out:
        say(f"left out: {left_out:,} that another code stands for")
    if not candidate.in_force(day):
        say(f"the term of {candidate.version} does not cover {day}: under it nothing new goes to anybody")
    if not found.changed:
        print("no change")
        return
    print(f"{found.changed:,} of {found.firms:,} firms change")
    _list("segments", ("from", "to", "firms"), [(*names, firms) for names, firms in _most(found.segments)])
    flows = [(flow.front, _direction(flow.import_), flow.before, flow.after, n) for flow, n in _most(found.flows)]
    _list("needs that move", ("front", "need", "from", "to", "needs"), flows)
    _list("needs newly without a partner", ("why", "needs"), sorted(found.newly().items()))
    _list("load", ("who", "before", "after", "difference"), _load(found.before.holders, found.after.holders))
    beside = _load(found.before.beside, found.after.beside)
    if any(difference for *_, difference in beside):
        _list("beside a responsible partner", ("who", "before", "after", "difference"), beside)
    for count, told in (
        (found.assessments, "firms keep their segment, and what is presumed, open or asked about it changes"),
        (found.beside, "needs keep their partner, with others beside it"),
        (found.rules, "needs stay where they are, by another rule"),
    ):
        if count:
            print(f"\n{count:,} {told}")
    for sample in found.samples:
        _show_sample(sample)


def _show_sample(sample: Sample) -> None:
    print(f"\nfirm {sample.firm_id}: {sample.segment_before} → {sample.segment_after}")
    for key, before, after in sample.receipts:
        print(f"  {_need(key)}")
        print(f"    before: {_receipt(before)}")
        print(f"    after:  {_receipt(after)}")


def _receipt(decision: Decision | None) -> str:
    if decision is None:
        return "no such need"
    steps = "; ".join(step.reason for step in decision.path)
    beside = [one.partner for one in decision.candidates if one.verdict in (Verdict.SUPPORTING, Verdict.EXECUTOR)]
    told = f", beside it {', '.join(beside)}" if beside else ""
    return f"{decision.partner or decision.outcome} by {decision.rule}{told} ({steps})"


def _need(key: NeedKey) -> str:
    front, import_, market = key
    return f"{front}, {_direction(import_)}{f', {market}' if market else ''}"


def _direction(import_: bool) -> str:
    return "import" if import_ else "export"


def _most(counted: Counter[K]) -> list[tuple[K, int]]:
    """The most frequent first; equals in the order of their names, so that two runs print the same."""
    return sorted(counted.items(), key=lambda item: (-item[1], *map(str, item[0])))


def _load(before: dict[str, int], after: dict[str, int]) -> list[tuple[str, int, int, int]]:
    who = sorted(before | after)
    return [(one, before.get(one, 0), after.get(one, 0), after.get(one, 0) - before.get(one, 0)) for one in who]


def _list(title: str, headings: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    print(f"\n{title}: {len(rows) or 'none'}")
    if rows:
        table(headings, rows[:_MOST])
    if len(rows) > _MOST:
        print(f"and {len(rows) - _MOST} more (--json has all)")


def _document(
    found: Comparison, left_out: int, day: date, current: Agreement, candidate: Agreement
) -> dict[str, object]:
    return {
        "before": current.version,
        "after": candidate.version,
        "day": day,
        "firms": found.firms,
        "left_out": left_out,
        "changed": found.changed,
        "segments": [{"from": names[0], "to": names[1], "firms": n} for names, n in _most(found.segments)],
        "flows": [
            {"front": flow.front, "import": flow.import_, "from": flow.before, "to": flow.after, "needs": n}
            for flow, n in _most(found.flows)
        ],
        "newly_without_partner": found.newly(),
        "in_segment": _loads(found.before.segments, found.after.segments),
        "load": _loads(found.before.holders, found.after.holders),
        "beside": _loads(found.before.beside, found.after.beside),
        "other_assessment": found.assessments,
        "other_beside": found.beside,
        "other_rule": found.rules,
        "samples": [_sample(sample) for sample in found.samples],
    }


def _loads(before: dict[str, int], after: dict[str, int]) -> list[dict[str, object]]:
    return [{"who": who, "before": one, "after": other} for who, one, other, _ in _load(before, after)]


def _sample(sample: Sample) -> dict[str, object]:
    receipts: Iterable[tuple[NeedKey, Decision | None, Decision | None]] = sample.receipts
    return {
        "firm_id": sample.firm_id,
        "segment": {"before": sample.segment_before, "after": sample.segment_after},
        "receipts": [
            {"front": key[0], "import": key[1], "market": key[2], "before": before, "after": after}
            for key, before, after in receipts
        ],
    }
