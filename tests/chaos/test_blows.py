"""Which times after a kill are told as those of a kill alone, and from when the others are counted."""

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


@pytest.mark.parametrize(
    ("blows", "over", "since"),
    [
        ([], [], 4.0),
        ([struck(What.POSTGRES, "postgres", KILLED + 1)], [("", KILLED + 3)], 1.0),
        ([struck(What.POSTGRES, "postgres", KILLED + 1)], [("", MOVED + 3)], 3.0),
        ([struck(What.KILL, "intake-2", KILLED + 2)], [], 2.0),
        ([struck(What.STOP, "intake-2", KILLED - 20)], [("intake", KILLED + 2.5)], 1.5),
        ([struck(What.KILL, "referral-1", KILLED + 2)], [("referral", KILLED + 3)], 4.0),
        ([struck(What.MAIL, "mail stall", KILLED + 2)], [], 4.0),
        ([struck(What.KAFKA, "kafka", KILLED - 9)], [("", KILLED - 1)], 4.0),
    ],
)
def test_time_is_counted_from_the_last_that_the_service_could_feel(
    blows: list[Blow], over: list[tuple[str, float]], since: float
) -> None:
    told = Blows(struck=[struck(What.KILL, "intake-1", KILLED), *blows], over=over)
    assert told.since_last("intake", KILLED, MOVED) == since
