"""Logs on stderr: one JSON document a line, or on a terminal a line that a person can read.

Each has time, level, service, logger, text, and the trace that it belongs to where there is one: that of the record
that it is about (`extra=about(traceparent)`), else that of the batch under way. No contents of events, no people's
words.
"""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

import msgspec

from shared.telemetry.context import read

under_way: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The traceparent of what this task is doing."""

CLIENTS = ("aiokafka", "asyncpg", "faststream", "uvicorn", "asyncio")
"""Loggers of libraries; all others are ours."""
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}
_PLAIN = "\x1b[0m"


def about(traceparent: str | None) -> dict[str, object]:
    """What `extra=` takes, for a line about one record or message."""
    return {"traceparent": traceparent}


def _trace(record: logging.LogRecord) -> tuple[str, str] | None:
    context = read(getattr(record, "traceparent", None) or under_way.get())
    return (f"{context.trace_id:032x}", f"{context.span_id:016x}") if context else None


class Json(logging.Formatter):
    """For machines."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "text": record.getMessage(),
        }
        trace = _trace(record)
        if trace is not None:
            line["trace_id"], line["span_id"] = trace
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class Readable(logging.Formatter):
    """For people: local time, and the level as a colour and a word."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        colour = _COLOURS.get(record.levelname, "")
        level = f"{colour}{record.levelname:<7}{_PLAIN if colour else ''}"
        line = f"{at} {level} {self._service} {_plain(record.getMessage())}"
        trace = _trace(record)
        if trace is not None:
            line += f"  trace={trace[0]}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _plain(text: str) -> str:
    """Nothing that could move a terminal's cursor."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


class Seldom(logging.Filter):
    """Of what a client says again and again, one line in so many seconds, with how many were left out since the last.

    While a broker is away its client tells of every try, hundreds of times in ten seconds, and hides the line that
    says what came of it. What differs in a value alone is the same.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in CLIENTS:
            return True
        key = record.name, record.levelno, str(record.msg)
        said_at, left_out = self._said.get(key, (float("-inf"), 0))
        if record.created - said_at < self._seconds:
            self._said[key] = said_at, left_out + 1
            return False
        self._said[key] = record.created, 0
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it before)", ()
        return True


def log_to_stderr(service: str, level: str) -> None:
    """Send the process's logs to stderr; the clients' chatter only from warnings on, and not twice in ten seconds."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((Readable if sys.stderr.isatty() else Json)(service))
    handler.addFilter(Seldom())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CLIENTS:
        client = logging.getLogger(name)
        client.setLevel(logging.WARNING)
        client.handlers.clear()  # FastStream brings one of its own, which writes colours into a file
        client.propagate = True
