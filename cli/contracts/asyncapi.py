"""The AsyncAPI 3.0 document for partners: their four topics, seen from their side, with everything that is said there.

Built from the catalogue (and so from the subscription tables) and from the schemas; FastStream's own document would be
wrong for us. It is one file that refers to nothing outside itself. The examples are golden events.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.contracts import envelopes
from cli.contracts.catalogue import FIRMS, UPDATES, Published, Way
from cli.contracts.schemas import urn
from deploy.kafka.desired import MAX_BATCH_BYTES

Schema = dict[str, Any]

RECEIPTS = "partners.{partner}.receipts.v1"
REFERRALS = "partners.{partner}.referrals.v1"
_DAY_MS = 24 * 3_600_000

INFO = """\
How a partner of the agreement tells Portolano of firms, answers referrals, and is told.

**Envelope.** CloudEvents 1.0 over Kafka. What we write is in binary mode; we read binary and structured mode, decided
by `content-type` alone; messages are described in binary mode, structured mode by `schemas/envelope.inbound.v1.json`. A
record holds at most 256 KiB, a list at most 64 items. The record key is free and never read:
do not put anything personal into it.

**Writing.** Each inbound topic has one partition: the order is yours. Only `acks=all` means that we have a record.
Every record gets exactly one final answer (`held` may precede it). No answer yet: wait, or send the same id again; the
same content is answered as repeated, other content under an accepted id is refused, a refused id is not used up.

**Reading.** Delivery is at least once, numbers (`ce_sequence`) are without gaps within a generation. Same generation,
number not above the last one: drop it. A gap: read again from your last number; still there: ask the operator. New
generation: begin at its first number. Ignore members and headers that you do not know: within a version, optional
ones are added.

