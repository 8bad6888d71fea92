"""A consumer that stands still before unread records is called stuck; one that waits for nothing is not."""

from shared.feeds.watchdog import NOTHING_AT_ALL, ONE_PARTITION, Watchdog

A, B = ("t", 0), ("t", 1)


def test_nothing_unread_is_never_stuck() -> None:
    dog = Watchdog()
    assert all(dog.look({}, progressed_at=0.0, now=float(now)) is None for now in range(0, 10_000, 100))


def test_a_record_that_comes_after_a_quiet_hour_is_given_its_time() -> None:
    dog = Watchdog()
    assert dog.look({}, 0.0, now=3600.0) is None
    assert dog.look({A: 5}, 0.0, now=3603.0) is None
    assert dog.look({A: 5}, 0.0, now=3603.0 + NOTHING_AT_ALL + 1) is not None


def test_progress_anywhere_excuses_a_partition_for_a_while_and_not_for_ever() -> None:
    dog = Watchdog()
    told = [
        dog.look({A: 5, B: now}, progressed_at=float(now), now=float(now))
        for now in range(0, int(ONE_PARTITION) + 1, 3)
    ]
    assert told == [None] * len(told)
    reason = dog.look({A: 5, B: 99}, progressed_at=ONE_PARTITION + 3, now=ONE_PARTITION + 3)
    assert reason is not None
    assert "t/0" in reason


def test_a_partition_that_moves_is_not_stuck_however_much_is_left() -> None:
    dog = Watchdog()
    assert all(dog.look({A: now}, progressed_at=float(now), now=float(now)) is None for now in range(0, 1000, 5))
