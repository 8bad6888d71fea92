"""Whoever looks at a system whose clock was moved is told what day it is there."""

from datetime import UTC, datetime

import pytest

from cli.demo.calendar import can_be_moved
from cli.moved_clock import told
from deploy.local.system import PartStatus

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def part(name: str, clock: object) -> PartStatus:
    return PartStatus(name=name, state="ready", address="", service={"clock": clock})


def test_a_part_that_is_ahead_is_named_with_its_day_and_the_others_are_not() -> None:
    parts = [part("intake", {"may_be_moved": False, "ahead_s": 0.0}), part("referral", {"ahead_s": 15.6 * 86_400})]
    (line,) = told(parts, NOW)
    assert line.startswith("referral: ")
    assert "Wednesday 9 December 2026" in line


def test_a_part_that_tells_nothing_of_its_clock_is_not_ahead() -> None:
    assert told([PartStatus(name="kafka", state="ready", address="")], NOW) == []


@pytest.mark.parametrize(
    ("clock", "can"), [({"may_be_moved": True}, True), ({"may_be_moved": False}, False), (None, False)]
)
def test_time_is_moved_only_where_the_service_with_deadlines_heeds_it(clock: object, can: bool) -> None:
    assert can_be_moved([part("intake", {"may_be_moved": True}), part("referral", clock)]) is can


def test_time_is_not_moved_where_that_service_is_not_seen() -> None:
    assert not can_be_moved([])
