"""Everything that is too long for the tests, one after the other, at full size: `make prove`.

    python -m tests.prove [--page docs/prove.md] [--jobs 2] [NAME …]

Each proof is a program of its own that ends with 0 only where nothing differs; the last line that it prints is its
result. The figures are written to the page once all that were asked for have run; the rows of the others stay as they
are there. Ends with 1 where a proof failed, with 3 where one could
not be tried because a tool is missing here and no other failed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MISSING = 3
"""The exit code of a proof that cannot be tried here."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proved, by which module, and with which arguments beside the number of processes."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()
    parallel: bool = False


PROOFS = (
    Proof(
        "Possible segments and missing sets are what trying every completion finds",
        "tests.prove.oracle_segments",
        ("--firms", "100000"),
        parallel=True,
    ),
    Proof(
        "No damaged event escapes its reader, takes long, or leaves memory behind",
        "tests.prove.fuzz_door",
        ("--events", "1000000"),
        parallel=True,
    ),
    Proof(
        "Whatever partners write, each record has one outcome and one answer, and nobody stops",
        "tests.prove.fuzz_broker",
        ("--records", "20000"),
    ),
    Proof(
        "However the partners' streams interleave, the file is the same",
        "tests.prove.interleavings",
        ("--scenarios", "2500", "--orders", "200"),
        parallel=True,
    ),
    Proof(
        "However two processes are killed, each of their timers fires once",
        "tests.prove.fire_clocks",
        ("--timers", "10000", "--kills", "6"),
    ),
    Proof(
        "Whatever happens to a firm's referrals, they end where a model of the text has them",
        "tests.prove.live_referrals",
        ("--lives", "6", "--more", "60"),
        parallel=True,
    ),
    Proof(
        "Under a flood, a slow database, a hanging mail server and full disks others go on and nothing is lost",
        "tests.prove.overload",
        ("--seconds", "60", "--rate", "20"),
    ),
    Proof(
        "Topics grow under traffic and kills, and every firm keeps its order",
        "tests.prove.grow_topics",
        ("--firms", "500", "--rate", "20"),
    ),
    Proof("An assessment takes at most 100 µs in the median", "tests.prove.time_assessments", ("--firms", "20000")),
    Proof("The AsyncAPI document is valid for AsyncAPI's own parser", "tests.contract.parser.run"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """How a proof went: its exit code, the last line that it printed, and how long it took, in seconds."""

    proof: Proof
    code: int
    result: str
    took: float

    @property
    def verdict(self) -> str:
        return {0: "holds", MISSING: "not tried"}.get(self.code, "FAILS")


def try_out(proof: Proof, jobs: int) -> Run:
    """Run a proof; what it prints is shown as it comes."""
    more = ("--jobs", str(jobs)) if proof.parallel else ()
    command = [sys.executable, "-u", "-m", proof.module, *proof.arguments, *more]
    begun = time.monotonic()
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"    {line}", end="", flush=True)
            last = line.strip() or last
    return Run(proof, process.returncode, last, time.monotonic() - begun)


def page(runs: Sequence[Run], before: str = "") -> str:
    """The figures as a page: no date and no machine stand in it, durations are there for information. What was not run
    now has the row of the page `before`, if it had one there with the same arguments."""
    rows = {run.proof: _row(run) for run in runs}
    kept = before.splitlines()
    for proof in PROOFS:
        if proof not in rows:
            rows.update((proof, line) for line in kept if line.startswith(_head(proof)))
    ordered = [*(proof for proof in PROOFS if proof in rows), *(run.proof for run in runs if run.proof not in PROOFS)]
    return "\n".join(
        [
            "# What `make prove` has shown",
            "",
            "The tests try each of these on a sample; here they run at full size. `make prove` writes this page anew,",
            "and ends with 1 where anything differs. How long it took is told for information only.",
            "",
            "| what | how (`python -m`) | result | took |",
            "|---|---|---|---|",
            *(rows[proof] for proof in ordered),
            "",
        ]
    )


def _head(proof: Proof) -> str:
    """How a proof's row begins: another title or other arguments make another proof."""
    return f"| {proof.title} | `{_command(proof)}` |"


def _row(run: Run) -> str:
    return f"{_head(run.proof)} {run.verdict}: {run.result or '–'} | {run.took:.0f} s |"


def _command(proof: Proof) -> str:
    return " ".join((proof.module, *proof.arguments))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="where the figures are written; nowhere if it is left out")
    parser.add_argument("--jobs", type=int, default=1, help="processes for those that can use several")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only the proofs whose module's name holds this")
    asked = parser.parse_args()
    chosen = [one for one in PROOFS if not asked.names or any(name in one.module for name in asked.names)]
    runs: list[Run] = []
    for proof in chosen:
        print(f"{proof.title}: {_command(proof)}", flush=True)
        runs.append(try_out(proof, asked.jobs))
        print(f"  {runs[-1].verdict}, {runs[-1].took:.0f} s", flush=True)
    if asked.page is not None:
        before = asked.page.read_text(encoding="utf-8") if asked.page.exists() else ""
        asked.page.write_text(page(runs, before), encoding="utf-8")
    codes = {run.code for run in runs}
    return 1 if codes - {0, MISSING} or not runs else max(codes)


if __name__ == "__main__":
    sys.exit(main())
