"""Logs as JSON lines on stderr: time, level, service, logger, text. No contents of events, no people's words."""

import logging
import sys
from datetime import UTC, datetime

import msgspec


class _Json(logging.Formatter):
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
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def log_as_json(service: str, level: str) -> None:
    """Send the process's logs to stderr; the clients' chatter only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aiokafka", "faststream", "uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
