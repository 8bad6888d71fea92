"""A line says when, where, what, and to which trace it belongs; on a terminal it can be read."""

import json
import logging
import subprocess
import sys

from shared.telemetry.logs import Json, Readable, Seldom, about, under_way

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


def heard(name: str, at: float, text: str, *values: object) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, "conn.py", 1, text, values, None)
    record.created = at
    return record


def test_what_a_client_repeats_is_said_once_in_ten_seconds_with_how_often_it_was_left_out() -> None:
    seldom, text = Seldom(), "Unable connect to node with id %s"
    said = [heard("aiokafka.conn", at, text, n) for n, at in enumerate([100.0, 100.1, 109.9, 110.0, 110.1])]
    kept = [record.getMessage() for record in said if seldom.filter(record)]
    assert kept == ["Unable connect to node with id 0", "Unable connect to node with id 3 (and 2 more like it before)"]


def test_another_text_of_a_client_and_every_line_of_ours_are_said_each_time() -> None:
    seldom = Seldom()
    ours = [heard("shared.feeds.relay", 100.0, "again") for _ in range(3)]
    clients = [heard("aiokafka", 100.0, text) for text in ("Topic %s is not there", "Marking the coordinator dead")]
    assert all(seldom.filter(record) for record in ours + clients)


def test_what_a_library_says_is_a_document_like_any_other() -> None:
    program = """
import logging
import faststream.kafka
from shared.telemetry.logs import log_to_stderr
log_to_stderr("intake", "info")
logging.getLogger("faststream").warning("Make sure the topics exist.")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = (ran.stdout + ran.stderr).splitlines()
    assert json.loads(line)["text"] == "Make sure the topics exist."
