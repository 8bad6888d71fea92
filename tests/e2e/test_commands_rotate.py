"""A partner's password is changed while its clients go on: nobody notices but whoever still has the old one."""

import asyncio
import json
import threading
from typing import Any

from confluent_kafka import KafkaException, Producer

from deploy.local.home import Home
from tests.e2e.firms import submission
from tests.e2e.partner import Partner
from tests.e2e.system import System
from tests.e2e.test_commands import Done, portolano

CODE = "confcommercio"


class Publishing:
    """A client that sends a firm every 100 ms, from a thread of its own, until it is told to stop."""

    def __init__(self, home: Home, first: int) -> None:
        self.partner = Partner(home, CODE)
        self.sent: list[str] = []
        self._next, self._stop = first, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.sent.append(self.partner.submit(submission(self._next)))
            self._next += 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self.partner.flush()


def rotate(home: Home, *more: str) -> Done:
    return portolano(home, f"partner rotate {CODE} {' '.join(more)}")


def settings(done: Done) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def is_let_in(given: dict[str, str]) -> bool:
    """Whether a client that starts now gets through with these settings."""
    told: dict[str, Any] = {**given, "log_level": 0, "error_cb": lambda _: None}
    try:
        Producer(told).list_topics(timeout=5)
    except KafkaException:
        return False
    return True


async def test_a_password_is_changed_while_a_client_keeps_publishing(system: System) -> None:
    home = system.home
    old = settings(await asyncio.to_thread(portolano, home, f"partner config {CODE} --format librdkafka"))
    client = Publishing(home, 9_600)
    try:
        done = await asyncio.to_thread(rotate, home, "--format", "librdkafka")
        new = settings(done)
        assert (old["sasl.username"], new["sasl.username"]) == (CODE, f"{CODE}.b")
        assert f"portolano partner rotate {CODE} --finish" in done.stderr
        assert await asyncio.to_thread(is_let_in, old)
        assert await asyncio.to_thread(is_let_in, new)
        again = settings(await asyncio.to_thread(rotate, home, "--format", "librdkafka"))
        assert again == new, "given again it changes nothing: the settings are out"
        config = settings(await asyncio.to_thread(portolano, home, f"partner config {CODE} --format librdkafka"))
        assert config == new
        published = await asyncio.to_thread(
            portolano, home, f"publish --partner {CODE} - --json", stdin=json.dumps(submission(9_599))
        )
        assert published.returncode == 0, published.stderr
        finished = await asyncio.to_thread(rotate, home, "--finish", "--json")
        assert json.loads(finished.stdout) == {"current": f"{CODE}.b", "gone": CODE}
        assert not await asyncio.to_thread(is_let_in, old)
        assert await asyncio.to_thread(is_let_in, new)
        twice = await asyncio.to_thread(rotate, home, "--finish")
        assert (twice.returncode, twice.stdout) == (0, "")
        assert "nothing to finish" in twice.stderr
        await asyncio.sleep(0.2)
    finally:
        client.stop()
    assert not client.partner.failures
    answered: set[str] = set()

    def all_answered(partner: Partner) -> bool:
        answered.update(data["submission_id"] for data in partner.of("submission.accepted.v1"))
        return set(client.sent) <= answered

    await asyncio.to_thread(fresh_reader(home).read, all_answered)
    assert len(client.sent) > 10


def fresh_reader(home: Home) -> Partner:
    """A client that signs in with what `partner config` says now."""
    return Partner(home, CODE)


async def test_the_way_back_leaves_one_user_and_nothing_to_provision(system: System) -> None:
    home = system.home
    back = settings(await asyncio.to_thread(rotate, home, "--format", "librdkafka"))
    second = home.kafka_client(f"{CODE}.b")["sasl_plain_password"]
    assert back["sasl.username"] == CODE
    finished = await asyncio.to_thread(rotate, home, "--finish", "--json")
    assert json.loads(finished.stdout) == {"current": CODE, "gone": f"{CODE}.b"}
    assert await asyncio.to_thread(is_let_in, back)
    assert not await asyncio.to_thread(is_let_in, {**back, "sasl.username": f"{CODE}.b", "sasl.password": second})
    assert not (home.secrets / "partners" / f"{CODE}.b").exists()
    planned = await asyncio.to_thread(portolano, home, "provision --plan")
    assert (planned.returncode, planned.stdout) == (0, ""), planned.stdout
