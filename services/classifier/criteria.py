"""What the accord's policy may set about segments: presumptions, thresholds, who may consolidate. Pure.

The values here are those of the agreement in force; a candidate policy brings others. What the European definition of
an SME says is law and stands in `size`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Presumptions:
    """What is taken for granted until somebody says otherwise. Each that decided something is named in the assessment.

    `autonomous`: a firm that says nothing of partner or linked enterprises has none. `single_year`: where the year
    before is not given, one year's figures decide. `small_staff`: fewer than 50 people and nothing known of turnover
    and balance sheet make an SME. `no_presence`: who states no presence abroad has none.
    """

    autonomous: bool = True
    single_year: bool = True
    small_staff: bool = True
    no_presence: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one segment ends. Shares 0–1 of the turnover, ascending; markets and years are counts; a stake is 0–1.

    The least share is also SIMEST's for a loan line, and the VAT law's for a habitual exporter.
    """

    shares: tuple[float, float, float] = (0.10, 0.25, 0.50)
    """Consolidating with enough markets; consolidating with any; deep."""
    markets: tuple[int, int] = (3, 10)
    """Consolidating; deep."""
    years: int = 5
    stake: float = 0.10
    """From which on a stake abroad is a root."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """One policy. `large_firms`: whether `consolidating` is open to others than SMEs, which the public reports of the
    signing tell differently."""

    presumptions: Presumptions = field(default_factory=Presumptions)
    thresholds: Thresholds = field(default_factory=Thresholds)
    large_firms: bool = True


IN_FORCE = Criteria()
