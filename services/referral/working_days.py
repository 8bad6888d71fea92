"""Working days of the Milan calendar: how far away a hold may reach. Pure.

Free are Saturdays, Sundays, the national holidays (4 October since 2026) and Milan's own, Sant'Ambrogio. The day of the
event does not count, and a day ends when it ends in Rome.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
LONGEST_HOLD = 60
"""Working days."""

_FIXED = ((1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 7), (12, 8), (12, 25), (12, 26))
_FRANCIS = (10, 4)
_FRANCIS_SINCE = 2026


def day_of(at: datetime) -> date:
    """The day that it is in Rome at `at`."""
    return at.astimezone(ROME).date()


def end_of(day: date) -> datetime:
    """The last second of the day in Rome, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ROME).astimezone(UTC)


def is_working(day: date) -> bool:
    """Whether work is done in Milan on this day."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def working_day_after(day: date, count: int) -> date:
    """The day that is `count` working days after `day`, which does not count itself."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working(day)
    return day


@lru_cache(maxsize=16)
def _holidays(year: int) -> frozenset[date]:
    fixed = _FIXED if year < _FRANCIS_SINCE else (*_FIXED, _FRANCIS)
    return frozenset({*(date(year, month, day) for month, day in fixed), easter(year) + timedelta(days=1)})


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    golden, century, in_century = year % 19, year // 100, year % 100
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
