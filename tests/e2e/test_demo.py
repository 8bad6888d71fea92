"""The demo as a visitor runs it: a system of its own, an evening, a checked summary, and nothing left over."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local import state, system
from deploy.local.home import CHECKOUT, Home, database_name

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
        "receipts", "feeds", "stores", "segments", "routes", "answers", "endings", "deadlines", "mails", "audit",
    ]  # fmt: skip
    assert first["latency_over"] > 10
    assert (first["days_passed"], first["days_kept"]) == (10, "")
    assert system.status(stage).ready
    assert first["house_day"] > date.today().isoformat()
    assert "its clock was moved by a demo" in ran(stage, "status")[2]

    code, out, err = ran(stage, "demo", "--firms", "40", "--json")
    second = document(out)
    assert (code, wrong(second)) == (0, {}), err
    assert second["segments"] == first["segments"]
    assert second["still_up"], "it was up before, so it stays up"
    assert (second["days_passed"], second["house_day"] > first["house_day"]) == (10, True)
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


NEVER = """CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.topic := 'partners.nobody.updates.v1'; RETURN NEW; END $$;
CREATE TRIGGER never BEFORE INSERT OR UPDATE ON timers FOR EACH ROW EXECUTE FUNCTION never()"""
"""Every clock waits for a topic that nobody reads."""


def test_clocks_that_never_fire_fail_the_demo_and_are_named(stage: Home) -> None:
    stage.let_clock_be_moved()
    system.up(stage, lambda line: None)
    asyncio.run(in_referral(stage, NEVER))
    try:
        code, out, err = ran(stage, "demo", "--firms", "30", "--limit", "24", "--json")
    finally:
        asyncio.run(in_referral(stage, "DROP FUNCTION never CASCADE"))
    found = document(out)
    assert (code, found["stands_still"], found["days_passed"]) == (1, None, 3), err
    (first, second, *_) = wrong(found)["deadlines"]
    assert "clocks are due and do not fire" in first
    assert "not reminded (acceptance due)" in second


async def in_referral(home: Home, statement: str) -> None:
    connection = await asyncpg.connect(**home.admin_dsn(database_name("referral")))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_the_deadlines_of_firms_that_no_demo_told_of_are_left_alone(stage: Home) -> None:
    stage.let_clock_be_moved()
    system.up(stage, lambda line: None)
    code, _, err = ran(stage, "publish", "--partner", "cna", str(CHECKOUT / "docs" / "example-firm.jsonl"))
    assert code == 0, err
    code, out, err = ran(stage, "demo", "--firms", "12", "--json")
    found = document(out)
    assert (code, wrong(found), found["days_passed"]) == (0, {}, 0), err
    assert "no demo told of" in found["days_kept"]


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
