"""`python -m deploy.compose.check`: build, start, send firms through, kill, look at the walls, take everything away.

A project, ports and secrets of its own, so that a system that is up beside it is left alone. Each line on stdout is
something that was seen to hold. Exit code 0: all of it; 1: one did not, and is told; 3: there is no Docker to try it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

from deploy.compose.check import walls
from deploy.compose.check.engine import Engine, until
from deploy.compose.check.flow import Flow, Partner
from deploy.compose.ports import PUBLISHED
from deploy.compose.prepare import prepare
from deploy.local import ports
from deploy.local.home import CHECKOUT, SERVICES, Home
from shared.agreement import load
from shared.errors import Trouble, Unreachable

FIRMS = 200
KILLED = ("intake", "referral")
_PARTS = ("kafka", "postgres", "mail", *SERVICES)
# Everything in a process namespace but its first process and the caller: what the kernel or an operator might kill.
_KILL = "import os, signal; os.kill(-1, signal.SIGKILL)"


class Check:
    """One run. `home` holds its secrets and is removed with everything else."""

    def __init__(self) -> None:
        self.home = Home(CHECKOUT / "var" / "compose-check")
        self.ports = dict(zip(PUBLISHED, ports.choose(len(PUBLISHED)), strict=True))
        name = "portolano-check-" + hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
        variables = {PUBLISHED[port][0]: str(number) for port, number in self.ports.items()}
        self.engine = Engine(name, {**variables, "PORTOLANO_COMPOSE_HOME": str(self.home.root)})

    def run(self) -> None:
        """Raises `Trouble` with the first thing that does not hold."""
        self.engine.require()
        self._remove()
        try:
            prepare(self.home, self.ports)
            self.start()
            self.walls()
            self.flow()
            self.audit()
        finally:
            self._remove()
        if left := self.engine.left():
            raise Trouble("`down -v` left " + ", ".join(left))
        told("`down -v` left no container, no volume, no network")

    def start(self) -> None:
        began = time.monotonic()
        self.engine.compose("build", limit=1800)
        told(f"the image is built: {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        try:
            self.engine.compose("up", "--wait", "--no-build", limit=600)
        except Trouble:
            say(self.engine.compose("logs", "--no-color", "--tail", "15"))
            raise
        told(f"`docker compose up --wait` returned 0: {time.monotonic() - began:.0f} s")

    def walls(self) -> None:
        found = self.engine.containers()
        running = [container for container in found.values() if container.runs]
        hold("every part runs", [f"{part} does not" for part in _PARTS if part not in {c.service for c in running}])
        hold(
            f"{len(running)} containers: no process is root, has a capability or can gain one",
            [line for container in running for line in walls.privileges(self.engine, container)],
        )
        hold(
            "their root filesystems cannot be written",
            [line for container in running for line in walls.root_filesystem(self.engine, container)],
        )
        hold(
            "memory, processor and processes are limited",
            [line for container in found.values() for line in walls.limits(container)],
        )
        hold("no secret is in an environment or a command", walls.secrets_told(found.values(), self.home.secrets))
        doors = ", ".join(str(port) for port in sorted(walls.published(running)))
        hold(f"what is published ({doors}) listens on 127.0.0.1 alone", walls.open_doors(running))
        hold(
            "the services have no way out",
            [line for service in SERVICES for line in walls.ways_out(self.engine, found[service])],
        )

    def flow(self) -> None:
        partners = [Partner(code, self._settings(code)) for code in load().partners]
        flow = Flow(partners)
        try:
            flow.publish(range(FIRMS // 2))
            until(lambda: flow.arrived() or flow.answered() > 0, "a first answer")
            for service in KILLED:
                self._kill(service)
            before = flow.answered()
            flow.publish(range(FIRMS // 2, FIRMS))
            took = until(flow.arrived, f"answers to {FIRMS} firms, and referrals of those with a consent", limit=180)
        except Trouble as trouble:
            raise Trouble(f"{trouble}; {flow.answered()} of {len(flow.sent)} are answered") from trouble
        finally:
            for partner in partners:
                partner.close()
        for service in KILLED:
            until(lambda service=service: self._is_back(service), f"{service} healthy again")  # type: ignore[misc]  # mypy cannot type a lambda's default
        told(
            f"{' and '.join(KILLED)}, killed with {FIRMS - before} firms to answer, came back by themselves and went on"
        )
        hold(f"{FIRMS} firms over TLS from outside: one receipt each, {took:.1f} s after the kills", flow.wrong())
        told(f"the {len(flow.consented)} with a consent were handed over, no other was")

    def audit(self) -> None:
        report: dict[str, Any] = {}

        def at_rest() -> bool:
            report.update(self._portolano("audit", "--json", no=True))
            return not report["waiting"] or not report["clean"]

        until(at_rest, "the end of what is on its way", limit=120)
        hold("`portolano audit` against the containers finds nothing missing or doubled", report["findings"])

    def _kill(self, service: str) -> None:
        container = self.engine.containers()[service]
        self.engine.try_inside(container, "python", "-c", _KILL)
        until(lambda: self.engine.containers()[service].restarts > container.restarts, f"{service} started again")

    def _is_back(self, service: str) -> bool:
        return self.engine.containers()[service].health == "healthy"

    def _settings(self, code: str) -> dict[str, str]:
        return {
            name: str(value)
            for name, value in self._portolano("partner", "config", code, "--format", "librdkafka", "--json").items()
        }

    def _portolano(self, *arguments: str, no: bool = False) -> dict[str, Any]:
        """A command's JSON, from the machine, as its operator would give it. `no`: exit code 1 is an answer as well."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            env={**os.environ, "PORTOLANO_HOME": str(self.home.root)},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0 and not (no and done.returncode == 1 and done.stdout):
            raise Trouble(f"portolano {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _remove(self) -> None:
        self.home.root.mkdir(parents=True, exist_ok=True)
        self.engine.compose("down", "--volumes", "--remove-orphans", "--timeout", "20", limit=180)
        shutil.rmtree(self.home.root, ignore_errors=True)


def told(line: str) -> None:
    print(f"ok  {line}", flush=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def hold(what: str, wrong: list[str]) -> None:
    """Tell it where nothing is wrong; else raise `Trouble` with what is."""
    if wrong:
        raise Trouble(f"not so: {what}: " + "; ".join(map(str, wrong[:10])))
    told(what)


def main() -> int:
    began = time.monotonic()
    try:
        Check().run()
    except Trouble as trouble:
        say(f"compose-check: {trouble}")
        return 3 if isinstance(trouble, Unreachable) else 1
    except KeyboardInterrupt:
        say("compose-check: interrupted; its containers are gone")
        return 130
    print(f"all of it holds, after {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
