"""Programs that we start do not outlive us, and nothing is killed by its number alone."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.child import Child, Identity, clear_leftover, spawn
from deploy.local.home import CHECKOUT, Home
from shared.errors import Trouble

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
OWNER = """
import sys, time
from pathlib import Path
from deploy.local.child import spawn
from deploy.local.home import Home
import signal
spawn(Home(Path(sys.argv[1])), "part", sys.argv[3:], environment={}, death_signal=signal.Signals(int(sys.argv[2])))
print("started", flush=True)
time.sleep(60)
"""


def _sleeper(home: Home) -> Child:
    return spawn(home, "part", SLEEP, environment={}, death_signal=signal.SIGKILL)


def _owned_by_another(home: Home, death_signal: int = signal.SIGKILL) -> tuple["subprocess.Popen[str]", Identity]:
    command = [sys.executable, "-c", OWNER, str(home.root), str(int(death_signal)), *SLEEP]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    record = json.loads((home.run / "part.pid").read_text())
    return owner, Identity(record["pid"], record["began"])


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _end(owner: "subprocess.Popen[str]") -> None:
    owner.kill()
    owner.wait()
    assert owner.stdout is not None
    owner.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an orphan lives until the next start")
def test_a_child_dies_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner, child = _owned_by_another(Home(tmp_path))
    _end(owner)
    assert _within(30, lambda: not child.is_alive())


def test_a_child_does_not_die_with_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    made: list[Child] = []
    thread = threading.Thread(target=lambda: made.append(_sleeper(Home(tmp_path))))
    thread.start()
    thread.join()
    # Its death signal would come with the thread's end; an answer to a signal after it shows that it lived on.
    assert made[0].exit_code() is None
    made[0].stop(signal.SIGTERM, patience=5)
    assert made[0].exit_code() == -signal.SIGTERM


def test_what_a_dead_owner_left_is_ended_at_the_next_start(tmp_path: Path) -> None:
    home = Home(tmp_path)
    owner, child = _owned_by_another(home, death_signal=signal.SIGCONT)  # a signal that ends nobody
    _end(owner)
    assert child.is_alive()
    assert clear_leftover(home, "part", signal.SIGTERM, patience=5)
    assert not child.is_alive()
    assert not clear_leftover(home, "part", signal.SIGTERM, patience=5)


def test_a_part_whose_owner_lives_is_no_leftover(tmp_path: Path) -> None:
    owner, child = _owned_by_another(Home(tmp_path))
    try:
        with pytest.raises(
            Trouble, match=f"part of .* is running already .pid {child.pid}, started by pid {owner.pid}"
        ):
            clear_leftover(Home(tmp_path), "part", signal.SIGTERM, patience=5)
        assert child.is_alive()
    finally:
        _end(owner)


def test_a_stranger_under_a_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with subprocess.Popen(SLEEP) as stranger:
        record = {"pid": stranger.pid, "began": "another boot:1", "owner": 1, "owner_began": "another boot:1"}
        (home.run / "part.pid").write_text(json.dumps(record))
        assert not clear_leftover(home, "part", signal.SIGKILL, patience=1)
        assert stranger.poll() is None
        stranger.kill()


def test_one_that_does_not_listen_is_killed_after_the_patience(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    home = Home(tmp_path)
    child = spawn(home, "part", [sys.executable, "-S", "-c", deaf], environment={}, death_signal=signal.SIGKILL)
    assert _within(5, lambda: "deaf" in (home.log / "part.log").read_text())
    child.stop(signal.SIGTERM, patience=0.2)
    assert child.exit_code() == -signal.SIGKILL


def test_a_program_that_is_not_there_says_so_in_its_log(tmp_path: Path) -> None:
    home = Home(tmp_path)
    child = spawn(home, "part", ["/no/such/program"], environment={}, death_signal=signal.SIGKILL)
    assert child.process.wait(5) == 1
    assert child.log.complaint() == "cannot run /no/such/program: No such file or directory"


def test_a_zombie_counts_as_dead() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    assert _within(5, lambda: Identity.of(process.pid) is None)
    process.wait()
    assert Identity.of(os.getpid()) is not None
