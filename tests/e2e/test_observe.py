"""`up --observe` and `top` on a system of their own: what an operator sees of a firm, of the flow, and of a part that
stands still. Left out where Zipkin's jar is not in the cache: 135 MB are not fetched for a test (`portolano up
--observe` fetches them).
"""

import itertools
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import psutil
import pytest

from deploy.local import jars, observe, system
from deploy.local.home import CHECKOUT, SERVICES, Home
from shared.telemetry import names
from tests.e2e.firms import submission

T = TypeVar("T")
LIMIT = 180
_JAR = Home.from_environment().cache / jars.ZIPKIN_LOCK.stem / jars.locked(jars.ZIPKIN_LOCK)[0].name

pytestmark = pytest.mark.skipif(
    not _JAR.exists(), reason="Zipkin's jar is not in the cache; it is not fetched for a test"
)


@pytest.fixture(scope="module")
def watched() -> Iterator[Home]:
    """A system with the viewer; whatever is left of it is ended."""
    root = Path(tempfile.mkdtemp(prefix="portolano-observe-"))
    home = Home(root)
    try:
        done = portolano(home, "up", "--observe")
        assert done.returncode == 0, done.stderr
        assert f"traces: {observe.viewer(home)}" in done.stderr
        yield home
    finally:
        system.down(home, lambda line: None)
        shutil.rmtree(root, ignore_errors=True)


