"""`portolano coverage`: the proof that the agreement leaves no need without a partner."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.coverage.idle import Idle, idle
from cli.coverage.proof import Proof, prove
from cli.output import emit, json_option, say, table
from shared.agreement import day_of, load, load_versions

_MOST = 12
"""Lines of a list that people read; machines get all."""


@click.command(epilog="Example: portolano coverage --policy agreement/2017.yml")
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The version of the agreement; else the one in force here.",
)
@json_option
def command(policy: Path | None, as_json: bool) -> int:
    """Prove that every cell has one responsible partner or a tie with its names.

    Cells are all combinations of segment, front, direction, province, size, activity, artisan or not, and memberships
    that the rules can tell apart, "not known" included. Lists gaps, ties, cells without any service, and rules that
    never decide. Exit 1 where there is a gap. Nothing needs to run.
    """
    today = day_of(datetime.now(UTC))
    proof = prove(load(policy) if policy else load_versions().on(today), today)
    found = idle(proof)
    if as_json:
        emit(_document(proof, found))
    else:
        _show(proof, found)
    return 0 if proof.complete else 1


def _show(proof: Proof, found: list[Idle]) -> None:
    room = proof.space
    firms = sum(kind.count for kind in room.kinds)
    say(f"agreement {proof.agreement.version} on {proof.day}; the rules were asked {proof.tried:,} times")
    print(
        f"{room.cells:,} cells: {len(room.segments)} segments × {len(room.needs)} fronts and directions × {firms:,} "
        f"kinds of firms × {len(room.memberships)} memberships"
    )
    if proof.gaps:
        _list("gaps", [("front", "need", "cells", "why", "for example")], _gaps(proof))
    ties = [(", ".join(members), cells) for members, cells in proof.ties()]
    _list("ties", [("among", "cells")], ties)
    unserved = [
        (one.front, _direction(one.import_), one.segment, ", ".join(one.partners), one.cells)
        for one in proof.unserved()
    ]
    _list("without any service", [("front", "need", "segment", "responsible", "cells")], unserved)
    _list("rules that never decide", [("rule", "kind", "why")], [(one.rule, one.kind, one.why) for one in found])
    print(f"{len(proof.gaps)} gaps" if proof.gaps else "0 gaps: every cell has one responsible partner or a named tie")


def _gaps(proof: Proof) -> list[tuple[object, ...]]:
    ordered = sorted(proof.gaps.values(), key=lambda gap: -gap.cells)
    return [(gap.front, _direction(gap.import_), gap.cells, gap.why, gap.example) for gap in ordered]


def _direction(import_: bool) -> str:
    return "import" if import_ else "export"


def _list(title: str, headings: list[tuple[str, ...]], rows: Sequence[tuple[object, ...]]) -> None:
    print(f"\n{title}: {len(rows) or 'none'}")
    if rows:
        table(headings[0], rows[:_MOST])
    if len(rows) > _MOST:
        print(f"and {len(rows) - _MOST} more (--json has all)")


def _document(proof: Proof, found: list[Idle]) -> dict[str, object]:
    room = proof.space
    return {
        "agreement": proof.agreement.version,
        "day": proof.day,
        "complete": proof.complete,
        "cells": room.cells,
        "tried": proof.tried,
        "gaps": sorted(proof.gaps.values(), key=lambda gap: -gap.cells),
        "holders": [
            {"front": h.front, "import": h.import_, "partners": h.partners, "rule": h.rule, "cells": n}
            for h, n in proof.held.most_common()
        ],
        "ties": [{"partners": members, "cells": cells} for members, cells in proof.ties()],
        "without_service": proof.unserved(),
        "idle": found,
    }
