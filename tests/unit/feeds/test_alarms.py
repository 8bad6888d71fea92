"""An alarm is found by its name: where it is logged, where it is shown, and in the operators' page."""

import logging

import pytest

from cli.commands.status import alarms_of
from shared.feeds.alarms import Alarms


def test_an_alarm_is_logged_under_its_name_when_it_begins_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms()
    with caplog.at_level(logging.WARNING):
        alarms.raise_("database", "PostgreSQL does not answer; it is asked again.")
        alarms.raise_("database", "PostgreSQL does not answer; it is asked again.")
        alarms.clear("database")
    assert [record.getMessage() for record in caplog.records] == [
        "ALARM database: PostgreSQL does not answer; it is asked again.",
        "alarm over: database",
    ]


def test_status_shows_an_alarm_under_its_name() -> None:
    told: dict[str, object] = {"alarms": {"database": "PostgreSQL does not answer; it is asked again."}}
    assert alarms_of(told) == ["database: PostgreSQL does not answer; it is asked again."]
