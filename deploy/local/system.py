"""What a person asks of the system on this machine: up, down, status.

`up` is idempotent: one supervisor per home, found by the lock that it holds as long as it lives. What a crash left
running is ended before anything is started.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from deploy.local import jars, kafka, observe, parts, postgres, probes, state
from deploy.local.child import Identity, clear_leftover, end
from deploy.local.home import CHECKOUT, SERVICES, Held, Home
from deploy.local.logs import LogMark, log_path, open_log
from deploy.local.state import PartState, Phase, State, SystemState
from shared.errors import Trouble, Unreachable

Say = Callable[[str], None]

_SUPERVISOR = (sys.executable, "-m", "deploy.local.supervisor")
_STOP_WITHIN = 75.0
_LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Up:
    """What `up` found or made. `was_running`: it was there before. `seconds`: how long it took."""

    was_running: bool
    seconds: float
    parts: tuple[PartState, ...]


@dataclass(frozen=True)
class Down:
    """What `down` did. `leftovers`: parts without a supervisor that were ended."""

    was_running: bool
    seconds: float
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartStatus:
    """One part as it is now. `memory`: bytes, proportional (PSS) where the kernel tells; `service`: its `/status`."""

    name: str
    state: str
    address: str
    pid: int | None = None
    memory: int | None = None
    restarts: int = 0
    last_exit: str = ""
    since: float | None = None
    service: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """The whole as it is now. `running`: a supervisor lives; `ready`: and every part serves."""

    running: bool
    ready: bool
    phase: str
    problem: str
    parts: tuple[PartStatus, ...]
    memory: int


def up(
    home: Home, say: Say, *, limit: float = 150.0, observed: bool = False, command: Sequence[str] = _SUPERVISOR
) -> Up:
    """Return when the whole is ready; raises `Trouble` with the reason when it does not get there.

    `say` is told each milestone in a line. `observed`: with the viewer of traces. `command` is the supervisor's
    program, for trials with other parts.
    """
    began = time.monotonic()
    with home.lock("up"):
        # In the foreground, where somebody sees the bar; the supervisor then finds everything in place.
        jars.ensure(home.cache)
        if observed:
            jars.ensure(home.cache, jars.ZIPKIN_LOCK)
            command = (*command, observe.FLAG)
        running = _wait_while_stopping(home, say)
        if observed and running is not None and not observe.is_among(part.name for part in running.parts):
            raise Trouble("the system runs without the viewer: `portolano down`, then `portolano up --observe`")
        mark = LogMark.at_end(log_path(home, state.LOCK))
        process = None if running else _start_supervisor(home, command)
        found = _wait_ready(home, process, mark, say, began + limit)
        return Up(running is not None, time.monotonic() - began, tuple(found.parts))


def down(home: Home, say: Say) -> Down:
    """Stop everything in order; whatever a crash left behind, too. Nothing of the system runs when this returns."""
    began = time.monotonic()
    if not home.root.is_dir():
        return Down(False, 0.0)
    with home.lock("up"):
        found = _supervisor(home)
        if found is not None:
            say("stopping: services, mail, Kafka, PostgreSQL")
            end(found.supervisor, signal.SIGTERM, patience=_STOP_WITHIN)
        leftovers = _clear_leftovers(home)
        return Down(found is not None, time.monotonic() - began, leftovers)


def status(home: Home) -> Status:
    """Look at every part: its process, its memory, and what a service says of itself. Starts and changes nothing."""
    written = state.read(home) if home.root.is_dir() else None
    if written is None:
        return Status(False, False, Phase.STOPPED, "", (), 0)
    running = written.supervisor.is_alive()
    found = tuple(_look_at(home, part, running) for part in written.parts)
    phase = written.phase if running or written.phase is Phase.FAILED else Phase.STOPPED
    ready = running and phase is Phase.READY and all(part.state == State.READY for part in found)
    memory = (_memory(written.supervisor) or 0) if running else 0  # its children are the parts
    return Status(running, ready, phase, written.problem, found, memory)


def require_ready(home: Home) -> None:
    """Raise `Unreachable`, with what to do, unless the system is up."""
    found = _supervisor(home)
    if found is None:
        raise Unreachable("the system is not running: start it with `portolano up`")
    if found.phase is not Phase.READY:
        raise Unreachable(f"the system is {found.phase}: `portolano status` tells more")


# Starting ----------------------------------------------------------------------------------------------------------


def _supervisor(home: Home) -> SystemState | None:
    """The state of the supervisor that lives here, or None."""
    if not home.root.is_dir():
        return None
    with suppress(Held), home.lock(state.LOCK, wait=False):
        return None
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = state.read(home)
        if found is not None and found.supervisor.is_alive():
            return found
        time.sleep(_LOOK_EVERY)  # it has the lock, and is about to write its first state, or about to end
        with suppress(Held), home.lock(state.LOCK, wait=False):
            return None
    raise Trouble(f"something holds {home.run / state.LOCK}.lock and is no supervisor: end it, then try again")


def _wait_while_stopping(home: Home, say: Say) -> SystemState | None:
    until = time.monotonic() + _STOP_WITHIN
    told = False
    while (found := _supervisor(home)) is not None and found.phase in (Phase.STOPPING, Phase.STOPPED, Phase.FAILED):
        if not told:
            say("waiting for the last one to stop")
            told = True
        if time.monotonic() > until:
            raise Trouble(f"the supervisor (pid {found.pid}) does not stop: end it with `portolano down`")
        time.sleep(_LOOK_EVERY)
    return found


def _start_supervisor(home: Home, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    (home.run / state.FILE).unlink(missing_ok=True)
    _clear_leftovers(home)
    with open_log(home, state.LOCK) as log:
        return subprocess.Popen(
            list(command),
            cwd=CHECKOUT,
            env={**parts.program_environment(), "PORTOLANO_HOME": str(home.root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it survives the terminal
        )


def _wait_ready(
    home: Home, process: "subprocess.Popen[bytes] | None", mark: LogMark, say: Say, until: float
) -> SystemState:
    """Wait for every part, telling each as it comes; of a system that ran before (no `process`), what is awaited."""
    told: set[str] = set()
    waiting: list[str] = []
    while time.monotonic() < until:
        ended = process is not None and process.poll() is not None
        found = state.read(home)
        waiting = [part.name for part in found.parts if part.state is not State.READY] if found else ["the supervisor"]
        if found is not None and found.phase is Phase.READY and not waiting and found.supervisor.is_alive():
            if process is not None:
                _tell(found, told, say)
            return found
        if process is None and waiting and not told:
            told.update(waiting)
            say(f"it runs, but not all is ready: waiting for {', '.join(waiting)}")
        if process is not None and found is not None:
            _tell(found, told, say)
        if ended or (process is None and (found is None or not found.supervisor.is_alive())):
            raise Trouble(_why_it_ended(home, found, mark))
        time.sleep(_LOOK_EVERY)
    raise Trouble(f"not ready in time: {', '.join(waiting)}; look into {home.log}, stop with `portolano down`")


def _tell(found: SystemState, told: set[str], say: Say) -> None:
    for part in sorted(found.parts, key=lambda part: part.since):
        if part.state is State.READY and part.name not in told:
            told.add(part.name)
            say(f"{part.name} is ready after {part.since - found.started:.1f} s: {part.address}")


def _why_it_ended(home: Home, found: SystemState | None, mark: LogMark) -> str:
    if found is not None and found.problem:
        return found.problem
    if found is not None and found.phase in (Phase.STOPPING, Phase.STOPPED):
        return "the system was stopped while it started"
    return f"the supervisor ended: {mark.complaint()}; log: {log_path(home, state.LOCK)}"


def _clear_leftovers(home: Home) -> tuple[str, ...]:
    """End what a supervisor that was killed left behind, services first."""
    orders = {
        **dict.fromkeys((*SERVICES, parts.MAIL, *observe.NAMES), signal.SIGKILL),
        kafka.NAME: signal.SIGTERM,
        postgres.NAME: signal.SIGINT,
    }
    return tuple(name for name, order in orders.items() if clear_leftover(home, name, order, patience=20))


# Looking -----------------------------------------------------------------------------------------------------------


def _look_at(home: Home, part: PartState, running: bool) -> PartStatus:
    process = Identity(part.pid, part.began) if part.pid is not None and part.began is not None else None
    alive = process is not None and process.is_alive()
    now = part.state if running or part.state is State.FAILED else State.STOPPED
    service: dict[str, object] = {}
    if running and alive and part.name in SERVICES and now is State.READY:
        # A process that lives can still be stuck or cut off from the broker: it is asked, not believed.
        if parts.fetch(home.port(part.name), "/readyz")[0] != 200:
            now = State.NOT_READY
        with suppress(ValueError):
            told = json.loads(parts.fetch(home.port(part.name), "/status")[1] or b"{}")
            service = told if isinstance(told, dict) else {}
    elif running and alive and now is State.READY and not probes.answers(home, part.name):
        now = State.NOT_READY
    elif running and not alive and now is State.READY:
        now = State.BACKING_OFF  # it has just ended, and the supervisor is about to notice
    return PartStatus(
        name=part.name,
        state=now,
        address=part.address,
        pid=part.pid if alive else None,
        memory=_memory(process) if alive and process else None,
        restarts=part.restarts,
        last_exit=part.last_exit,
        since=part.since,
        service=service,
    )


def _memory(identity: Identity) -> int | None:
    """Bytes of a process and its children: PSS, so that what they share counts once."""
    try:
        process = psutil.Process(identity.pid)
        family = [process, *process.children(recursive=True)] if identity.pid != os.getpid() else [process]
        total = 0
        for member in family:
            with suppress(psutil.Error):
                full = member.memory_full_info()
                total += getattr(full, "pss", full.rss)
        return total
    except psutil.Error:
        return None
