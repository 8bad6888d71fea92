"""JSON from strangers means one thing, and its canonical form is that of RFC 8785."""

import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.documents import DEEPEST, Json, _read_anything, _read_plain, canonical, read


def rules(raw: bytes) -> list[tuple[str, str]]:
    return [(problem.rule, problem.pointer) for problem in read(raw).problems]


def test_numbers_are_written_as_ecmascript_writes_them() -> None:
    # The examples of RFC 8785, appendix B, and the borders between its forms.
    given_and_written = {
        "333333333.33333329": "333333333.3333333",
        "1E30": "1e+30",
        "4.50": "4.5",
        "2e-3": "0.002",
        "0.000000000000000000000000001": "1e-27",
        "-0.0": "0",
        "-0": "0",
        "1.0": "1",
        "123456789012345680000": "123456789012345680000",
        "1e21": "1e+21",
        "1e-6": "0.000001",
        "-0.0000012": "-0.0000012",
        "1e-7": "1e-7",
        "9007199254740993": "9007199254740992",
    }
    for text, written in given_and_written.items():
        document = read(text.encode())
        assert document.canonical(document.value) == written.encode(), text


def test_members_are_sorted_by_utf_16_and_text_is_escaped_as_little_as_can_be() -> None:
    document = read('{"\ufb33":1,"\U0001f600":2,"a":"\\u20ac\\u000F\\n\\/","\\r":3}'.encode())
    assert document.canonical(document.value) == '{"\\r":3,"a":"€\\u000f\\n/","\U0001f600":2,"\ufb33":1}'.encode()


_LETTERS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_LETTERS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, st.booleans())
def test_the_fast_way_to_the_canonical_form_and_the_slow_one_agree(value: Json, ascii_only: bool) -> None:
    document = read(json.dumps(value, ensure_ascii=ascii_only).encode())
    if not document.problems:
        written = document.canonical(document.value)
        assert written == canonical(document.value)
        again = read(written)
        assert again.canonical(again.value) == written


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(0, 1e6) | st.sampled_from('a:" é€'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab:é€"), inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES | _PLAIN, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
def test_the_fast_reader_reads_what_the_careful_one_reads_or_nothing(
    value: Json, ascii_only: bool, separators: tuple[str, str]
) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode()
    fast, careful = _read_plain(raw), _read_anything(raw)
    if fast is not None:
        assert (fast.value, fast.problems) == (careful.value, careful.problems)
        assert repr(fast.value) == repr(careful.value), "1 and 1.0 are equal, and are not written alike"
        assert fast.canonical(fast.value) == canonical(careful.value)


def calls(value: Json) -> int:
    """How often a function is entered, or a generator gone on with, until the canonical form stands."""
    entered = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal entered
        entered += event == "call"

    sys.setprofile(count)
    try:
        canonical(value)
    finally:
        sys.setprofile(None)
    return entered


def test_what_lies_deep_is_written_at_the_cost_of_what_lies_flat() -> None:
    flat: list[Json] = [[{"a": "b"}] for _ in range(500)]
    deep: Json = flat
    for _ in range(DEEPEST - 4):
        deep = [deep]
    assert calls(deep) < 1.5 * calls(flat)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a" :2}',
        b'{"a":":","a":2}',
        b'{"a" :1,"a":":"}',
        b'{"b":{"a":1},"b":{}}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":1.0}',
        b'{"a":12345678901234567890}',
        b'{"a":"\xff"}',
        b'{"a":"\\u0000"}',
        b"[" * 300 + b"]" * 300,
        b"",
    ],
)
def test_what_is_uncommon_is_left_to_the_careful_reader(raw: bytes) -> None:
    assert _read_plain(raw) is None


def test_what_partners_write_is_read_the_fast_way() -> None:
    assert _read_plain(b'{"firm":{"name":"Officine","share":0.62,"artisan":true},"at":"2026-11-23T06:30:33Z"}')


@pytest.mark.parametrize(
    ("raw", "rule", "pointer"),
    [
        (b"", "not-json", ""),
        (b"{", "not-json", ""),
        (b"\xff", "not-utf8", ""),
        (b"[" * 300 + b"]" * 300, "json-too-deep", ""),
        (b"[" * 200_000, "json-too-deep", ""),
        (b'{"a":' * DEEPEST + b"[[]]" + b"}" * DEEPEST, "json-too-deep", ""),
        (b'{"a":{"b":1,"b":2}}', "json-duplicate-member", "/a"),
        (b"[NaN]", "not-json", ""),
        (b"[-Infinity]", "not-json", ""),
        (b'{"a":["\\u0000"]}', "text-not-storable", "/a/0"),
        (b'["\\ud800"]', "text-not-storable", "/0"),
        (b'{"\\ud800":1}', "text-not-storable", ""),
        (b"[" + b"9" * 5000 + b"]", "number-out-of-range", "/0"),
        (b"[1e999]", "number-out-of-range", "/0"),
    ],
)
def test_what_means_two_things_or_cannot_be_kept_is_a_problem(raw: bytes, rule: str, pointer: str) -> None:
    assert rules(raw) == [(rule, pointer)]


def test_a_pair_of_surrogates_is_one_letter() -> None:
    assert read(b'"\\ud83d\\ude00"').value == "\U0001f600"


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_make_the_reader_raise(raw: bytes) -> None:
    value = read(raw).value
    assert not isinstance(value, float) or not math.isnan(value)
