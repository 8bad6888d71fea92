"""Whatever lies at the door is an envelope, or it is told what is wrong with it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import LARGEST, MOST_HEADERS, Broken, Envelope, Headers, read_envelope
from shared.contracts.rules import RULES
from shared.testing.builders import headers

STRUCTURED: Headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def event(**attributes: Any) -> bytes:
    plain = {"specversion": "1.0", "id": "e-1", "source": "urn:cna:crm", "type": "t", "data": {"a": 1}}
    return json.dumps(plain | attributes).encode()


def holds(read: Envelope | Broken) -> Envelope:
    assert isinstance(read, Envelope), read
    return read


def rules(read: Envelope | Broken) -> list[str]:
    assert isinstance(read, Broken), read
    return [problem.rule for problem in read.problems]


def test_both_modes_say_the_same() -> None:
    binary = holds(read_envelope(b'{"a": 1}', headers("t")))
    structured = holds(read_envelope(event(), STRUCTURED))
    assert binary == structured
    assert (binary.id, binary.source, binary.type, binary.data) == ("e-1", "urn:cna:crm", "t", {"a": 1})


def test_content_type_alone_decides_the_mode() -> None:
    contradicting = [*STRUCTURED, ("ce_id", b"other"), ("ce_type", b"other")]
    assert holds(read_envelope(event(), contradicting)).id == "e-1"
    assert rules(read_envelope(event(), [("content-type", b"application/json")])) == [
        "specversion-not-served",
        "id-invalid",
        "source-invalid",
        "type-invalid",
    ]


def test_the_same_content_in_other_words_has_the_same_hash_and_another_type_another() -> None:
    first = holds(read_envelope(b'{"a": 1.0, "b": [true]}', headers("t")))
    second = holds(read_envelope(b'{"b":[true],"\\u0061":1}', headers("t", id="e-2")))
    other = holds(read_envelope(b'{"a": 1.0, "b": [true]}', headers("u")))
    assert first.content_hash == second.content_hash != other.content_hash


def test_a_broken_envelope_is_still_answered_by_its_id() -> None:
    read = read_envelope(b"no json", headers("t"))
    assert isinstance(read, Broken)
    assert (read.id, rules(read)) == ("e-1", ["not-json"])


def with_header(name: str, value: bytes | None, *, twice: bool = False) -> Headers:
    kept = [header for header in headers("t") if twice or header[0] != name]
    return [*kept, (name, value)]


@pytest.mark.parametrize(
    ("value", "with_headers", "rule"),
    [
        (None, headers("t"), "no-value"),
        (b"[]", headers("t"), "wrong-type"),
        (b"{}", with_header("ce_specversion", b"0.3"), "specversion-not-served"),
        (b"{}", with_header("ce_id", b"x" * 65), "id-invalid"),
        (b"{}", with_header("ce_id", b"a\nb"), "id-invalid"),
        (b"{}", with_header("ce_id", b""), "id-invalid"),
        (b"{}", with_header("ce_type", b""), "type-invalid"),
        (b"{}", with_header("content-type", b"text/plain"), "content-type-not-served"),
        (b"{}", with_header("content-type", b"application/cloudevents-batch+json"), "content-type-not-served"),
        (b"{}", with_header("content-type", b"text/plain", twice=True), "header-repeated"),
        (b'{"a":"' + b"x" * LARGEST + b'"}', headers("t"), "record-too-large"),
        (b"{}", [*headers("t"), *[("x", None)] * MOST_HEADERS], "too-many-headers"),
        (event(data_base64="AA=="), STRUCTURED, "envelope-broken"),
        (event(id=5), STRUCTURED, "id-invalid"),
        (event(datacontenttype="text/xml"), STRUCTURED, "content-type-not-served"),
        (b"[]", STRUCTURED, "envelope-broken"),
        (b"", STRUCTURED, "not-json"),
        (None, STRUCTURED, "no-value"),
    ],
)
def test_it_is_refused_with_one_rule(value: bytes | None, with_headers: Headers, rule: str) -> None:
    assert rules(read_envelope(value, with_headers)) == [rule]


def test_a_null_a_repeated_and_an_unreadable_header_are_named() -> None:
    assert "header-not-text" in rules(read_envelope(b"{}", with_header("ce_id", None)))
    assert "header-not-text" in rules(read_envelope(b"{}", with_header("ce_source", b"\xff")))
    assert "header-repeated" in rules(read_envelope(b"{}", with_header("ce_id", b"e-2", twice=True)))


def test_headers_that_are_not_of_the_envelope_do_no_harm() -> None:
    odd: Headers = [*headers("t"), ("reply_to", b"intake.firms.v1"), ("x", None), ("y", b"\xff"), ("ce_ext", b"\xff")]
    assert holds(read_envelope(b"{}", odd)).type == "t"


def test_a_time_that_is_none_is_a_warning_and_traceparent_is_taken_where_it_is_one() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    read = holds(read_envelope(b"{}", [*headers("t"), ("ce_time", b"yesterday"), ("traceparent", parent.encode())]))
    assert (read.time, read.traceparent) == (None, parent)
    assert [problem.rule for problem in read.warnings] == ["time-invalid"]


_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_specversion", "ce_time", "content-type", "traceparent"]),
        st.none() | st.binary(max_size=20) | st.sampled_from([b"1.0", b"application/cloudevents+json"]),
    ),
    max_size=9,
)


@given(st.none() | st.binary(max_size=60) | st.just(event()), _HEADERS)
def test_nothing_makes_the_door_raise_and_every_problem_has_a_published_rule(
    value: bytes | None, with_headers: Headers
) -> None:
    read = read_envelope(value, with_headers)
    if isinstance(read, Broken):
        assert read.problems
        assert {problem.rule for problem in read.problems} <= RULES.keys()
