"""The age of the oldest unread record, told without reading it."""

from shared.feeds.lag import LOOKS, Lag

KEY = ("topic", 0)


def test_nothing_unread_has_no_age() -> None:
    lag = Lag()
    lag.reach({KEY: 10}, 100.0)
    assert lag.seconds(KEY, 10, 500.0) == 0.0
    assert lag.seconds(("topic", 1), 0, 500.0) == 0.0


def test_a_record_is_as_old_as_the_first_look_that_saw_the_log_reach_beyond_it() -> None:
    lag = Lag()
    for end, at in ((10, 100.0), (12, 103.0), (12, 106.0), (20, 109.0)):
        lag.reach({KEY: end}, at)
    assert [lag.seconds(KEY, offset, 110.0) for offset in (10, 11, 12, 19, 20)] == [7.0, 7.0, 1.0, 1.0, 0.0]


def test_a_long_silence_does_not_make_the_next_record_old() -> None:
    lag = Lag()
    lag.reach({KEY: 10}, 0.0)
    lag.read(KEY, 0.5, 1.0)
    assert lag.seconds(KEY, 10, 3600.0) == 0.0
    lag.reach({KEY: 11}, 3600.0)
    assert lag.seconds(KEY, 10, 3601.0) == 1.0


def test_what_lay_there_before_the_first_look_is_as_old_as_what_is_read_of_it() -> None:
    lag = Lag()
    lag.reach({KEY: 1000}, 50.0)
    lag.read(KEY, 7200.0, 51.0)
    assert lag.seconds(KEY, 500, 52.0) == 7200.0
    assert lag.seconds(KEY, 500, 65.0) == 15.0


def test_a_reader_that_falls_ever_further_behind_costs_a_bounded_memory_and_keeps_the_oldest_look() -> None:
    lag = Lag()
    for n in range(5 * LOOKS):
        lag.reach({KEY: n + 1}, float(n))
    assert len(lag._ends[KEY]) <= LOOKS + 1
    assert lag.seconds(KEY, 0, 5.0 * LOOKS) == 5.0 * LOOKS


def test_a_topic_made_anew_is_another_log() -> None:
    lag = Lag()
    lag.reach({KEY: 1000}, 0.0)
    lag.reach({KEY: 3}, 10.0)
    assert lag.seconds(KEY, 0, 11.0) == 1.0
