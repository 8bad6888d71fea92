"""What stands at a point of a process that is to die: `PORTOLANO_DIES` names one, with `before` or `after`."""

import os
import sys
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")
DEAD = 86
"""The exit code of a process that died where it was told to."""
_DIES = os.environ.get("PORTOLANO_DIES", "")


def _die(point: str, when: str) -> None:
    if f"{point} {when}" == _DIES:
        sys.stderr.write(f"dies {when} {point}\n")
        sys.stderr.flush()
        os._exit(DEAD)


async def around(work: Awaitable[T], point: str) -> T:
    """Await it, dying before or after."""
    _die(point, "before")
    done = await work
    _die(point, "after")
    return done


class transaction:  # it stands where a call stood
    """A transaction with a death right before or right after its commit."""

    def __init__(self, inner: Any, point: str) -> None:
        self._inner, self._point = inner, point

    async def __aenter__(self) -> Any:
        return await self._inner.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> Any:
        if kind is None:
            _die(self._point, "before")
        ended = await self._inner.__aexit__(kind, *rest)
        if kind is None:
            _die(self._point, "after")
        return ended


class statements:
    """A connection whose statements commit by themselves, with a death before the first or after the last."""

    def __init__(self, inner: Any, point: str) -> None:
        self._inner, self._point = inner, point

    async def __aenter__(self) -> Any:
        connection = await self._inner.__aenter__()
        _die(self._point, "before")
        return connection

    async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> Any:
        if kind is None:
            _die(self._point, "after")
        return await self._inner.__aexit__(kind, *rest)
