"""Services with points, as processes that are forked from one that has imported everything: a life costs no imports.

The one in between is multiprocessing's fork server, which ends with the process that has begun it.
"""

import multiprocessing
import os
import runpy
import signal
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from deploy.local.home import SERVICES

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.chaos.marking", *(f"services.{service}.app" for service in SERVICES)])


class Life:
    """One process, to be handled like a `subprocess.Popen`."""

    def __init__(self, service: str, environment: Mapping[str, str], log: Path) -> None:
        self._process: ForkServerProcess = _FORKED.Process(target=_live, args=(service, dict(environment), str(log)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int | None:
        self._process.join()
        return self.returncode


def end() -> None:
    """End the process in between, and wait for that; the next life begins another one."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # nothing public ends it before its owner does


def _live(service: str, environment: Mapping[str, str], log: str) -> None:
    """In the new process: become the service."""
    from tests.chaos import here, marking  # noqa: F401  # the fork server has them already, and the service's modules

    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.clear()
    os.environ.update(environment)
    here.heed(environment)
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)
