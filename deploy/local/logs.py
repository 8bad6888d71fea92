"""The parts' logs in `log/`: bounded, and read back for the one line that tells a person why something failed."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from deploy.local.home import Home

_LIMIT = 8 * 1024 * 1024
_TAIL = 65_536
_COMPLAINT = re.compile(r"\b(FATAL|PANIC|ERROR|fatal|error|cannot|refused|[Nn]o space)\b|(Error|Exception)\b")
_JSON_WORDS = ("text", "exception")


def open_log(home: Home, name: str) -> BinaryIO:
    """`log/<name>.log` for appending; what has grown beyond 8 MB makes place, one older file is kept."""
    path = log_path(home, name)
    if path.exists() and path.stat().st_size > _LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return open(path, "ab")


def log_path(home: Home, name: str) -> Path:
    return home.log / f"{name}.log"


@dataclass(frozen=True)
class LogMark:
    """A log from here on: what an earlier run wrote is no reason for a failure of this one."""

    path: Path
    offset: int

    @classmethod
    def at_end(cls, path: Path) -> Self:
        return cls(path, path.stat().st_size if path.exists() else 0)

    def complaint(self) -> str:
        """The last line since the mark that reads like a reason; else the last line; empty where nothing was said."""
        try:
            size = self.path.stat().st_size
            start = self.offset if self.offset <= size else 0  # the log was begun anew meanwhile
            with open(self.path, "rb") as file:
                file.seek(max(start, size - _TAIL))
                lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        found = next((line for line in reversed(lines) if _COMPLAINT.search(line)), lines[-1] if lines else "")
        return _words(found)[:300]


def reason(*marks: LogMark | None) -> str:
    """The first complaint of these logs, in words for the end of a sentence."""
    told = (mark.complaint() for mark in marks if mark is not None)
    words = next((words for words in told if words), "its log tells no reason")
    return f"the disk is full ({words})" if "No space left" in words else words


def _words(line: str) -> str:
    """What a line of JSON says; any other line as it is."""
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            return line
        return ": ".join(str(entry[key]).strip().splitlines()[-1] for key in _JSON_WORDS if entry.get(key)) or line
    return line
