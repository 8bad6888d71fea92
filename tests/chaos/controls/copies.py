"""A copy of the tree, broken by one patch, and what the tests that should notice say there."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.home import CHECKOUT
from tests.chaos.controls import witness
from tests.chaos.controls.patches import Patch

TREE = ("agreement", "bench", "cli", "contracts", "deploy", "services", "shared", "tests", "pyproject.toml")
LIMIT = 600.0
"""Seconds that the tests of one patch may take."""
_ASSERTED = 1
"""pytest's exit code where tests were run and failed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one test ended: at `when` (setup, call, teardown), and what it said if it failed."""

    test: str
    when: str
    outcome: str
    said: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run of tests in a copy came to. `code`: the files of all modules of ours that it has imported."""

    exit: int
    tests: Sequence[Ended] = ()
    uncollected: Sequence[str] = ()
    code: Sequence[str] = ()
    tail: str = field(default="", repr=False)
    seconds: float = 0.0


def unnoticed(patch: Patch, seen: Seen, tree: Path) -> str | None:
    """Why the patch cannot be said to have been noticed; None where it was, and for the reason that it names."""
    if not seen.code:
        return f"the tests did not come to an end: exit {seen.exit}\n{seen.tail}"
    if foreign := [place for place in seen.code if not Path(place).is_relative_to(tree)]:
        return f"other code was run than the copy's: {foreign[:3]}"
    if seen.uncollected:
        return f"tests could not be collected: {seen.uncollected}"
    for notice in patch.notices:
        ended = [one for one in seen.tests if one.test == notice.test]
        if not ended:
            return f"{notice.test} was not run"
        if [(one.when, one.outcome) for one in ended] != [("call", "failed")]:
            return f"{notice.test} did not fail as a test does: " + "; ".join(
                f"{one.when} {one.outcome} {one.said}" for one in ended
            )
        if notice.says not in ended[0].said:
            return f"{notice.test} failed for another reason than {notice.says!r}:\n{ended[0].said}"
    if seen.exit != _ASSERTED:
        return f"pytest ended with {seen.exit}\n{seen.tail}"
    return None


@contextmanager
def copied(patch: Patch | None) -> Iterator[Path]:
    """The tree as it stands, elsewhere, with the patch applied; gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="portolano-control-")).resolve()
    try:
        for name in TREE:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("node_modules"))
            else:
                shutil.copy2(source, root / name)
        for path in patch.apply(root) if patch else ():
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                compiled.unlink()
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def environment(tree: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What a process is told that shall run the copy's code, and whatever it starts in turn: the copy stands before
    the checkout that is installed in the environment. What was downloaded is the checkout's."""
    cache = os.environ.get("PORTOLANO_CACHE") or str(CHECKOUT / "var" / "cache")
    return {**os.environ, "PYTHONPATH": str(tree), "PORTOLANO_CACHE": cache, **more}


def run_tests(tree: Path, tests: Sequence[str], more: Mapping[str, str]) -> Seen:
    """Run these tests of the copy in a process of their own."""
    told = tree / "witness.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", witness.__name__, *tests]
    began = time.monotonic()
    with open(tree / "pytest.log", "w+b") as log:
        process = subprocess.Popen(
            command,
            cwd=tree,
            env=environment(tree, {witness.WHERE: str(told), **more}),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    tail = "\n".join((tree / "pytest.log").read_text(errors="replace").splitlines()[-30:])
    seconds = time.monotonic() - began
    if not told.exists():
        return Seen(code, tail=tail, seconds=seconds)
    found = json.loads(told.read_text())
    ended = [Ended(**one) for one in found["tests"]]
    return Seen(code, ended, found["uncollected"], found["code"], tail, seconds)


def tried(patch: Patch, more: Mapping[str, str]) -> tuple[str | None, float]:
    """Why the patch was not noticed, or None; and how many seconds its tests took."""
    with copied(patch) as tree:
        seen = run_tests(tree, [notice.test for notice in patch.notices], more)
        return unnoticed(patch, seen, tree), seen.seconds