**Who you are** is the topic, never the payload: user `<code>` or `<code>.b`, consumer groups named `<code>.…`, no
transactional id."""

_CHANNELS = {
    FIRMS: ("firms", "What the partner tells of firms."),
    UPDATES: ("updates", "How the partner answers referrals."),
    RECEIPTS: ("receipts", "One final answer to each record on the firms topic, written by intake alone."),
    REFERRALS: ("referrals", "What the partner is asked to do, and the answer to each record on the updates topic."),
}
_OPERATIONS = {
    FIRMS: ("tellOfFirms", "send", "Tell of firms, consents and their ends."),
    UPDATES: ("answerReferrals", "send", "Say how far the work on a referral has come."),
    RECEIPTS: ("readReceipts", "receive", "Read the answer to each record on the firms topic."),
    REFERRALS: ("readReferrals", "receive", "Read referrals, their end, and the answers to updates."),
}
_ANSWERS = {
    FIRMS: (RECEIPTS, "it.portolano.submission."),
    UPDATES: (REFERRALS, "it.portolano.referral.update-"),
}
"""Where each record that a partner writes is answered, and how the types of the answers begin."""


def document(
    catalogue: Sequence[Published],
    schemas: Mapping[str, Schema],
    examples: Mapping[str, Sequence[Schema]],
    *,
    partners: Sequence[str],
    retention_days: int,
) -> Schema:
    """The document. `schemas` and `examples` (golden events) are by type; events of our own services are left out."""
    events = [event for event in catalogue if event.way is not Way.INTERNAL]
    operations = {}
    for topic, (name, action, summary) in _OPERATIONS.items():
        operations[name] = _operation(topic, action, summary, events)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:portolano:partners",
        "info": {
            "title": "Portolano for partners",
            "version": "1.0.0",
            "description": INFO,
            "license": {"name": "EUPL-1.2", "url": "https://interoperable-europe.ec.europa.eu/collection/eupl"},
        },
        "defaultContentType": "application/json",
        "servers": {"partners": _server()},
        "channels": {
            name: _channel(topic, name, summary, events, partners, retention_days)
            for topic, (name, summary) in _CHANNELS.items()
        },
        "operations": operations,
        "components": {
            "securitySchemes": {
                "scram": {
                    "type": "scramSha512",
                    "description": "User is the partner's code (or `<code>.b`); `portolano partner config` gives "
                    "the settings.",
                }
            },
            "messages": {_key(event): _message(event, examples.get(event.type, ())) for event in events},
            "schemas": _components(events, schemas),
        },
    }


def _server() -> Schema:
    return {
        "host": "{host}:{port}",
        "protocol": "kafka-secure",
        "description": "SASL_SSL with SCRAM-SHA-512; the broker's certificate is checked.",
        "variables": {
            "host": {"description": "The broker's name, as `portolano partner config` tells it."},
            "port": {"description": "The port of the partners' listener."},
        },
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    }


def _channel(
    topic: str, name: str, summary: str, events: Sequence[Published], partners: Sequence[str], retention_days: int
) -> Schema:
    return {
        "address": topic,
        "title": name.capitalize(),
        "summary": summary,
        "messages": {
            _key(event): {"$ref": f"#/components/messages/{_key(event)}"} for event in events if event.topic == topic
        },
        "parameters": {"partner": {"description": "The partner's code.", "examples": list(partners)}},
        "servers": [{"$ref": "#/servers/partners"}],
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": 1,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": retention_days * _DAY_MS,
                    "max.message.bytes": MAX_BATCH_BYTES,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(topic: str, action: str, summary: str, events: Sequence[Published]) -> Schema:
    operation: Schema = {
        "action": action,
        "channel": {"$ref": f"#/channels/{_CHANNELS[topic][0]}"},
        "summary": summary,
        "messages": _listed(topic, [event for event in events if event.topic == topic]),
    }
    if topic in _ANSWERS:
        place, begin = _ANSWERS[topic]
        answers = [event for event in events if event.topic == place and event.type.startswith(begin)]
        operation["reply"] = {
            "channel": {"$ref": f"#/channels/{_CHANNELS[place][0]}"},
            "messages": _listed(place, answers),
        }
    else:
        group = {"type": "string", "pattern": "^[a-z][a-z0-9]{1,31}\\.", "description": "Begins with `<code>.`"}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": "0.5.0"}}
    return operation


def _listed(topic: str, events: Sequence[Published]) -> list[Schema]:
    return [{"$ref": f"#/channels/{_CHANNELS[topic][0]}/messages/{_key(event)}"} for event in events]


def _message(event: Published, examples: Sequence[Schema]) -> Schema:
    inbound = event.way is Way.INBOUND
    key = {"type": "string", "description": "Free and never read." if inbound else "The subject, where there is one."}
    message: Schema = {
        "name": event.type,
        "title": event.title,
        "summary": event.description,
        "contentType": "application/json",
        "headers": _plain(envelopes.headers(event.way, event.type), event),
        "payload": {"$ref": f"#/components/schemas/{_key(event)}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }
    if examples:
        message["examples"] = [
            {"name": one["name"], "headers": one["headers"], "payload": one["value"]} for one in examples
        ]
    return message


def _components(events: Sequence[Published], schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Every schema under one roof: a definition that two events share stands once, by way, since what partners write
    and what they read are described by different rules."""
    roof: dict[str, Schema] = {}
    for event in events:
        schema = schemas[event.type]
        parts = {f"{event.way}.{name}": _plain(part, event) for name, part in schema.get("$defs", {}).items()}
        parts[_key(event)] = _plain({k: v for k, v in schema.items() if k != "$defs"}, event)
        for name, part in parts.items():
            if roof.setdefault(name, part) != part:
                raise ValueError(f"{name} is described in two ways: give one of the two classes another name")
    return dict(sorted(roof.items()))


def _plain(node: Any, event: Published) -> Any:
    """The schema as a part of this document: references to its roof, and no base of its own."""
    if isinstance(node, dict):
        plain = {k: _plain(v, event) for k, v in node.items() if k not in ("$schema", "$id")}
        if isinstance(plain.get("$ref"), str):
            plain["$ref"] = plain["$ref"].replace("#/$defs/", f"#/components/schemas/{event.way}.")
        if node.get("$id") == urn(event.type):
            plain["x-schema"] = node["$id"]
        return plain
    return [_plain(item, event) for item in node] if isinstance(node, list) else node


def _key(event: Published) -> str:
    """`firm.submitted.v1`: the type without what all have in common."""
    return event.type.removeprefix("it.portolano.")
