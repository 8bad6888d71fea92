"""Working days in Milan, against a calendar on the wall."""

from datetime import UTC, date, datetime

import pytest

from services.referral.working_days import day_of, easter, end_of, is_working, working_day_after


@pytest.mark.parametrize(
    "sunday",
    [date(1961, 4, 2), date(2000, 4, 23), date(2024, 3, 31), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25)],
)
def test_easter_falls_where_the_church_says(sunday: date) -> None:
    assert easter(sunday.year) == sunday


@pytest.mark.parametrize(
    "free",
    [
        date(2026, 4, 6),  # Easter Monday
        date(2027, 10, 4),  # San Francesco, a Monday
        date(2026, 12, 7),  # Sant'Ambrogio
        date(2026, 12, 8),
        date(2026, 11, 28),  # a Saturday
    ],
)
def test_nobody_works_on_a_holiday(free: date) -> None:
    assert not is_working(free)


def test_san_francesco_was_worked_through_before_it_was_a_holiday() -> None:
    assert is_working(date(2024, 10, 4))


def test_the_day_of_the_event_does_not_count_and_holidays_are_passed_over() -> None:
    friday = date(2026, 12, 4)
    assert [working_day_after(friday, n) for n in (0, 1, 2)] == [friday, date(2026, 12, 9), date(2026, 12, 10)]
    # Sant'Ambrogio, the Immacolata, Christmas, New Year, the Epiphany: five weekdays, and twelve weeks are 84 days
    assert working_day_after(date(2026, 11, 23), 60) == date(2027, 2, 22)


def test_a_day_ends_when_it_ends_in_rome() -> None:
    assert end_of(date(2026, 7, 1)) == datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC)
    assert end_of(date(2026, 12, 1)) == datetime(2026, 12, 1, 22, 59, 59, tzinfo=UTC)
    assert day_of(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == date(2026, 7, 2)
