"""What the supervisor knows of its parts, written to `run/state.json` at every change for `up` and `status` to read."""

import enum
import json
import time
from dataclasses import asdict, dataclass, field

from deploy.local.child import Identity
from deploy.local.home import Home, write_whole

FILE = "state.json"
LOCK = "supervisor"


class State(enum.StrEnum):
    """Of one part. `FAILED`: it did not start at the first attempt, and the whole was stopped for it.

    `NOT_READY` is never written: it is what `status` finds when a service that runs does not say that it is ready.
    """

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    NOT_READY = "not-ready"
    BACKING_OFF = "backing-off"
    STOPPED = "stopped"
    FAILED = "failed"


class Phase(enum.StrEnum):
    """Of the whole."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass
class PartState:
    """One part. Times are Unix seconds; `last_exit` is why it had to be started again, in words."""

    name: str
    address: str
    state: State = State.WAITING
    pid: int | None = None
    began: str | None = None
    restarts: int = 0
    last_exit: str = ""
    since: float = field(default_factory=time.time)


@dataclass
class SystemState:
    """The whole. `problem` is the line for a person when it failed;"""

    pid: int
    began: str
    phase: Phase = Phase.STARTING
    problem: str = ""
    started: float = field(default_factory=time.time)
    parts: list[PartState] = field(default_factory=list)

    @property
    def supervisor(self) -> Identity:
        return Identity(self.pid, self.began)

    def write(self, home: Home) -> None:
        write_whole(home.run / FILE, json.dumps(asdict(self), indent=2) + "\n", mode=0o600)


def read(home: Home) -> SystemState | None:
    """The last state that was written, whoever wrote it; None where there is none that can be read."""
    try:
        found = json.loads((home.run / FILE).read_text())
        parts = [PartState(**{**part, "state": State(part["state"])}) for part in found.pop("parts")]
        return SystemState(**{**found, "phase": Phase(found["phase"]), "parts": parts})
    except (OSError, ValueError, TypeError, KeyError):
        return None
