"""A partner as an outsider would write one: confluent-kafka and what `portolano partner config` prints."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from deploy.local.home import CHECKOUT, Home


class Partner:
    """Publishes to its inbound topics and reads its outbound ones; collects what it was told."""

    def __init__(self, home: Home, code: str, prefix: str = "") -> None:
        self.code = code
        self.prefix = prefix
        self.settings = _settings(home, code)
        self.producer = Producer({**self.settings, "acks": "all", "enable.idempotence": True, "linger.ms": 5})
        self.failures: list[KafkaError] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._reader: Consumer | None = None

    def publish(self, kind: str, data: dict[str, Any], *, topic: str = "firms", event_id: str | None = None) -> str:
        """Hand over one event; `flush` waits for the broker."""
        event_id = event_id or str(uuid.uuid4())
        self.producer.produce(
            f"{self.prefix}partners.{self.code}.{topic}.v1",
            key=event_id,
            value=json.dumps(data).encode(),
            headers={
                "content-type": "application/json",
                "ce_specversion": "1.0",
                "ce_id": event_id,
                "ce_source": f"urn:partner:{self.code}",
                "ce_type": kind,
            },
            on_delivery=lambda error, _: self.failures.append(error) if error else None,
        )
        self.producer.poll(0)
        return event_id

    def submit(self, data: dict[str, Any], event_id: str | None = None) -> str:
        return self.publish("it.portolano.firm.submitted.v1", data, event_id=event_id)

    def answer(self, referral_id: str, status: str, at: str, **more: Any) -> str:
        data = {"referral_id": referral_id, "status": status, "at": at, **more}
        return self.publish("it.portolano.referral.updated.v1", data, topic="updates")

    def flush(self, limit: float = 30.0) -> None:
        assert self.producer.flush(limit) == 0, "the broker did not acknowledge in time"
        assert not self.failures, self.failures

    def read(self, enough: Callable[["Partner"], bool], limit: float = 30.0) -> None:
        """Read receipts and referrals from where we are until `enough`; `AssertionError` when the limit has passed."""
        if self._reader is None:
            self._reader = Consumer({**self.settings, "group.id": f"{self.code}.tests", "enable.auto.commit": False})
            names = [f"{self.prefix}partners.{self.code}.{topic}.v1" for topic in ("receipts", "referrals")]
            self._reader.assign([TopicPartition(name, 0, 0) for name in names])
        end = time.monotonic() + limit
        while not enough(self):
            assert time.monotonic() < end, f"{self.code} was told {len(self.told)} things, not enough of them"
            for message in self._reader.consume(500, timeout=0.2):
                assert message.error() is None, message.error()
                headers = dict(message.headers() or [])
                self.told.append((str(headers["ce_type"], "ascii"), json.loads(message.value() or b"")))  # type: ignore[arg-type]

    def of(self, ending: str) -> list[dict[str, Any]]:
        """Data of the events whose type ends so, e.g. `referral.requested.v1`."""
        return [data for kind, data in self.told if kind.endswith(ending)]

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def _settings(home: Home, code: str) -> dict[str, Any]:
    output = subprocess.run(
        [sys.executable, "-m", "cli.main", "partner", "config", code, "--format", "librdkafka"],
        env={"PORTOLANO_HOME": str(home.root), "PATH": "/usr/bin:/bin"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line.split("=", 1) for line in output.splitlines() if line and not line.startswith("#")]
    return {name: value.replace("\\n", "\n") for name, value in lines}
