"""Write `contracts/`, unless that would break what was promised: then say what, change nothing, end with 1."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.contracts.export import FOLDER, WHAT_TO_DO, artefacts, golden_events, refusals


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cli.contracts", description=__doc__)
    parser.add_argument(
        "--unpublished",
        metavar="TYPE",
        action="append",
        default=[],
        help="a type that nobody outside has been given yet: it may change in any way; may be given several times",
    )
    asked = parser.parse_args(arguments)
    made = artefacts(golden_events(folder))
    refused = refusals(folder, made, frozenset(asked.unpublished))
    for type, found in refused.items():
        for broken in found:
            print(f"{type}: {broken}", file=sys.stderr)
    if refused:
        print(WHAT_TO_DO, file=sys.stderr)
        return 1
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(folder.parent)}")
    for path in sorted((folder / "schemas").glob("*.json")):
        if f"schemas/{path.name}" not in made:
            path.unlink()  # only a type that was named as unpublished comes as far as this
            print(f"taken away: {path.relative_to(folder.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
