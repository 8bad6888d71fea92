"""Ratios within rounds, spans over rounds, quantiles. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Span:
    """The least, the middle and the greatest of some measurements."""

    least: float
    middle: float
    most: float

    def told(self, digits: int = 2) -> str:
        """`0.25 / 0.31 / 0.40`, thousands set apart."""
        return " / ".join(f"{value:,.{digits}f}" for value in (self.least, self.middle, self.most))


def span(values: Sequence[float]) -> Span:
    """Raises ValueError where nothing was measured."""
    if not values:
        raise ValueError("nothing was measured")
    return Span(min(values), median(values), max(values))


def ratios(upper: Mapping[int, float], lower: Mapping[int, float]) -> list[float]:
    """`upper` by `lower` in each round that has both; rounds are keys. A ratio across rounds would compare two states
    of the machine."""
    return [upper[number] / lower[number] for number in sorted(upper.keys() & lower.keys())]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest measured value that at least `share` of all do not exceed. Raises ValueError where there is none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
