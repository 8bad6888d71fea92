"""The checkout as a tree of files: what the architecture tests look at."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = ("cli", "deploy", "services", "shared")


def files() -> list[Path]:
    """Every file that is, or with the next commit may be, part of the project: what git does not ignore."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
    return sorted(path for name in listed if name and (path := ROOT / name).is_file())


def modules() -> list[Path]:
    """The Python modules that run in production."""
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PRODUCTION]


def name(path: Path) -> str:
    """How a test calls a file: its path from the checkout."""
    return path.relative_to(ROOT).as_posix()
