"""The demo as a visitor runs it: a system of its own, an evening, a checked summary, and nothing left over."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import state, system
from deploy.local.home import CHECKOUT, Home

LIMIT = 180
"""Seconds for a command, its start and end of the system included."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Home]:
    """A home in which nothing has ever run; whatever a test leaves running is ended."""
    root = Path(tempfile.mkdtemp(prefix="portolano-demo-"))
    home = Home(root)
    try:
        yield home
    finally:
        system.down(home, lambda line: None)
        shutil.rmtree(root, ignore_errors=True)


def started(home: Home, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PORTOLANO_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(home: Home, *arguments: str) -> tuple[int, str, str]:
    process = started(home, *arguments)
    out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out, err


def document(out: str) -> dict[str, Any]:
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


def wrong(summary: dict[str, Any]) -> dict[str, list[str]]:
    """What the checks found fault with."""
    return {check["name"]: check["wrong"] for check in summary["checks"] if check["wrong"]}


def test_a_demo_from_nothing_is_good_and_a_second_one_with_the_same_seed_too(stage: Home) -> None:
    code, out, err = ran(stage, "demo", "--firms", "40", "--keep", "--json")
    first = document(out)
    assert (code, wrong(first), first["stands_still"]) == (0, {}, None), err
    assert [check["name"] for check in first["checks"]] == [
        "receipts", "feeds", "stores", "segments", "routes", "answers", "endings", "mails", "audit",
    ]  # fmt: skip
    assert first["latency_over"] > 10
    assert system.status(stage).ready

    code, out, err = ran(stage, "demo", "--firms", "40", "--json")
    second = document(out)
    assert (code, wrong(second)) == (0, {}), err
    assert second["segments"] == first["segments"]
    assert second["still_up"], "it was up before, so it stays up"
    assert system.status(stage).ready


def test_what_the_summary_offers_to_try_works(stage: Home) -> None:
    _, out, err = ran(stage, "demo", "--firms", "12", "--keep", "--json")
    commands = document(out)["try_next"]
    assert [command.split()[1] for command in commands] == ["explain", "watch", "audit"], err
    for command in commands:
        _, *arguments = command.split()
        more = ["--for", "3"] if arguments[0] == "watch" else []
        code, out, err = ran(stage, *arguments, *more)
        assert (code, bool((out + err).strip())) == (0, True), (command, err)


def test_a_service_that_stands_still_is_named_within_the_limit(stage: Home) -> None:
    system.up(stage, lambda line: None)
    pid = next(part.pid for part in system.status(stage).parts if part.name == "referral")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        code, out, err = ran(stage, "demo", "--firms", "12", "--limit", "8")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code == 1
    assert "referral stands still:" in out, (out, err)
    assert f"kill -CONT {pid}" in out


def test_an_interrupted_demo_leaves_nothing_running_that_did_not_run_before(stage: Home) -> None:
    system.down(stage, lambda line: None)
    process = started(stage, "demo", "--firms", "120")
    assert process.stderr is not None
    for line in process.stderr:  # it has begun to tell of firms
        if "intake: " in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    found = state.read(stage)
    assert found is not None
    assert not found.supervisor.is_alive()
    assert not system.status(stage).running
