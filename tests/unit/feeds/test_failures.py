"""Permanent is a closed list: what is not on it is tried again."""

import time

import asyncpg
import pytest

from shared.feeds.failures import Pauses, Permanent, Unreadable, deciding, delays


def raised(sqlstate: str, message: str = "no") -> Exception:
    error: Exception = asyncpg.PostgresError.new({"C": sqlstate, "M": message, "S": "ERROR"})
    return error


@pytest.mark.parametrize("sqlstate", ["22021", "22P05", "22003", "23505", "23503", "23514"])
def test_a_value_or_a_constraint_condemns_the_record(sqlstate: str) -> None:
    with pytest.raises(Permanent, match=sqlstate), deciding():
        raise raised(sqlstate)


@pytest.mark.parametrize(
    "sqlstate", ["25P03", "55P03", "25006", "40001", "40P01", "57P01", "53100", "08006", "42P01", "42501"]
)
def test_every_other_answer_of_the_database_passes(sqlstate: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as caught, deciding():
        raise raised(sqlstate)
    assert not isinstance(caught.value, Permanent)


def test_a_missing_day_of_the_journal_condemns_nobody() -> None:
    with pytest.raises(asyncpg.PostgresError), deciding():
        raise raised("23514", 'no partition of relation "outbox" found for row')


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("closed"), ConnectionResetError(), TimeoutError()])
def test_a_lost_connection_has_no_sqlstate_and_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, deciding():
        raise error
    assert caught.value is error


def test_a_fault_of_a_handler_condemns_and_its_words_are_not_kept() -> None:
    with pytest.raises(Permanent) as caught, deciding():
        raise KeyError("Mario Rossi, via Roma 1")
    assert "Rossi" not in str(caught.value)
    assert str(caught.value).startswith("KeyError at unit/feeds/test_failures.py:")


def test_what_is_already_judged_stays_as_it_is() -> None:
    with pytest.raises(Unreadable, match="not ours"), deciding():
        raise Unreadable("not ours")


def test_pauses_grow_and_stay_below_their_limit() -> None:
    pauses = delays(0.1, 30.0)
    taken = [next(pauses) for _ in range(20)]
    assert 0.05 <= taken[0] <= 0.1
    assert all(15.0 <= pause <= 30.0 for pause in taken[-5:])


def test_what_fails_in_a_row_is_left_alone_for_longer_until_it_goes_well_once() -> None:
    pauses, began = Pauses(), time.monotonic()
    for _ in range(10):
        pauses.failed("t/0")
    pauses.look(began + 0.1)
    assert pauses.names == {"t/0"}
    pauses.went_well("t/0")
    pauses.failed("t/0")
    pauses.look(time.monotonic() + 0.1)
    assert pauses.names == set()
