"""`make chaos ARGS=--controls`: every control at full size, and the page that tells what came of each.

    python -m tests.chaos.controls [NAME …]

The tests that a patch names are run in its copy, as `make test` does. Where it names a fault, the whole system is then
run in the copy under blows, and the judge must find that fault. Writes docs/controls.md when all were tried; exit 1
where one was not noticed.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.home import CHECKOUT, Home
from tests import lending
from tests.chaos.controls.copies import copied, environment, tried
from tests.chaos.controls.patches import Patch, patches
from tests.conftest import serving
from tests.ground import shared_by_all

PAGE = CHECKOUT / "docs" / "controls.md"
_HEAD = """# What was broken on purpose, and what noticed

Made by `make chaos ARGS=--controls` from the patches in `tests/chaos/controls`; not written by hand. Each takes one
protection away, in a copy of the tree. The test beside it failed there, with the words that the patch names, and passes
in the tree. *Judge*: what the judge of [the runs under blows](chaos.md) found of the whole system, broken so.

| control | promises | what the product does then | noticed by | judge |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a patch: why it was not noticed, or None; and what the judge found, by fault."""

    patch: Patch
    unnoticed: str | None
    faults: Counter[str]


def judged(patch: Patch) -> tuple[str | None, Counter[str]]:
    """Run the whole system with the patch; why the judge has not noticed, or None, and what it found."""
    with copied(patch) as tree:
        command = [sys.executable, "-m", "tests.chaos.controls.world"]
        ran = subprocess.run(command, cwd=tree, env=environment(tree, {}), capture_output=True, text=True, check=False)
    if ran.returncode:
        print(f"{patch.name}: nothing could be judged: {ran.stderr.strip()[-500:]}", flush=True)
        return "nothing could be judged", Counter()
    told = json.loads(ran.stdout.splitlines()[-1])
    faults = Counter(str(one).partition(":")[0] for one in told["findings"])
    print(f"{patch.name}: the judge, after {told['kills']} kills: {dict(faults)}; {told['findings'][:2]}", flush=True)
    if patch.judge in faults:
        return None, faults
    return f"the judge found no {patch.judge}", faults


def noticed(patch: Patch, home: Home, n: int) -> str | None:
    """Run the tests that should notice; why they did not, or None."""
    print(f"{patch.name}: {patch.breaks}", flush=True)
    why, seconds = tried(patch, lending.lend(home, f"control{n}"))
    print(f"    {'noticed' if why is None else why} ({seconds:.0f} s)", flush=True)
    return why


def page(came: Sequence[Came]) -> str:
    """The table."""
    rows = [
        f"| {one.patch.name} | {', '.join(map(str, one.patch.promises))} | {one.patch.breaks} | "
        + " ".join(f"`{_named(notice.test)}`" for notice in one.patch.notices)
        + f" | {', '.join(f'{n} {fault}' for fault, n in sorted(one.faults.items())) or '–'} |"
        for one in came
    ]
    return _HEAD + "".join(f"{row}\n" for row in rows)


def _named(test: str) -> str:
    path, _, name = test.partition("::")
    return f"{Path(path).relative_to('tests')} {name}".replace("|", "/")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=--controls", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; the page is left as it is then")
    asked = parser.parse_args()
    chosen = [one for one in patches() if not asked.names or one.name in asked.names]
    with serving() as servers:
        asyncio.run(shared_by_all(servers.home))
        whys = [noticed(patch, servers.home, n) for n, patch in enumerate(chosen)]
    came = []
    for patch, why in zip(chosen, whys, strict=True):  # the whole systems after, when these servers have ended
        unseen, faults = judged(patch) if patch.judge is not None else (None, Counter())
        came.append(Came(patch, why or unseen, faults))
    missed = [one.patch.name for one in came if one.unnoticed is not None]
    if not missed and not asked.names:
        PAGE.write_text(page(came))
    print(f"{len(came)} controls, {len(missed)} not noticed{': ' if missed else ''}{', '.join(missed)}")
    return 1 if missed or not came else 0


if __name__ == "__main__":
    sys.exit(main())
