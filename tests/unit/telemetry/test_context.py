"""A trace context is read by the W3C's rules, and one that is made follows from its cause."""

import pytest

from shared.telemetry.context import read, span_id_of, trace_id_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_what_is_read_is_written_the_same() -> None:
    assert str(read(f"00-{TRACE}-{SPAN}-01")) == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "none",
    [
        None,
        "",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_the_w3c_calls_none_is_none(none: str | None) -> None:
    assert read(none) is None


def test_the_sampled_flag_is_the_last_bit() -> None:
    said = [read(f"00-{TRACE}-{SPAN}-{flags}") for flags in ("00", "01", "02", "03")]
    assert [context is not None and context.sampled for context in said] == [False, True, False, True]


def test_deciding_again_gives_the_same_trace_and_span_and_each_service_a_span_of_its_own() -> None:
    assert trace_id_of("topic/0/1") == trace_id_of("topic/0/1") != trace_id_of("topic/0/2")
    assert span_id_of("intake", "c") == span_id_of("intake", "c") != span_id_of("classifier", "c")
    assert 0 < trace_id_of("c") < 1 << 128
    assert 0 < span_id_of("intake", "c") < 1 << 64
