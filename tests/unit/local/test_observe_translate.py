"""What Zipkin is told of a span: everything that a person looks for there."""

from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from deploy.local.observe_translate import NotOtlp, zipkin_spans

TRACE, OTHER_TRACE = bytes(range(1, 17)), bytes(range(101, 117))
OWN, PARENT, OTHER = bytes(range(1, 9)), bytes(range(11, 19)), bytes(range(21, 29))


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def span(**members: Any) -> Span:
    told: dict[str, Any] = {
        "trace_id": TRACE,
        "span_id": OWN,
        "name": "process firm.submitted.v1",
        "start_time_unix_nano": 1_700_000_000_123_456_789,
        "end_time_unix_nano": 1_700_000_000_125_456_789,
        **members,
    }
    return Span(**told)


def translated(*spans: Span) -> list[dict[str, object]]:
    resource = Resource(attributes=[text("service.name", "intake"), text("telemetry.sdk.name", "opentelemetry")])
    scopes = [ScopeSpans(spans=spans)]
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=scopes)])
    return zipkin_spans(request.SerializeToString())


def tags_of(one: Span) -> dict[str, str]:
    (found,) = translated(one)
    tags = found["tags"]
    assert isinstance(tags, dict)
    return tags


def test_a_span_keeps_its_ids_its_times_in_microseconds_and_its_service() -> None:
    assert translated(span(parent_span_id=PARENT)) == [
        {
            "traceId": TRACE.hex(),
            "id": OWN.hex(),
            "parentId": PARENT.hex(),
            "name": "process firm.submitted.v1",
            "timestamp": 1_700_000_000_123_456,
            "duration": 2_000,
            "localEndpoint": {"serviceName": "intake"},
            "tags": {},
        }
    ]


def test_a_root_has_no_parent_and_a_span_of_no_length_a_duration_that_is_shown() -> None:
    (found,) = translated(span(end_time_unix_nano=1_700_000_000_123_456_789))
    assert "parentId" not in found
    assert found["duration"] == 1


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Span.SPAN_KIND_PRODUCER, "PRODUCER"),
        (Span.SPAN_KIND_CONSUMER, "CONSUMER"),
        (Span.SPAN_KIND_CLIENT, "CLIENT"),
    ],
)
def test_a_span_about_a_topic_has_the_topic_at_its_other_end(kind: Span.SpanKind, told: str) -> None:
    (found,) = translated(span(kind=kind, attributes=[text("messaging.destination.name", "intake.firms.v1")]))
    assert found["kind"] == told
    assert found["remoteEndpoint"] == {"serviceName": "topic:intake.firms.v1"}
    assert found["tags"] == {"messaging.destination.name": "intake.firms.v1"}


def test_a_named_peer_goes_before_the_topic_and_a_server_that_is_called_is_one() -> None:
    named = [text("messaging.destination.name", "x"), text("peer.service", "somebody")]
    (first,) = translated(span(kind=Span.SPAN_KIND_PRODUCER, attributes=named))
    (second,) = translated(span(kind=Span.SPAN_KIND_CLIENT, attributes=[text("server.address", "mail.example")]))
    assert (first["remoteEndpoint"], second["remoteEndpoint"]) == (
        {"serviceName": "somebody"},
        {"serviceName": "mail.example"},
    )


def test_a_span_inside_a_service_has_neither_kind_nor_other_end() -> None:
    inside = [text("messaging.destination.name", "intake.firms.v1")]
    (found,) = translated(span(kind=Span.SPAN_KIND_INTERNAL, attributes=inside))
    assert not {"kind", "remoteEndpoint"} & set(found)


def test_links_become_tags_that_name_trace_span_and_what_they_join() -> None:
    link = Span.Link(trace_id=OTHER_TRACE, span_id=OTHER, attributes=[text("portolano.joins", "batch")])
    tags = tags_of(span(links=[link, Span.Link(trace_id=TRACE, span_id=PARENT)]))
    assert tags == {
        "otlp.link.0": f'{OTHER_TRACE.hex()}|{OTHER.hex()}||{{"portolano.joins":"batch"}}|0',
        "otlp.link.1": f"{TRACE.hex()}|{PARENT.hex()}||{{}}|0",
    }


def test_values_of_every_kind_become_text_that_can_be_searched_for() -> None:
    values = [
        KeyValue(key="yes", value=AnyValue(bool_value=True)),
        KeyValue(key="number", value=AnyValue(int_value=42)),
        KeyValue(key="share", value=AnyValue(double_value=0.5)),
        KeyValue(key="list", value=AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="a"), AnyValue()]))),
    ]
    assert tags_of(span(attributes=values)) == {"yes": "true", "number": "42", "share": "0.5", "list": '["a",""]'}


def test_a_failed_span_says_so_with_its_reason_and_no_other_span_does() -> None:
    failed = Status(code=Status.STATUS_CODE_ERROR, message="the server refused")
    raised = Span.Event(name="exception", attributes=[text("exception.type", "OSError")])
    silent = Status(code=Status.STATUS_CODE_ERROR)
    assert tags_of(span(status=failed)) == {"otel.status_code": "ERROR", "error": "the server refused"}
    assert tags_of(span(status=silent, events=[raised]))["error"] == "OSError"
    assert tags_of(span(status=silent))["error"] == "true"
    assert tags_of(span(status=Status(code=Status.STATUS_CODE_OK))) == {"otel.status_code": "OK"}
    assert tags_of(span(attributes=[text("error", "false")])) == {}


def test_events_are_annotations_with_their_attributes() -> None:
    retry = Span.Event(
        name="retry", time_unix_nano=1_700_000_000_124_000_000, attributes=[text("error.type", "timeout")]
    )
    (found,) = translated(span(events=[retry]))
    assert found["annotations"] == [{"timestamp": 1_700_000_000_124_000, "value": 'retry|{"error.type":"timeout"}'}]


def test_a_span_without_valid_ids_is_left_out_and_the_others_stay() -> None:
    bad = [span(trace_id=b""), span(trace_id=bytes(16)), span(span_id=bytes(8)), span(span_id=b"1")]
    assert [found["id"] for found in translated(*bad, span())] == [OWN.hex()]


def test_what_is_no_otlp_is_refused() -> None:
    with pytest.raises(NotOtlp):
        zipkin_spans(b"\xff\xff not protobuf")
