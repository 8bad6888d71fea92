"""What went wrong, and what follows: the record is held, or the batch is tried again.

    Permanent            the same record would fail again: it is held, the others go on
    ├── Unreadable       an internal record that cannot be parsed, or a parser at a door that failed
    ├── TooLarge         a record of ours that its topic would not take
    └── Undecided        the handler raised while deciding

Permanent is a closed list: a failure while parsing or deciding, or an answer of the database of class 22 (a value it
cannot take) or 23 (a constraint) from the handler's own tables. Everything else passes and is tried again with
back-off, `Outdated` and `Outgrown` among it, exceptions without an SQLSTATE included: asyncpg raises `InterfaceError`
with none when its backend was killed, and a lost connection must never condemn a record.
"""

import asyncio
import random
import time
import traceback
from collections.abc import Iterator, Set
from contextlib import contextmanager

import asyncpg


class Permanent(Exception):
    """The same input would fail again."""


class Unreadable(Permanent):
    """A record that cannot be parsed. At a door that is a fault of the parser, which must take anything."""


class TooLarge(Permanent):
    """Something that we wanted to say does not fit into a record."""


class Undecided(Permanent):
    """A handler raised; the cause is chained."""


class Outdated(Exception):
    """What was looked up before the locks does not hold under them; the same batch, tried again, sees it as it is."""


class Outgrown(Exception):
    """The internal topics have more partitions than this process knows: it learns how many before it tries again."""


_TRANSIENT = (Outdated, OSError, asyncio.TimeoutError, TimeoutError, asyncpg.InterfaceError)
_NO_PARTITION = "23514"
"""check_violation, which is also what a missing partition of the outbox answers; that one passes."""


@contextmanager
def deciding() -> Iterator[None]:
    """Around code that parses or decides: what leaves it is a `Permanent` where the same input would fail again."""
    try:
        yield
    except Exception as error:
        failure = _meaning(error)
        if failure is None:
            raise
        raise failure from error


def _meaning(error: Exception) -> Permanent | None:
    """The permanent failure that an error stands for; None where it passes or already is one."""
    if isinstance(error, Permanent):
        return None
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        missing_partition = state == _NO_PARTITION and "no partition" in str(error)
        if state[:2] in ("22", "23") and not missing_partition:
            return Undecided(f"the database refuses a value: {state} {type(error).__name__} at {_where(error)}")
        return None
    if isinstance(error, _TRANSIENT):
        return None
    return Undecided(f"{type(error).__name__} at {_where(error)}")


def _where(error: Exception) -> str:
    """File and line of our own code that failed. Not the message: it may quote what the record says of a person."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    if not ours:
        return "an unknown place"
    path = "/".join(ours[-1].filename.split("/")[-3:])
    return f"{path}:{ours[-1].lineno}"


def told(error: Exception) -> str:
    """An error's words for a log. The database adds details that quote whole rows: they are left out."""
    if isinstance(error, asyncpg.PostgresError):
        return f"{error.sqlstate} {error.args[0] if error.args else ''}"
    return str(error)


def delays(first: float = 0.1, most: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each further try: doubling, jittered by half, never above `most`."""
    step = first
    while True:
        yield step * random.uniform(0.5, 1.0)
        step = min(step * 2, most)


class Pauses:
    """Of things that failed, by name: each is left alone for a while, longer every time until it goes well again."""

    def __init__(self) -> None:
        self._delays: dict[str, Iterator[float]] = {}
        self._until: dict[str, float] = {}

    def failed(self, one: str) -> None:
        self._until[one] = time.monotonic() + next(self._delays.setdefault(one, delays()))

    def went_well(self, one: str) -> None:
        self._delays.pop(one, None)

    def look(self, now: float) -> None:
        """End the pauses that are over at `now` (monotonic)."""
        self._until = {one: until for one, until in self._until.items() if until > now}

    @property
    def names(self) -> Set[str]:
        """What is left alone now."""
        return self._until.keys()
