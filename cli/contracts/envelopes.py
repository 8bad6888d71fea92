"""The CloudEvents 1.0 attributes around the data, by way: as headers (`ce_<name>`) and as a structured event.

Sources: CloudEvents 1.0.2, its Kafka protocol binding and JSON format; lengths are those of our own reader.
"""

from typing import Any

from cli.contracts.catalogue import Way
from cli.contracts.schemas import DIALECT, Schema, urn

_TEXT: Schema = {"type": "string", "minLength": 1}
_NUMBER = "^[0-9]{20}$"
_TRACEPARENT = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"

_INBOUND: dict[str, Schema] = {
    "specversion": {"description": "The version of CloudEvents.", "type": "string", "const": "1.0"},
    "id": {
        "description": "The event's name, chosen by who sends it: 1 to 64 printable characters. The same id again "
        "with the same content is answered as repeated; an id that was accepted is never used for anything else.",
        **_TEXT,
        "maxLength": 64,
    },
    "source": {
        "description": "Where the event comes from, such as a URN: 1 to 256 printable characters. An id is "
        "one of its source.",
        **_TEXT,
        "maxLength": 256,
    },
    "type": {"description": "The event type with its version.", **_TEXT, "maxLength": 256},
    "time": {
        "description": "When the event was made (RFC 3339). One that cannot be read is ignored, with a warning.",
        "type": "string",
        "format": "date-time",
    },
    "traceparent": {
        "description": "W3C trace context; what follows from the event belongs to the same trace.",
        "type": "string",
        "pattern": _TRACEPARENT,
    },
}
_OURS: dict[str, Schema] = {
    "specversion": _INBOUND["specversion"],
    "id": {"description": "The event's name: the same whenever the same decision is told again.", **_TEXT},
    "source": {
        "description": "The service that says it.",
        "type": "string",
        "pattern": "^urn:portolano:(intake|classifier|referral|notifier)$",
    },
    "type": {"description": "The event type with its version.", **_TEXT},
    "time": {"description": "When it was decided (RFC 3339, UTC).", "type": "string", "format": "date-time"},
    "dataschema": {
        "description": "The `$id` of the schema of the data.",
        "type": "string",
        "pattern": "^urn:portolano:schemas:",
    },
}
_NUMBERED: dict[str, Schema] = {
    "subject": {"description": "The referral or the firm that it is about, where it is known.", **_TEXT},
    "generation": {
        "description": "The feed's generation. Another one than before: begin at its first number.",
        **_TEXT,
    },
    "sequence": {
        "description": "The event's number in its feed, without gaps, 20 digits. Not above the last one: drop it. "
        "A gap: read again from your last number; still there: ask the operator.",
        "type": "string",
        "pattern": _NUMBER,
    },
    "traceparent": _INBOUND["traceparent"],
}
_PLAIN = {"traceparent"}
"""Attributes whose header carries no `ce_`."""


def headers(way: Way, type: str) -> Schema:
    """The headers of an event of this type in binary mode; headers that are not named are ignored."""
    attributes = _INBOUND if way is Way.INBOUND else {**_OURS, **_NUMBERED}
    exact = {"type": {"const": type}} | ({} if way is Way.INBOUND else {"dataschema": {"const": urn(type)}})
    members: dict[str, Schema] = {
        "content-type": {
            "description": "application/json: the value is the data; application/cloudevents+json: the value is the "
            "whole event, and no ce_ header is looked at."
            if way is Way.INBOUND
            else "The value is the data.",
            "type": "string",
            **({} if way is Way.INBOUND else {"const": "application/json"}),
        }
    }
    for name, schema in attributes.items():
        kept = {key: value for key, value in schema.items() if name not in exact or key in ("description", "type")}
        members[name if name in _PLAIN else f"ce_{name}"] = {**kept, **exact.get(name, {})}
    required = ["ce_specversion", "ce_id", "ce_source", "ce_type"]
    if way is not Way.INBOUND:
        required = ["content-type", *required, "ce_time", "ce_dataschema", "ce_generation", "ce_sequence"]
    return {"type": "object", "properties": members, "required": required}


def structured(way: Way) -> Schema:
    """The event as one JSON object: what partners may write, and what travels between our own services."""
    inbound = way is Way.INBOUND
    attributes: dict[str, Any] = dict(_INBOUND if inbound else _OURS)
    attributes["datacontenttype"] = {
        "description": "The data is JSON.",
        "type": "string",
        **({"pattern": "json"} if inbound else {"const": "application/json"}),
    }
    if not inbound:
        attributes["partitionkey"] = {"description": "The firm: what it is about and travels by.", "type": "string"}
    attributes["data"] = {"description": "What the event says, by the schema of its type.", "type": "object"}
    required = ["specversion", "id", "source", "type", "data"] + ([] if inbound else ["time", "partitionkey"])
    return {
        "$schema": DIALECT,
        "$id": urn(f"envelope.{way}.v1"),
        "title": "Envelope of what partners write" if inbound else "Envelope between our own services",
        "description": "A CloudEvent in structured mode (content-type application/cloudevents+json). In binary mode "
        "each attribute is a header ce_<name>, traceparent without ce_, and the value is the data. A record's value "
        "holds at most 256 KiB, a list at most 64 items."
        if inbound
        else "A CloudEvent in structured mode; ce_sequence, ce_generation and traceparent travel as headers.",
        "type": "object",
        "properties": attributes,
        "required": required,
    }


def binary() -> Schema:
    """The headers of what partners read."""
    described = headers(Way.OUTBOUND, "")
    members = described["properties"]
    members["ce_type"] = {"description": _OURS["type"]["description"], **_TEXT}
    members["ce_dataschema"] = dict(_OURS["dataschema"])
    return {
        "$schema": DIALECT,
        "$id": urn("envelope.outbound.v1"),
        "title": "Envelope of what partners read",
        "description": "The headers of a record, a CloudEvent in binary mode. Delivery is at least once, numbers are "
        "without gaps.",
        **described,
    }
