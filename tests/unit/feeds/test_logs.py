"""When a log is not what was published on it."""

from shared.feeds.logs import Log, Published, fault

FEED = "intake.firms.v1/3"


def test_a_log_that_reaches_to_what_was_published_is_right_however_often_records_were_repeated() -> None:
    assert fault(FEED, Published("a", 1, 40), Log("a", 0, 40)) is None
    assert fault(FEED, Published("a", 1, 40), Log("a", 12, 75)) is None


def test_a_log_that_its_keep_has_emptied_is_right() -> None:
    assert fault(FEED, Published("a", 1, 40), Log("a", 40, 40)) is None


def test_a_log_that_ends_before_its_last_number_has_lost_its_end() -> None:
    said = fault(FEED, Published("a", 1, 40), Log("a", 0, 39))
    assert said is not None
    assert "portolano feeds republish intake.firms.v1" in said


def test_a_topic_that_begins_with_a_later_number_is_measured_from_there() -> None:
    assert fault(FEED, Published("a", 31, 40), Log("a", 0, 10)) is None
    assert fault(FEED, Published("a", 31, 40), Log("a", 0, 9)) is not None
    assert fault(FEED, Published("a", 31, 30), Log("a", 0, 0)) is None


def test_another_topic_waits_for_a_word_unless_nothing_was_published_yet() -> None:
    said = fault(FEED, Published("a", 1, 1), Log("b", 0, 900))
    assert said is not None
    assert "portolano feeds accept intake.firms.v1" in said
    assert fault(FEED, Published("a", 1, 0), Log("b", 0, 0)) is None
    assert fault(FEED, Published(None, 1, 40), Log("b", 0, 40)) is None
