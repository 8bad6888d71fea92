"""Tells that the clock of a system was moved: whoever looks at it would else wonder at its dates."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from deploy.local.system import PartStatus
from shared.agreement import day_of


def words_of(day: date) -> str:
    """`Thursday 26 November 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def told(parts: Iterable[PartStatus], now: datetime | None = None) -> list[str]:
    """A line for each part that is ahead of the world; none where time is what it is everywhere."""
    now = now or datetime.now(UTC)
    lines = []
    for part in parts:
        clock = part.service.get("clock")
        seconds = clock.get("ahead_s") if isinstance(clock, dict) else None
        if isinstance(seconds, int | float) and seconds > 0:
            day = words_of(day_of(now + timedelta(seconds=seconds)))
            lines.append(
                f"{part.name}: its clock was moved by a demo, it is {day} there, and stays so; `make clean` begins anew"
            )
    return lines
