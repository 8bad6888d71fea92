"""The AsyncAPI document by AsyncAPI's official parser: `python -m tests.contract.parser.run`.

Needs Node (18 or newer) and npm; the parser, locked with hashes beside this file, is installed under `var/`. Errors and
warnings end it with 1; a missing Node, or packages that cannot be installed, with 3. The tests look at the same
document with AsyncAPI's JSON Schema and need neither.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WARNING = 1
"""Spectral's severities: 0 error, 1 warning, 2 information, 3 hint."""


def main(document: Path = ROOT / "contracts" / "asyncapi.yaml", room: Path = ROOT / "var" / "asyncapi") -> int:
    """Returns the exit code."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        print("there is no node or no npm: install Node 18 or newer", file=sys.stderr)
        return 3
    room.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "parse.js"):
        shutil.copyfile(HERE / name, room / name)
    # Nothing that the packages bring along is run at installation.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(command, cwd=room, check=False).returncode:
        print("npm cannot install the locked parser: is there a registry that it reaches?", file=sys.stderr)
        return 3
    told = subprocess.run([node, "parse.js", str(document)], cwd=room, check=True, capture_output=True, text=True)
    found = json.loads(told.stdout)
    for one in found["diagnostics"]:
        print(f"{one['code']} at /{one['path']}: {one['message']}", file=sys.stderr)
    wrong = [one for one in found["diagnostics"] if one["severity"] <= WARNING]
    if wrong or not found["version"]:
        return 1
    print(
        f"AsyncAPI {found['version']}: {found['channels']} channels, {found['operations']} operations, "
        f"{found['messages']} messages; no error, no warning"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
