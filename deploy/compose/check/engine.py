"""Docker, as far as the check needs it: one compose project, its containers, and what the engine tells of them."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.local.home import CHECKOUT
from shared.errors import Trouble, Unreachable

LABEL = "com.docker.compose.project"


@dataclass(frozen=True)
class Container:
    """One container. `told`: what `docker inspect` says of it."""

    id: str
    service: str
    told: dict[str, Any] = field(repr=False)

    @property
    def restarts(self) -> int:
        """How often the engine has started it again by itself."""
        return int(self.told["RestartCount"])

    @property
    def health(self) -> str:
        """`healthy`, `unhealthy`, `starting`; empty where nobody asks."""
        return str((self.told["State"].get("Health") or {}).get("Status", ""))

    @property
    def runs(self) -> bool:
        return bool(self.told["State"]["Running"])


class Engine:
    """The project `name` of the checkout's compose file, under these variables."""

    def __init__(self, name: str, variables: Mapping[str, str]) -> None:
        self.name = name
        self._environment = {**os.environ, **variables, "COMPOSE_PROJECT_NAME": name, "COMPOSE_PROGRESS": "plain"}

    def require(self) -> None:
        """Raise `Unreachable`, with what to do, unless there is an engine and a compose that knows what we use."""
        told = self._run("version", "--format", "{{.Server.Version}}", limit=20)
        if told.returncode != 0:
            raise Unreachable("no Docker engine answers: start one, then try again")
        if self._run("compose", "version", limit=20).returncode != 0:
            raise Unreachable("`docker compose` is missing: install Docker's compose plugin, version 2.24 or newer")

    def compose(self, *arguments: str, limit: float = 600) -> str:
        """`docker compose …`; gives its output, raises `Trouble` with the end of it where it fails."""
        done = self._run("compose", *arguments, limit=limit)
        if done.returncode != 0:
            end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
            raise Trouble(f"docker compose {' '.join(arguments)} ended with {done.returncode}:\n{end}")
        return done.stdout

    def docker(self, *arguments: str, limit: float = 60) -> str:
        """`docker …`; gives its stdout, raises `Trouble` where it fails."""
        done = self._run(*arguments, limit=limit)
        if done.returncode != 0:
            raise Trouble(f"docker {' '.join(arguments)[:120]}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def try_inside(self, container: Container, *command: str) -> tuple[int, str]:
        """Exit code and output of a command in a container."""
        done = self._run("exec", container.id, *command, limit=60)
        return done.returncode, done.stdout + done.stderr

    def containers(self) -> dict[str, Container]:
        """All containers of the project by service, ended ones included."""
        ids = self.docker("ps", "-aq", "--no-trunc", "--filter", f"label={LABEL}={self.name}").split()
        if not ids:
            return {}
        found = [
            Container(told["Id"], told["Config"]["Labels"]["com.docker.compose.service"], told)
            for told in json.loads(self.docker("inspect", *ids))
        ]
        return {container.service: container for container in found}

    def left(self) -> list[str]:
        """What there is of the project: containers, volumes, networks, one word each."""
        mine = ("--filter", f"label={LABEL}={self.name}")
        return [
            *(f"container {name}" for name in self.docker("ps", "-aq", *mine).split()),
            *(f"volume {name}" for name in self.docker("volume", "ls", "-q", *mine).split()),
            *(f"network {name}" for name in self.docker("network", "ls", "-q", *mine).split()),
        ]

    def _run(self, *arguments: str, limit: float) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                ["docker", *arguments],
                cwd=CHECKOUT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=limit,
            )
        except FileNotFoundError as missing:
            raise Unreachable("there is no `docker` command: install Docker, then try again") from missing
        except subprocess.TimeoutExpired as late:
            raise Trouble(f"docker {' '.join(arguments)[:120]} was not done within {limit:.0f} s") from late


def until(holds: Callable[[], bool], what: str, limit: float = 60.0) -> float:
    """Ask again until it holds; gives the seconds that it took, raises `Trouble` where it takes more than `limit`."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > limit:
            raise Trouble(f"{what}: not within {limit:.0f} s")
        time.sleep(0.2)
    return time.monotonic() - began
