"""Which times after a kill are told as those of a kill alone."""

import pytest

from tests.chaos.blows import Blow, Blows, What

KILLED, MOVED = 1000.0, 1004.0


def struck(what: What, whom: str, at: float) -> Blow:
    return Blow(what, whom, in_flight=1, counts=True, at=at)


@pytest.mark.parametrize(
    ("other", "alone"),
    [
        (struck(What.KAFKA, "kafka", KILLED - 29), False),
        (struck(What.POSTGRES, "postgres", MOVED - 1), False),
        (struck(What.LINK, "postgres stall", KILLED + 1), False),
        (struck(What.STOP, "intake-2", KILLED - 49), False),
        (struck(What.KILL, "intake-2", KILLED - 9), False),
        (struck(What.KILL, "classifier-1", KILLED + 1), True),
        (struck(What.STOP, "notifier-1", KILLED - 1), True),
        (struck(What.MAIL, "mail refuse", KILLED + 1), True),
        (struck(What.KAFKA, "kafka", KILLED - 31), True),
        (struck(What.POSTGRES, "postgres", MOVED + 1), True),
    ],
    ids=lambda given: f"{given.what} {given.whom} {given.at:g}" if isinstance(given, Blow) else str(given),
)
def test_a_kill_is_alone_where_nothing_that_its_service_needs_was_struck_and_is_still_felt(
    other: Blow, alone: bool
) -> None:
    blows = Blows(struck=[struck(What.KILL, "intake-1", KILLED), other])
    assert blows.alone("intake", KILLED, MOVED) is alone
