"""`portolano provision` as it is typed: what it says, where, and with which exit code."""

import json
import subprocess
import sys
from pathlib import Path

from deploy.local.home import Home


def provision(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "provision", *arguments],
        env={"PORTOLANO_HOME": str(home.root), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_plan_shows_the_difference_and_changes_nothing(home: Home, prefix: str) -> None:
    first, second = provision(home, "--plan"), provision(home, "--plan", "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout.splitlines() == json.loads(second.stdout)["planned"]


def test_where_nothing_runs_one_line_says_so_and_nothing_is_made(tmp_path: Path) -> None:
    done = provision(Home(tmp_path / "absent"))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "the system is not running: start it with `portolano up`\n"
    assert not (tmp_path / "absent").exists()
