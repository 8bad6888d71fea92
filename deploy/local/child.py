"""A program that we start: its log, its pid file, its end.

A pid alone is no name: after a crash it may belong to somebody else. The pid file therefore holds the pid together with
the kernel's start time of the process, and of the process that started it; nothing is ever signalled by pid alone.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local.home import Home, write_whole
from deploy.local.logs import LogMark, log_path, open_log
from shared.errors import Trouble

_TETHER = Path(__file__).with_name("tether.py")


@dataclass(frozen=True)
class Identity:
    """One run of one process: the pid and, as the kernel tells it, when it began."""

    pid: int
    began: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """None where no such process lives; a zombie is dead."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            if sys.platform == "linux":
                # psutil's time is computed from the wall clock; ticks since boot do not move with it.
                boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
                ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
                return cls(pid, f"{boot}:{ticks}")
            return cls(pid, f"{process.create_time():.2f}")
        except (psutil.Error, OSError):
            return None

    def is_alive(self) -> bool:
        return Identity.of(self.pid) == self


class Child:
    """A running program in a session of its own, tethered to this process: it does not outlive us."""

    def __init__(self, home: Home, name: str, process: "subprocess.Popen[bytes]", log: LogMark) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.started = time.time()
        self._pid_file = _pid_file(home, name)
        own, other = Identity.of(os.getpid()), Identity.of(process.pid)
        if own and other:
            record = {"pid": other.pid, "began": other.began, "owner": own.pid, "owner_began": own.began}
            write_whole(self._pid_file, json.dumps(record) + "\n")

    @property
    def pid(self) -> int:
        return self.process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self.process.poll()

    def stop(self, with_signal: signal.Signals, patience: float) -> None:
        """Ask it to end, wait up to `patience` seconds, then kill it and everything in its session."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                _kill_group(self.process.pid)
                self.process.wait()
        self.forget()

    def forget(self) -> None:
        self._pid_file.unlink(missing_ok=True)


def spawn(
    home: Home,
    name: str,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    death_signal: signal.Signals,
    user: str | None = None,
    cwd: Path | None = None,
) -> Child:
    """Start a program whose output goes to `log/<name>.log` and which gets `death_signal` when this process dies."""
    tether = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), str(int(death_signal)), user or "-"]

    def fork() -> "subprocess.Popen[bytes]":
        with open_log(home, name) as log:
            return subprocess.Popen(
                [*tether, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=cwd,
                start_new_session=True,
            )

    mark = LogMark.at_end(log_path(home, name))
    try:
        return Child(home, name, _forker.run(fork), mark)
    except OSError as failed:
        raise Trouble(f"cannot start {name}: {failed.strerror}") from failed


def clear_leftover(home: Home, name: str, with_signal: signal.Signals, patience: float) -> bool:
    """End what a dead process of ours left running under this name. True where there was something.

    Raises `Trouble` when it is no leftover: its owner lives.
    """
    path = _pid_file(home, name)
    try:
        record = json.loads(path.read_text())
        left = Identity(int(record["pid"]), str(record["began"]))
        owner = Identity(int(record["owner"]), str(record["owner_began"]))
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError):
        path.unlink(missing_ok=True)
        return False
    if not left.is_alive():
        path.unlink(missing_ok=True)
        return False
    if owner.is_alive():
        raise Trouble(f"{name} of {home.root} is running already (pid {left.pid}, started by pid {owner.pid})")
    end(left, with_signal, patience)
    path.unlink(missing_ok=True)
    return True


def end(left: Identity, with_signal: signal.Signals, patience: float) -> None:
    """End a process that is not our child: ask, wait, kill."""
    for order in (with_signal, signal.SIGKILL):
        if not left.is_alive():
            return
        if order is signal.SIGKILL:
            _kill_group(left.pid)
        else:
            os.kill(left.pid, order)
        limit = time.monotonic() + patience
        while left.is_alive() and time.monotonic() < limit:
            time.sleep(0.05)


def _pid_file(home: Home, name: str) -> Path:
    return home.run / f"{name}.pid"


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class _Forker:
    """One thread that starts all children and never ends.

    Linux sends the death signal when the *thread* that forked ends: a child started from a pool's thread would die
    with that thread, long before the process.
    """

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[_Fork, _Forked]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pid = 0

    def run(self, fork: "_Fork") -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._serve, name="forker", daemon=True).start()
        answer = _Forked()
        self._work.put((fork, answer))
        return answer.result()

    def _serve(self) -> None:
        while True:
            fork, answer = self._work.get()
            try:
                answer.set_result(fork())
            except OSError as failed:
                answer.set_exception(failed)


_Fork = Callable[[], "subprocess.Popen[bytes]"]
_Forked = Future["subprocess.Popen[bytes]"]
_forker = _Forker()
