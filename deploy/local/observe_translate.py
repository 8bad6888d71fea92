"""What OTLP says, in Zipkin's words (its JSON, version 2). Pure.

Zipkin has no links and no status: they become tags, links in the form that OpenTelemetry's collector gives them
(`otlp.link.N = trace|span|state|{attributes}|dropped`), so that it does not matter which of the two stands before it.
A span about a topic gets the topic as its remote endpoint: Zipkin draws its graph of dependencies from those.
"""

import base64
from collections.abc import Iterable

import msgspec
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf brings no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

_KINDS = {
    Span.SPAN_KIND_CLIENT: "CLIENT",
    Span.SPAN_KIND_SERVER: "SERVER",
    Span.SPAN_KIND_PRODUCER: "PRODUCER",
    Span.SPAN_KIND_CONSUMER: "CONSUMER",
}
_NOISE = "telemetry.sdk."
"""Resource attributes that are the same for every span of every service."""


class NotOtlp(ValueError):
    """The body is no OTLP export request."""


def zipkin_spans(body: bytes) -> list[dict[str, object]]:
    """The spans of one OTLP export request (protobuf) as Zipkin's JSON objects; spans without valid ids are left out,
    since Zipkin refuses the whole of a list that holds one.
    """
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise NotOtlp(str(error)) from error
    found = []
    for of_resource in request.resource_spans:
        resource = _tags(of_resource.resource.attributes)
        service = resource.pop("service.name", "unknown")
        common = {key: value for key, value in resource.items() if not key.startswith(_NOISE)}
        for of_scope in of_resource.scope_spans:
            found += [_span(span, service, common) for span in of_scope.spans if _is_valid(span)]
    return found


def _is_valid(span: Span) -> bool:
    return len(span.trace_id) == 16 and any(span.trace_id) and len(span.span_id) == 8 and any(span.span_id)


def _span(span: Span, service: str, common: dict[str, str]) -> dict[str, object]:
    tags = common | _tags(span.attributes)
    kind = _KINDS.get(span.kind)
    made: dict[str, object] = {
        "traceId": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "name": span.name,
        "timestamp": span.start_time_unix_nano // 1000,
        # Zipkin takes a duration of 0 for one that is not known.
        "duration": max(1, (span.end_time_unix_nano - span.start_time_unix_nano) // 1000),
        "localEndpoint": {"serviceName": service},
    }
    if any(span.parent_span_id):
        made["parentId"] = span.parent_span_id.hex()
    if kind is not None:
        made["kind"] = kind
        peer = _peer(kind, tags)
        if peer:
            made["remoteEndpoint"] = {"serviceName": peer}
    if span.events:
        made["annotations"] = [
            {"timestamp": event.time_unix_nano // 1000, "value": _event(event)} for event in span.events
        ]
    if span.trace_state:
        tags["w3c.tracestate"] = span.trace_state
    tags.pop("error", None)
    made["tags"] = tags | _status(span) | _links(span.links)
    return made


def _peer(kind: str, tags: dict[str, str]) -> str:
    """Who is at the other end: a topic, or a server that is called; empty where nobody is named."""
    if "peer.service" in tags:
        return tags.pop("peer.service")
    topic = tags.get("messaging.destination.name", "")
    if topic and kind != "SERVER":
        return f"topic:{topic}"
    return tags.get("server.address", "") if kind == "CLIENT" else ""


def _status(span: Span) -> dict[str, str]:
    """Zipkin shows as failed what has a tag `error`, whatever it says; an attribute of that name is no status."""
    match span.status.code:
        case Status.STATUS_CODE_ERROR:
            raised = next((_tags(event.attributes) for event in span.events if event.name == "exception"), {})
            return {"otel.status_code": "ERROR", "error": span.status.message or raised.get("exception.type", "true")}
        case Status.STATUS_CODE_OK:
            return {"otel.status_code": "OK"}
        case _:
            return {}


def _links(links: Iterable[Span.Link]) -> dict[str, str]:
    return {
        f"otlp.link.{number}": "|".join(
            (
                link.trace_id.hex(),
                link.span_id.hex(),
                link.trace_state,
                _json({pair.key: _value(pair.value) for pair in link.attributes}),
                str(link.dropped_attributes_count),
            )
        )
        for number, link in enumerate(links)
    }


def _event(event: Span.Event) -> str:
    if not event.attributes:
        return str(event.name)
    return f"{event.name}|{_json({pair.key: _value(pair.value) for pair in event.attributes})}"


def _tags(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: _text(pair.value) for pair in attributes}


def _text(value: AnyValue) -> str:
    plain = _value(value)
    return plain if isinstance(plain, str) else _json(plain)


def _value(value: AnyValue) -> object:
    match value.WhichOneof("value"):
        case "string_value":
            return str(value.string_value)
        case "bool_value":
            return bool(value.bool_value)
        case "int_value":
            return int(value.int_value)
        case "double_value":
            return float(value.double_value)
        case "array_value":
            return [_value(one) for one in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _value(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case _:
            return ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
