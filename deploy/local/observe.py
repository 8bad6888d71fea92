"""Traces on this machine (`portolano up --observe`): Zipkin, what stands before it, and how the services find it.

Zipkin runs on the Java that Kafka runs on, on loopback, in memory that is bounded: it keeps the newest spans, and a
restart empties it. The services speak OTLP, and the standard variables say where to; before Zipkin stands an
OpenTelemetry collector where one is installed that can do it, else a small bridge of our own.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from deploy.local import jars, kafka, state
from deploy.local.child import Child, clear_leftover, spawn
from deploy.local.home import CHECKOUT, Home
from deploy.local.parts import Part, Program
from shared.telemetry.names import FIRM

FLAG = "--observe"
ZIPKIN, COLLECTOR = NAMES = ("zipkin", "collector")
CONFIGURATION = CHECKOUT / "deploy" / "observability" / "collector.yaml"
_COLLECTORS = ("otelcol-contrib", "otelcol")
_MOST_SPANS = 60_000
_HEAP = "384m"


def viewing(home: Home) -> tuple[Part, ...]:
    """The parts that take and show traces."""
    return (Zipkin(home), collector(home))


def environment(home: Home) -> dict[str, str]:
    """What a service is told, all of it in OpenTelemetry's own variables."""
    own = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    direct = ",".join(filter(None, (own, "127.0.0.1")))
    return {
        "OTEL_SDK_DISABLED": "false",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{home.port('otlp')}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        # Milliseconds. A person looks for the firm that was sent a moment ago.
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        # The exporter would take the way through a proxy even to this machine.
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def is_among(parts: Iterable[str]) -> bool:
    """Whether a system of parts with these names has the viewer."""
    return ZIPKIN in parts


def is_running(home: Home) -> bool:
    """Whether a system with the viewer runs here now."""
    found = state.read(home) if home.root.is_dir() else None
    return found is not None and is_among(part.name for part in found.parts) and found.supervisor.is_alive()


def viewer(home: Home) -> str:
    """The viewer's address, for a browser on this machine."""
    return f"http://127.0.0.1:{home.port('zipkin')}/zipkin/"


def traces_of(home: Home, firm_id: str, until: datetime | None = None) -> str:
    """The address of the search for a firm's traces: run at once for the day before `until`, else by a click there."""
    asked = {"annotationQuery": f"{FIRM}={firm_id}", "lookback": "1d", "limit": "100"}
    if until is not None:
        asked["endTs"] = str(int(until.timestamp() * 1000))
    return viewer(home) + "?" + urlencode(asked)


class Zipkin(Program):
    """Zipkin from its one jar."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, ZIPKIN, (), ports=(ZIPKIN,), ready_path="/health", environment={}, drain=5.0)

    @property
    def address(self) -> str:
        return viewer(self._home)

    def launch(self) -> Child:
        clear_leftover(self._home, self.name, signal.SIGKILL, patience=5.0)
        self._home.require_free(*self._ports)
        jar = jars.ensure(self._home.cache, jars.ZIPKIN_LOCK) / jars.locked(jars.ZIPKIN_LOCK)[0].name
        door, port = f"http://127.0.0.1:{self._home.port(ZIPKIN)}", self._home.port(ZIPKIN)
        self._child = spawn(
            self._home,
            self.name,
            [
                kafka.java_of_the_wheel(),
                *("-Xms64m", f"-Xmx{_HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                "-XX:+ExitOnOutOfMemoryError",
                *("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"),
                *("-jar", jar),
                # It would listen on all interfaces, and let the pages of any site read what it has.
                *("--armeria.ports[0].address=127.0.0.1", f"--armeria.ports[0].port={port}"),
                "--armeria.ports[0].protocols[0]=http",
                f"--zipkin.query.allowed-origins={door}",
                f"--zipkin.storage.mem.max-spans={_MOST_SPANS}",
                "--zipkin.internal.actuator.enabled=false",
                "--spring.main.banner-mode=off",
            ],
            # Not the caller's: Zipkin would take KAFKA_BOOTSTRAP_SERVERS or ES_HOSTS for its own.
            environment=kafka.java_environment(),
            death_signal=signal.SIGKILL,
            cwd=self._home.run,
        )
        return self._child

    def wait_ready(self, limit: float = 120.0) -> None:
        # 5 s by itself, and several times that where everything starts beside it on two cores.
        super().wait_ready(limit)


class Collector(Program):
    """An OpenTelemetry collector that is installed here."""

    def __init__(self, home: Home, program: Path) -> None:
        super().__init__(
            home,
            COLLECTOR,
            [program, "--config", CONFIGURATION],
            ports=("otlp", "collector_health"),
            ready_path="/",
            environment=addresses(home),
            drain=5.0,
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._home.port('otlp')}"


def collector(home: Home) -> Program:
    """What stands before Zipkin: a collector from the PATH that takes our configuration, else our own bridge."""
    for name in _COLLECTORS:
        found = shutil.which(name)
        if found and _takes(Path(found), addresses(home)):
            return Collector(home, Path(found))
    return Program(
        home,
        COLLECTOR,
        [sys.executable, "-m", "deploy.local.observe_bridge"],
        ports=("otlp",),
        ready_path="/readyz",
        environment={"PORTOLANO_HOME": str(home.root)},
        drain=5.0,
    )


def _takes(program: Path, addresses: Mapping[str, str]) -> bool:
    """Whether this collector has the components that our configuration names; distributions differ in them."""
    command: list[str | Path] = [program, "validate", "--config", CONFIGURATION]
    try:
        done = subprocess.run(
            command, env={**os.environ, **addresses}, stdin=subprocess.DEVNULL, capture_output=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def addresses(home: Home) -> dict[str, str]:
    """What the collector's configuration takes from its environment."""
    return {
        "PORTOLANO_OTLP_ADDRESS": f"127.0.0.1:{home.port('otlp')}",
        "PORTOLANO_ZIPKIN_ADDRESS": f"127.0.0.1:{home.port('zipkin')}",
        "PORTOLANO_COLLECTOR_HEALTH_ADDRESS": f"127.0.0.1:{home.port('collector_health')}",
    }
