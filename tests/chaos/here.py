"""What stands at a point of a process: it dies there, or stands still.

`PORTOLANO_DIES` names the point of its death, with `before` or `after`. `PORTOLANO_STOPS` is a directory: a file in it
that is called like a point, with `before`, `after` or, of a transaction, `begin`, stops the first process that comes
there. The file is then called by that process's id.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
DEAD = 86
"""The exit code of a process that died where it was told to."""
_told = {"dies": "", "stops": ""}


def heed(environment: Mapping[str, str]) -> None:
    """What this process is told to do, and where."""
    for what in _told:
        _told[what] = environment.get(f"PORTOLANO_{what.upper()}", "")


def _passes(point: str, when: str) -> None:
    named = f"{point} {when}"
    if named == _told["dies"]:
        _tell("dies", named)
        os._exit(DEAD)
    if _told["stops"] and _is_first(named):
        _tell("stands still", named)
        os.kill(os.getpid(), signal.SIGSTOP)


def _is_first(named: str) -> bool:
    """Whether a process is to stop here and no other has: of two that rename the file, one succeeds."""
    try:
        os.rename(os.path.join(_told["stops"], named), os.path.join(_told["stops"], str(os.getpid())))
    except FileNotFoundError:
        return False
    return True


def _tell(what: str, named: str) -> None:
    sys.stderr.write(f"{what}: {named}\n")
    sys.stderr.flush()


async def around(work: Awaitable[T], point: str) -> T:
    """Await it, with a point before and after."""
    _passes(point, "before")
    done = await work
    _passes(point, "after")
    return done


class transaction:  # it stands where a call stood
    """A transaction with points at its begin, right before and right after its commit."""

    def __init__(self, inner: Any, point: str) -> None:
        self._inner, self._point = inner, point

    async def __aenter__(self) -> Any:
        _passes(self._point, "begin")
        return await self._inner.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> Any:
        if kind is None:
            _passes(self._point, "before")
        ended = await self._inner.__aexit__(kind, *rest)
        if kind is None:
            _passes(self._point, "after")
        return ended


class statements:
    """A connection whose statements commit by themselves, with a point before the first and after the last."""

    def __init__(self, inner: Any, point: str) -> None:
        self._inner, self._point = inner, point

    async def __aenter__(self) -> Any:
        connection = await self._inner.__aenter__()
        _passes(self._point, "before")
        return connection

    async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> Any:
        if kind is None:
            _passes(self._point, "after")
        return await self._inner.__aexit__(kind, *rest)
