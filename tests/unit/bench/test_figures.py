"""Ratios stay within a round; quantiles are values that somebody waited."""

import pytest

from bench.figures import Span, quantile, ratios, span


def test_a_ratio_compares_what_ran_in_the_same_round() -> None:
    assert ratios({1: 10.0, 2: 30.0, 3: 1.0}, {2: 10.0, 1: 20.0}) == [0.5, 3.0]


def test_a_span_has_the_middle_of_what_was_measured() -> None:
    assert span([3.0, 1.0, 2.0, 10.0]) == Span(1.0, 2.5, 10.0)
    assert span([1234.5]).told(1) == "1,234.5 / 1,234.5 / 1,234.5"
    with pytest.raises(ValueError, match="nothing was measured"):
        span([])


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (0.009, 1.0), (1.0, 100.0)]
)
def test_a_quantile_is_the_least_value_that_this_share_does_not_exceed(share: float, expected: float) -> None:
    assert quantile([float(n) for n in range(100, 0, -1)], share) == expected


def test_of_two_hundred_the_third_slowest_is_the_99th_percentile() -> None:
    assert quantile([float(n) for n in range(1, 201)], 0.99) == 198.0


def test_no_quantile_is_made_up() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        quantile([], 0.5)
