"""Working days of the Milan calendar: deadlines count in them, and a hold may reach so far.

Free are Saturdays, Sundays, the holidays of the country and of the province (the library `holidays` knows them; those
that are laws of tomorrow too, such as 4 October since 2026), and a pause in August where the policy has one. The day of
the event does not count, and a day ends when it ends in Rome.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from shared.agreement.parts import Part
from shared.agreement.signatories import Province

ROME = ZoneInfo("Europe/Rome")


class Pause(Part):
    """Days of every year, both included, on which nothing falls due; `first` and `last` are MM-DD."""

    active: bool
    first: str = Field(alias="from", pattern=r"^\d\d-\d\d$")
    last: str = Field(alias="until", pattern=r"^\d\d-\d\d$")

    @model_validator(mode="after")
    def _is_a_part_of_the_year(self) -> "Pause":
        for day in (self.first, self.last):
            try:
                date.fromisoformat(f"2025-{day}")  # no leap year: 02-29 is no day of every year
            except ValueError:
                raise ValueError(f"{day!r} is no day of every year; MM-DD is wanted") from None
        if self.first > self.last:
            raise ValueError("the pause ends before it begins")
        return self


class CalendarPolicy(Part):
    country: Literal["IT"]
    province: Province
    pause: Pause


class WorkingDays:
    """The calendar of one policy; remembers the holidays of a year, and the deadlines that begin on a day."""

    def __init__(self, policy: CalendarPolicy) -> None:
        self._country, self._province = policy.country, policy.province
        self._pause = (policy.pause.first, policy.pause.last) if policy.pause.active else None
        self._end_after = lru_cache(maxsize=1024)(lambda day, count: end_of(self.after(day, count)))

    def is_working(self, day: date) -> bool:
        """Whether work is done on this day."""
        if day.weekday() >= 5 or day in _holidays(self._country, self._province, day.year):
            return False
        return self._pause is None or not self._pause[0] <= day.strftime("%m-%d") <= self._pause[1]

    def after(self, day: date, count: int) -> date:
        """The day that is `count` working days after `day`, which does not count itself."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def due(self, at: datetime, count: int) -> datetime:
        """The end (UTC) of the day that is `count` working days after the day of `at`."""
        return self._end_after(day_of(at), count)

    def between(self, first: date, last: date) -> int:
        """How many working days lie after `first`, up to and including `last`."""
        return sum(self.is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


@lru_cache(maxsize=8)
def working_days(policy: CalendarPolicy) -> WorkingDays:
    """The calendar of this policy. Remembered."""
    return WorkingDays(policy)


def day_of(at: datetime) -> date:
    """The day that it is in Rome at `at`."""
    return at.astimezone(ROME).date()


def end_of(day: date) -> datetime:
    """The last second of the day in Rome, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ROME).astimezone(UTC)


@lru_cache(maxsize=64)
def _holidays(country: str, province: str, year: int) -> frozenset[date]:
    # Imported where it is needed: it takes longer than all else that a service reads at its start.
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=province, years=year, observed=False, expand=False))
