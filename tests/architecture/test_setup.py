"""The set-up speaks to everybody: an old Python can read it, and a failed tool's cause becomes one line."""

import ast
import sys

import pytest

from deploy.local import setup
from tests.architecture.tree import ROOT

SOURCE = (ROOT / "deploy" / "local" / "setup.py").read_text(encoding="utf-8")


def test_an_old_python_can_read_the_set_up() -> None:
    assert ast.parse(SOURCE, feature_version=(3, 8))


def test_the_set_up_needs_the_standard_library_alone() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= sys.stdlib_module_names


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(sys, "executable", "python3.9")
    assert setup.main() == 1
    said = capsys.readouterr().err
    assert said == (
        "Python 3.11 or newer is needed; this is 3.9.2 (python3.9). Install one, or name it: make PYTHON=…\n"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: failed to write: No space left on device (os error 28)", "The disk is full: "),
        ("Caused by: dns error: failed to lookup address information", "The package index cannot be reached"),
        (
            "Failed to connect: [Errno 101] Network is unreachable",
            "The package index cannot be reached",
        ),
        ("Hash mismatch for `asyncpg==0.32.0`", "A package is not the one that the lock names"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "A package is not the one"),
        ("ERROR: No matching distribution found for uv==0.13.9", "A package has no ready build for Python "),
        ("mkdir: Permission denied (os error 13)", f"{ROOT} cannot be written"),
    ],
)
def test_the_cause_of_a_failure_is_told_in_one_line(said: str, told: str) -> None:
    line = setup.cause(said)
    assert line is not None
    assert line.startswith(told)
    assert "\n" not in line


def test_an_unknown_failure_has_no_invented_cause() -> None:
    assert setup.cause("error: something new") is None


def test_the_lock_names_the_uv_that_the_set_up_falls_back_to() -> None:
    entry = setup.locked("uv")
    assert entry.startswith("uv==")
    assert entry.count("--hash=sha256:") > 5
    assert len([line for line in entry.splitlines() if "==" in line]) == 1
