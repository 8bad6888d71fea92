"""How the viewer of traces is found and fed."""

import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from deploy.local import observe, state, system
from deploy.local.child import Identity
from deploy.local.home import SERVICES, Home
from deploy.local.parts import Program
from deploy.local.state import Phase, SystemState
from deploy.local.supervisor import local_parts
from shared.errors import Trouble


def installed(directory: Path, name: str, *, code: int) -> Path:
    """A collector on the PATH that answers `validate` with this exit code."""
    program = directory / name
    program.write_text(f'#!/bin/sh\n[ "$1" = validate ] && [ -n "$PORTOLANO_ZIPKIN_ADDRESS" ] && exit {code}\nexit 9\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def pretend(home: Home, *names: str) -> None:
    """A system of these parts, run by this very process."""
    own = Identity.of(os.getpid())
    assert own is not None
    parts = [state.PartState(name, "nowhere", state.State.READY) for name in names]
    SystemState(own.pid, own.began, Phase.READY, parts=parts).write(home)


def test_a_collector_that_is_installed_and_takes_our_configuration_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "otelcol", code=0)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = observe.collector(Home(tmp_path / "home"))
    assert isinstance(found, observe.Collector)
    assert found.address == f"http://127.0.0.1:{Home(tmp_path / 'home').port('otlp')}"


@pytest.mark.parametrize("there", [True, False])
def test_our_own_bridge_stands_in_for_a_collector_that_lacks_parts_or_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if there:
        installed(tmp_path, "otelcol", code=1)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert type(observe.collector(Home(tmp_path / "home"))) is Program


def test_the_collector_s_file_asks_for_the_addresses_that_it_is_given(tmp_path: Path) -> None:
    asked = re.findall(r"\$\{env:(\w+)\}", observe.CONFIGURATION.read_text())
    assert set(asked) == set(observe.addresses(Home(tmp_path)))
    assert yaml.safe_load(observe.CONFIGURATION.read_text())["service"]["pipelines"]["traces"]["exporters"] == [
        "zipkin"
    ]


def test_services_are_told_in_standard_variables_and_reach_it_without_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    told = observe.environment(Home(tmp_path))
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://127.0.0.1:{Home(tmp_path).port('otlp')}"
    assert told["NO_PROXY"] == told["no_proxy"] == "intranet.example,127.0.0.1"
    assert {name for name in told if not name.startswith("OTEL_")} == {"NO_PROXY", "no_proxy"}


def test_only_an_observed_system_has_the_viewer_and_services_that_send_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    plain, observed = (local_parts(Home(tmp_path), observed=observed) for observed in (False, True))
    assert {part.name for part in observed.all()} - {part.name for part in plain.all()} == set(observe.NAMES)
    assert [part.name for part in observed.services] == list(SERVICES)


def test_a_system_without_the_viewer_is_not_given_one_behind_its_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    monkeypatch.setattr("deploy.local.jars.ensure", lambda *_: tmp_path)
    pretend(home, "kafka")
    with home.lock(state.LOCK), pytest.raises(Trouble, match="runs without the viewer: `portolano down`, then"):
        system.up(home, lambda _: None, observed=True)


def test_the_search_for_a_firm_runs_at_once_where_its_end_is_known(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    found = urlsplit(observe.traces_of(Home(tmp_path), "firm-1", at))
    assert found.hostname == "127.0.0.1"
    assert found.path == "/zipkin/"
    assert parse_qs(found.query) == {
        "annotationQuery": ["portolano.firm_id=firm-1"],
        "lookback": ["1d"],
        "limit": ["100"],
        "endTs": [str(int(at.timestamp()) * 1000)],
    }
    assert "endTs" not in observe.traces_of(Home(tmp_path), "firm-1")


def test_whether_traces_are_shown_is_told_by_the_parts_of_a_system_that_lives(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not observe.is_running(Home(tmp_path / "nowhere"))
    pretend(home, "kafka", "intake")
    assert not observe.is_running(home)
    pretend(home, "kafka", "intake", observe.ZIPKIN)
    assert observe.is_running(home)
