"""Waiting for a condition, with a limit, instead of sleeping for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]], *, limit: float = 20.0, what: str = "the condition") -> T:
    """The first truthy answer of `look`; `AssertionError` with the last answer when the limit has passed."""
    end = time.monotonic() + limit
    while True:
        answer = await look()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {limit:.0f} s; last seen: {answer!r}")
        await asyncio.sleep(0.02)
