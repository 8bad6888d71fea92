"""The answers that partners were given, as their own clients read them: nothing of the project is used."""

import json
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from shared.agreement import load
from tests.e2e.system import System

Place = tuple[str, int]
"""A partner's topic, and an offset there."""
FINAL = {
    "receipts": (b"it.portolano.submission.accepted.v1", b"it.portolano.submission.refused.v1"),
    "referrals": (b"it.portolano.referral.update-recorded.v1", b"it.portolano.referral.update-refused.v1"),
}


def answers(system: System) -> dict[Place, list[dict[str, Any]]]:
    """Every final answer on all partners' topics, each number once, by what it answers. Topics are whole when asked."""
    settings: dict[str, Any] = {**system.home.kafka_admin(), "group.id": "answers", "enable.auto.commit": False}
    consumer = Consumer({**settings, "auto.offset.reset": "error", "log_level": 0})
    found: dict[Place, list[dict[str, Any]]] = {}
    try:
        ends: dict[str, int] = {}
        for code in load().partners:
            for topic in FINAL:
                name = f"{system.prefix}partners.{code}.{topic}.v1"
                _, end = consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=20)
                if end:
                    ends[name] = end
        consumer.assign([TopicPartition(name, 0, 0) for name in ends])
        last = dict.fromkeys(ends, 0)
        while ends:
            messages = consumer.consume(5000, timeout=20.0)
            assert messages, f"nothing more is read of {sorted(ends)}"
            for message in messages:
                assert message.error() is None, message.error()
                name, headers = str(message.topic()), dict(message.headers() or [])
                number = int(headers["ce_sequence"] or 0)
                if number > last[name]:
                    last[name] = number
                    if headers["ce_type"] in FINAL[name.split(".")[-2]]:
                        told = json.loads(message.value() or b"")
                        position = told["position"]
                        found.setdefault((position["topic"], position["offset"]), []).append(told)
                if name in ends and (message.offset() or 0) >= ends[name] - 1:
                    del ends[name]
        return found
    finally:
        consumer.close()
