"""Four processes of a contender, one for each hop, from their start to their end.

All begin, say that they are ready, and the first is then stopped (SIGSTOP). The firms are published while it stands
still, so that no load generator competes with what is measured; the clock starts with its SIGCONT, which is before its
first read.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.child import Child, spawn
from deploy.local.home import CHECKOUT, Home
from deploy.local.logs import log_path
from deploy.local.parts import program_environment
from shared.errors import Trouble

READY_WITHIN = 90.0
STOP_WITHIN = 20.0
SESSION_SECONDS = 60
"""How long a hop may stand still before the broker gives its partitions away: longer than the firms take to publish."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One process: its command, what is added to its environment, and how it is known to be ready."""

    service: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[Path], bool]
    """Asked with the process's log until it says yes; may block for a moment."""


@dataclass(slots=True)
class Hops:
    """The running processes, in the order in which a firm meets them."""

    processes: dict[str, Child] = field(default_factory=dict)

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self.processes.values())

    @property
    def logs(self) -> str:
        """Where a person looks when it did not work."""
        return ", ".join(str(process.log.path) for process in self.processes.values())

    def hold(self) -> None:
        """Stop the first hop where it stands."""
        os.kill(self.pids[0], signal.SIGSTOP)

    def go(self) -> float:
        """Let it go on. Unix seconds: nothing was read before."""
        at = time.time()
        os.kill(self.pids[0], signal.SIGCONT)
        return at

    def require_alive(self) -> None:
        """Raises `Trouble` with the log's last line where one has ended: then there is nothing to measure."""
        for process in self.processes.values():
            if process.exit_code() is not None:
                raise Trouble(f"{process.name} ended in the middle of the measurement: {process.log.complaint()}")


def start(home: Home, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
    """A Python program of the checkout; what it says goes to `log/<name>.log`. It does not outlive us."""
    everything = {**program_environment(), **environment}
    return spawn(home, name, command, environment=everything, death_signal=signal.SIGKILL, cwd=CHECKOUT)


@asynccontextmanager
async def running(home: Home, prefix: str, hops: Sequence[Hop]) -> AsyncIterator[Hops]:
    """All of them ready; at the end all have ended, in order where they can."""
    group = Hops()
    try:
        for hop in hops:
            group.processes[hop.service] = start(home, prefix + hop.service, hop.command, hop.environment)
        for hop in hops:
            path = log_path(home, prefix + hop.service)

            async def is_ready(hop: Hop = hop, path: Path = path) -> bool:
                group.require_alive()
                return await asyncio.to_thread(hop.ready, path)

            await until(is_ready, READY_WITHIN, f"{hop.service} to be ready; log: {path}")
        yield group
    finally:
        for process in group.processes.values():
            if process.exit_code() is None:
                os.kill(process.pid, signal.SIGCONT)  # one that stands still would not hear that it is to end
                os.kill(process.pid, signal.SIGTERM)
        for process in group.processes.values():
            await asyncio.to_thread(process.stop, signal.SIGTERM, STOP_WITHIN)


async def until(look: Callable[[], Awaitable[bool]], limit: float, what: str, pause: float = 0.1) -> None:
    """Wait for `look` to say yes. Raises `Trouble` after `limit` seconds."""
    end = time.monotonic() + limit
    while not await look():
        if time.monotonic() > end:
            raise Trouble(f"waited {limit:.0f} s in vain for {what}")
        await asyncio.sleep(pause)
