"""Working days in Milan, against a calendar on the wall."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from shared.agreement import WorkingDays, day_of, end_of, load

POLICY = load().calendar
MILAN = load().working_days


@pytest.mark.parametrize(
    "free",
    [
        date(2024, 4, 1),  # Easter Monday, as wherever it falls
        date(2026, 4, 6),
        date(2038, 4, 26),
        date(2026, 1, 1),
        date(2026, 1, 6),
        date(2025, 4, 25),
        date(2026, 5, 1),
        date(2026, 6, 2),
        date(2025, 8, 15),
        date(2027, 11, 1),
        date(2027, 10, 4),  # San Francesco, a Monday
        date(2026, 12, 7),  # Sant'Ambrogio
        date(2026, 12, 8),
        date(2026, 12, 25),
        date(2025, 12, 26),
        date(2026, 11, 28),  # a Saturday
        date(2026, 11, 29),
    ],
)
def test_nobody_works_on_a_holiday(free: date) -> None:
    assert not MILAN.is_working(free)


def test_san_francesco_was_worked_through_before_it_was_a_holiday() -> None:
    assert MILAN.is_working(date(2024, 10, 4))


def test_sant_ambrogio_is_milans_alone() -> None:
    elsewhere = WorkingDays(POLICY.model_copy(update={"province": "BG"}))
    assert elsewhere.is_working(date(2026, 12, 7))


def test_a_year_has_as_many_working_days_as_the_wall_shows() -> None:
    """2027: 261 weekdays less 1 and 6 January, 29 March, 2 June, 4 October, 1 November, 7 and 8 December."""
    assert MILAN.between(date(2026, 12, 31), date(2027, 12, 31)) == 261 - 8


def test_the_day_of_the_event_does_not_count_and_holidays_are_passed_over() -> None:
    friday = date(2026, 12, 4)
    assert [MILAN.after(friday, n) for n in (0, 1, 2)] == [friday, date(2026, 12, 9), date(2026, 12, 10)]
    # Sant'Ambrogio, the Immacolata, Christmas, New Year, the Epiphany: five weekdays, and twelve weeks are 84 days
    assert MILAN.after(date(2026, 11, 23), 60) == date(2027, 2, 22)
    assert MILAN.between(date(2026, 11, 23), date(2027, 2, 22)) == 60


def test_a_deadline_falls_due_when_its_day_ends_in_rome() -> None:
    just_before_midnight = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
    just_after = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert MILAN.due(just_before_midnight, 1) == datetime(2026, 7, 2, 21, 59, 59, tzinfo=UTC)
    assert MILAN.due(just_after, 1) == datetime(2026, 7, 3, 21, 59, 59, tzinfo=UTC)


def test_the_pause_in_august_is_off_until_the_policy_wants_it() -> None:
    pause = POLICY.pause.model_copy(update={"active": True, "first": "08-08", "last": "08-23"})
    paused = WorkingDays(POLICY.model_copy(update={"pause": pause}))
    assert not POLICY.pause.active
    assert MILAN.is_working(date(2026, 8, 10))
    assert [paused.is_working(date(2026, 8, day)) for day in (7, 10, 21, 24)] == [True, False, False, True]
    assert paused.after(date(2026, 8, 7), 1) == date(2026, 8, 24)


def test_a_day_ends_when_it_ends_in_rome() -> None:
    assert end_of(date(2026, 7, 1)) == datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC)
    assert end_of(date(2026, 12, 1)) == datetime(2026, 12, 1, 22, 59, 59, tzinfo=UTC)
    assert day_of(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == date(2026, 7, 2)


def test_who_never_counts_working_days_does_not_load_the_worlds_holidays() -> None:
    code = "import sys; from shared.agreement import load; load().working_days; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
