"""What one transaction takes is bounded by bytes, so that dear records cannot hold the reader for seconds."""

from typing import Any

from shared.feeds.reading import MOST_BYTES, portions
from shared.feeds.tolerance import Read

THIRD = MOST_BYTES // 3


def records(*sizes: int | None) -> list[Any]:
    return [Read(n, 0, 1, value=None if size is None else b"x" * size) for n, size in enumerate(sizes)]


def cut(*sizes: int | None) -> list[list[int]]:
    return [[record.offset for record in some] for some in portions(records(*sizes))]


def test_small_records_stay_together() -> None:
    assert cut(1, None, 0, THIRD) == [[0, 1, 2, 3]]


def test_no_piece_is_larger_than_the_limit_and_none_is_lost() -> None:
    assert cut(THIRD, THIRD, THIRD, THIRD, 2, None, THIRD, THIRD) == [[0, 1, 2], [3, 4, 5, 6], [7]]


def test_a_record_larger_than_the_limit_goes_alone() -> None:
    assert cut(1, 4 * MOST_BYTES, 4 * MOST_BYTES, None, 1) == [[0], [1], [2], [3, 4]]
