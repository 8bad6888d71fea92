"""The supervisor with small programs in place of the parts: it keeps them, tells of them, and stops them in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.local import state, system
from deploy.local.home import Home
from deploy.local.parts import Program
from deploy.local.state import PartState, Phase, State
from deploy.local.supervisor import Parts, Supervisor

DOOR = """
import http.server, json, os, sys
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps({"lag": 0}).encode())
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""
BROKEN = """
import json, sys
print(json.dumps({"level": "ERROR", "text": "INTAKE_AGREEMENT: no such file"}), file=sys.stderr); sys.exit(1)
"""


def _program(home: Home, name: str, source: str = DOOR) -> Program:
    command = [sys.executable, "-c", source, str(home.port(name))]
    return Program(home, name, command, ports=(name,), ready_path="/readyz", environment={}, drain=5.0)


async def _nothing(home: Home) -> list[str]:
    return []


def _parts(home: Home, *services: Program, provision: Callable[[Home], Awaitable[list[str]]] = _nothing) -> Parts:
    return Parts(ground=(), mail=(_program(home, "mail_http"),), services=services, provision=provision)


async def _until(home: Home, condition: Callable[[state.SystemState], bool]) -> state.SystemState:
    async with asyncio.timeout(20):
        while True:
            found = state.read(home)
            if found is not None and condition(found):
                return found
            await asyncio.sleep(0.02)


def _part(found: state.SystemState, name: str) -> PartState:
    return next(part for part in found.parts if part.name == name)


async def test_a_killed_service_comes_back_and_all_end_with_the_supervisor(tmp_path: Path) -> None:
    home, stop = Home(tmp_path), asyncio.Event()
    running = asyncio.create_task(Supervisor(home, _parts(home, _program(home, "intake"))).run(stop))
    first = await _until(home, lambda found: found.phase is Phase.READY)
    seen = await asyncio.to_thread(system.status, home)
    assert seen.ready
    assert next(part.service for part in seen.parts if part.name == "intake") == {"lag": 0}
    pid = _part(first, "intake").pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    second = await _until(home, lambda found: _part(found, "intake").restarts == 1)
    assert _part(second, "intake").state is State.BACKING_OFF
    assert _part(second, "intake").last_exit == "ended by SIGKILL"
    third = await _until(home, lambda found: _part(found, "intake").state is State.READY)
    assert _part(third, "intake").pid != pid
    stop.set()
    assert await running == 0
    last = await _until(home, lambda found: found.phase is Phase.STOPPED)
    assert {part.state for part in last.parts} == {State.STOPPED}
    home.require_free("mail_http", "intake")


async def test_a_part_that_does_not_start_fails_the_whole_with_the_reason_from_its_log(tmp_path: Path) -> None:
    home = Home(tmp_path)
    kept = _parts(home, _program(home, "intake", BROKEN), _program(home, "referral"))
    assert await Supervisor(home, kept).run(asyncio.Event()) == 1
    found = await _until(home, lambda found: found.phase is Phase.FAILED)
    assert found.problem == f"intake did not start: INTAKE_AGREEMENT: no such file; log: {tmp_path}/log/intake.log"
    home.require_free("mail_http", "referral")


async def test_provisioning_that_fails_is_told_and_nothing_is_left_running(tmp_path: Path) -> None:
    async def broken(home: Home) -> list[str]:
        raise ConnectionError("the broker said no")

    home = Home(tmp_path)
    assert await Supervisor(home, _parts(home, provision=broken)).run(asyncio.Event()) == 1
    found = await _until(home, lambda found: found.phase is Phase.FAILED)
    assert found.problem.startswith("provisioning failed: ConnectionError('the broker said no'); log: ")


async def test_a_stop_in_the_middle_of_the_start_leaves_nothing(tmp_path: Path) -> None:
    home, stop = Home(tmp_path), asyncio.Event()
    silent = _program(home, "intake", "import time; time.sleep(60)")
    running = asyncio.create_task(Supervisor(home, _parts(home, silent)).run(stop))
    await _until(home, lambda found: _part(found, "intake").pid is not None)
    stop.set()
    async with asyncio.timeout(10):
        assert await running == 0
    assert (await asyncio.to_thread(system.status, home)).running is True  # the process of this test is its supervisor
    home.require_free("mail_http", "intake")


@pytest.mark.parametrize("root", ["nowhere", "."])
def test_a_home_where_nothing_was_started_is_not_running_and_stays_empty(tmp_path: Path, root: str) -> None:
    found = system.status(Home(tmp_path / root))
    assert (found.running, found.ready, found.parts) == (False, False, ())
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "run"])