def environment(home: Home) -> dict[str, str]:
    return {**os.environ, "PORTOLANO_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT), "TERM": "xterm-256color"}


def portolano(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cli.main", *words]
    return subprocess.run(command, cwd=CHECKOUT, env=environment(home), capture_output=True, text=True, timeout=LIMIT)


def until(look: Callable[[], T], what: str, limit: float = 60.0) -> T:
    """The first truthy answer."""
    end = time.monotonic() + limit
    while not (answer := look()):
        assert time.monotonic() < end, f"{what} did not come within {limit:.0f} s"
        time.sleep(0.1)
    return answer


def asked(home: Home, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{home.port('zipkin')}{path}", timeout=10) as answer:
        return json.load(answer)


def told(home: Home, number: int, directory: Path, **firm: Any) -> str:
    """Publish a firm as cna; returns its firm_id when its receipt has come."""
    path = directory / f"{number}.jsonl"
    path.write_text(json.dumps(submission(number, **firm)))
    done = portolano(home, "publish", "--partner", "cna", str(path), "--json")
    assert done.returncode == 0, done.stderr
    found = re.search(r'"firm_id":"([0-9a-f-]{36})"', done.stdout)
    assert found is not None, done.stdout
    return found.group(1)


def traces_of(home: Home, firm_id: str) -> list[list[dict[str, Any]]]:
    query = quote(f"{names.FIRM}={firm_id}")
    found: list[list[dict[str, Any]]] = asked(home, f"/api/v2/traces?annotationQuery={query}&lookback=86400000")
    return found


def pid_of(home: Home, part: str) -> int:
    (found,) = [one.pid for one in system.status(home).parts if one.name == part]
    assert found is not None
    return found


@contextmanager
def halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_trace_of_a_named_firm_goes_through_all_four_services_to_the_mail(watched: Home, tmp_path: Path) -> None:
    firm_id = told(watched, 901, tmp_path)

    def whole() -> list[dict[str, Any]]:
        for trace in traces_of(watched, firm_id):
            services = {span["localEndpoint"]["serviceName"] for span in trace}
            if services == set(SERVICES) and names.DELIVER in {span["name"] for span in trace}:
                return trace
        return []  # each service sends its spans in its own time

    trace = until(whole, "a trace of all four services with a mail in it")
    assert any(tag.startswith("otlp.link.") for span in trace for tag in span["tags"])


def test_explain_and_status_tell_where_the_trace_is(watched: Home, tmp_path: Path) -> None:
    firm_id = told(watched, 902, tmp_path)
    explained, status = portolano(watched, "explain", firm_id), portolano(watched, "status")
    assert observe.traces_of(watched, firm_id) in explained.stderr
    assert observe.traces_of(watched, "FIRM_ID") in status.stderr
    assert {"zipkin", "collector"} <= {line.split()[0] for line in status.stdout.splitlines()}


def test_the_viewer_draws_the_way_from_topic_to_topic(watched: Home, tmp_path: Path) -> None:
    told(watched, 903, tmp_path)
    way = ["topic:partners.cna.firms.v1", "intake", "topic:intake.firms.v1", "classifier"]
    way += ["topic:classifier.assessments.v1", "referral", "topic:referral.events.v1", "notifier"]

    def edges() -> set[tuple[str, str]]:
        found = asked(watched, f"/api/v2/dependencies?endTs={int(time.time() * 1000)}&lookback=86400000")
        return {(edge["parent"], edge["child"]) for edge in found}

    until(lambda: set(itertools.pairwise(way)) <= edges(), "the whole way")


def test_nothing_of_it_listens_beyond_this_machine(watched: Home) -> None:
    addresses = [
        connection.laddr.ip
        for part in observe.NAMES
        for connection in psutil.Process(pid_of(watched, part)).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(addresses) >= 2
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}
    stranger = urllib.request.Request(
        f"http://127.0.0.1:{watched.port('zipkin')}/api/v2/services", headers={"Origin": "http://elsewhere.example"}
    )
    with urllib.request.urlopen(stranger, timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] is None, "another site's page could read the traces"


def test_a_viewer_that_stands_still_holds_nobody_up_and_gets_its_spans_later(watched: Home, tmp_path: Path) -> None:
    with halted(pid_of(watched, "zipkin")):
        firm_id = told(watched, 904, tmp_path)
        assert system.status(watched).running
    until(lambda: traces_of(watched, firm_id), "the trace after the pause")


def test_top_counts_what_passed_and_names_who_stands_still(watched: Home, tmp_path: Path) -> None:
    with halted(pid_of(watched, "classifier")):
        told(watched, 905, tmp_path)

        def standing() -> dict[str, Any]:
            done = portolano(watched, "top", "--once", "--json")
            assert done.returncode == 0, done.stderr
            found: dict[str, Any] = json.loads(done.stdout)
            return found if found["stands_still"] else {}

        found = until(standing, "a part that stands still")
    hops = {hop["name"]: hop for hop in found["hops"]}
    assert [(one["part"], one["waiting"]) for one in found["stands_still"]] == [("classifier", 1)]
    assert "kill -CONT" in found["reasons"][0]
    assert found["states"]["classifier"] == "stopped"
    assert hops["intake → classifier"]["waiting"] == 1
    assert hops["intake → classifier"]["oldest_s"] >= 3
    assert hops["partners → intake"] == {
        **hops["partners → intake"],
        "waiting": 0,
        "passed": found["services"]["intake"]["applied"],
    }


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_top_is_drawn_in_place_and_ends_with_0_on_q_and_on_ctrl_c(watched: Home, key: bytes) -> None:
    pid, line = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-m", "cli.main", "top"], environment(watched))
    shown, pressed, end = b"", False, time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if not select.select([line], [], [], 0.2)[0]:
                continue
            try:
                shown += os.read(line, 65_536)
            except OSError:  # how a terminal's end is told
                break
            if not pressed and shown.count("partners → intake".encode()) >= 3:
                pressed = bool(os.write(line, key))
        assert pressed, shown[-500:]
    finally:
        os.close(line)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0
    assert b"\x1b[1A" in shown, "the picture before is gone over"


def test_down_ends_the_viewer_too(watched: Home) -> None:
    pids = [pid_of(watched, part) for part in observe.NAMES]
    assert portolano(watched, "down").returncode == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    watched.require_free("zipkin", "otlp")
