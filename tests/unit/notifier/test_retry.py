"""How long a message waits, and which answers end the waiting."""

import pytest

from services.notifier.retry import is_final, pause


def test_the_first_pause_is_at_most_half_a_second() -> None:
    assert pause(1, chance=1.0).total_seconds() == 0.5


def test_pauses_double_and_stop_at_five_minutes() -> None:
    assert [pause(n, chance=1.0).total_seconds() for n in (2, 3, 10, 11, 10_000)] == [1.0, 2.0, 256.0, 300.0, 300.0]


def test_chance_takes_off_at_most_half() -> None:
    assert pause(3, chance=0.0).total_seconds() == 1.0


@pytest.mark.parametrize(("code", "final"), [(421, False), (450, False), (500, True), (550, True), (0, False)])
def test_only_a_permanent_negative_answer_is_final(code: int, final: bool) -> None:
    assert is_final(code) is final
