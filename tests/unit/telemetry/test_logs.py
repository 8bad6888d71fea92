"""A line says when, where, what, and to which trace it belongs; on a terminal it can be read."""

import json
import logging

from shared.telemetry.logs import Json, Readable, about, under_way

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def line(text: str, traceparent: str | None = None) -> logging.LogRecord:
    record = logging.LogRecord("shared.feeds.relay", logging.WARNING, "relay.py", 1, text, (), None)
    vars(record).update(about(traceparent))
    return record


def test_for_machines_it_is_one_document_with_its_trace() -> None:
    document = json.loads(Json("intake").format(line("again in 0.1 s", PARENT)))
    assert {**document, "time": ""} == {
        "time": "",
        "level": "WARNING",
        "service": "intake",
        "logger": "shared.feeds.relay",
        "text": "again in 0.1 s",
        "trace_id": TRACE,
        "span_id": SPAN,
    }


def test_without_a_trace_there_is_no_member_for_it() -> None:
    assert "trace_id" not in json.loads(Json("intake").format(line("held")))


def test_what_is_said_during_a_batch_belongs_to_it_and_what_is_about_a_record_to_the_record() -> None:
    token = under_way.set(f"00-{'1' * 32}-{SPAN}-01")
    try:
        during, record = (json.loads(Json("i").format(one)) for one in (line("x"), line("x", PARENT)))
    finally:
        under_way.reset(token)
    assert (during["trace_id"], record["trace_id"]) == ("1" * 32, TRACE)


def test_on_a_terminal_it_is_a_line_and_nothing_in_it_moves_the_cursor() -> None:
    text = Readable("intake").format(line("held: \x1b[2Jbad", PARENT))
    assert text.endswith(f"intake held: \ufffd[2Jbad  trace={TRACE}")
    assert "\n" not in text
