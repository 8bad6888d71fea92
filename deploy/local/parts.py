"""What the supervisor keeps alive: one `Part` for each process of the system.

Kafka and PostgreSQL have modules of their own; a Python program of ours (mail sink, service) is a `Program`.
"""

import http.client
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.local import kafka, postgres
from deploy.local.child import Child, clear_leftover, spawn
from deploy.local.home import CHECKOUT, SERVICES, Home
from deploy.local.logs import log_path, reason
from shared.errors import Trouble

MAIL = "mail"


class Part(Protocol):
    """One process. Methods block, and raise `Trouble` with a line for a person."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """Where a client finds it."""

    def launch(self) -> Child:
        """Start the process without waiting for it to be ready."""

    def wait_ready(self, limit: float = ...) -> None:
        """Return once it serves; raise when it ends before, or does not within `limit` seconds."""

    def stop(self) -> None:
        """End it in order. Does nothing where it does not run."""

    def reason(self) -> str:
        """Why it failed, from its log."""


class Program:
    """A program that has an HTTP door on loopback, and ends by itself on SIGTERM."""

    def __init__(
        self,
        home: Home,
        name: str,
        command: Sequence[str | Path],
        *,
        ports: Sequence[str],
        ready_path: str,
        environment: Mapping[str, str],
        drain: float = 15.0,
    ) -> None:
        """`ports`: names of the ports that it opens, its HTTP door last. `drain`: seconds that it gets to finish."""
        self.name = name
        self._home = home
        self._command = command
        self._ports = ports
        self._ready_path = ready_path
        self._environment = environment
        self._drain = drain
        self._child: Child | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._home.port(self._ports[-1])}"

    def launch(self) -> Child:
        clear_leftover(self._home, self.name, signal.SIGTERM, patience=self._drain)
        self._home.require_free(*self._ports)
        # What is accepted is committed, so there is nothing to save: an orphan is killed, not asked.
        self._child = spawn(
            self._home,
            self.name,
            self._command,
            environment={**program_environment(), **self._environment},
            death_signal=signal.SIGKILL,
            cwd=CHECKOUT,
        )
        return self._child

    def wait_ready(self, limit: float = 60.0) -> None:
        log = log_path(self._home, self.name)
        until = time.monotonic() + limit
        while time.monotonic() < until:
            if self._child is None or self._child.exit_code() is not None:
                raise Trouble(f"{self.name} did not start: {self.reason()}; log: {log}")
            if fetch(self._home.port(self._ports[-1]), self._ready_path)[0] == 200:
                return
            time.sleep(0.1)
        raise Trouble(f"{self.name} was not ready within {limit:.0f} s: {self.reason()}; log: {log}")

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(signal.SIGTERM, self._drain)
            self._child = None

    def reason(self) -> str:
        return reason(self._child.log if self._child else None)


class KafkaPart(kafka.Kafka):
    """The broker as a part."""

    name = kafka.NAME

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.home.port('kafka_internal')} (partners {self.home.port('kafka_partners')})"


class PostgresPart(postgres.Postgres):
    """The database server as a part."""

    name = postgres.NAME

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.home.port('postgres')}"


def mail_sink(home: Home) -> Program:
    """Where all mail ends."""
    return Program(
        home,
        MAIL,
        [sys.executable, "-m", "deploy.local.mail_sink"],
        ports=("smtp", "mail_http"),
        ready_path="/api/count",
        environment={"PORTOLANO_HOME": str(home.root)},
        drain=5.0,
    )


def services(home: Home, more: Mapping[str, str] | None = None) -> tuple[Program, ...]:
    """The four services; `more` is what all of them are told beside their settings."""
    return tuple(
        Program(
            home,
            name,
            [sys.executable, "-m", f"services.{name}"],
            ports=("notifier_page", name) if name == "notifier" else (name,),
            ready_path="/readyz",
            environment={**(more or {}), **home.service_environment(name)},
        )
        for name in SERVICES
    )


def program_environment() -> dict[str, str]:
    """Our own environment, for a Python program that imports from the checkout and is read while it speaks."""
    places = [str(CHECKOUT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)), "PYTHONUNBUFFERED": "1"}


def fetch(port: int, path: str, patience: float = 1.0) -> tuple[int, bytes]:
    """GET from a door on loopback: (status, body), or (0, b"") where nobody answers within `patience` seconds."""
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        door.request("GET", path)
        answer = door.getresponse()
        return answer.status, answer.read(1_000_000)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        door.close()
