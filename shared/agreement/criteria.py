"""What decides between the segments: thresholds, presumptions, who may consolidate, who is an SME."""

from typing import Annotated

from pydantic import Field, model_validator

from shared.agreement.parts import Count, Part, Share


class Presumptions(Part):
    """What is taken for granted until somebody says otherwise. Each that decided something is named in the assessment.

    `autonomous`: a firm that says nothing of partner or linked enterprises has none. `single_year`: where the year
    before is not given, one year's figures decide. `small_staff`: fewer people than a small enterprise may have and
    nothing known of turnover and balance sheet make an SME. `no_presence`: who states no presence abroad has none.
    """

    autonomous: bool
    single_year: bool
    small_staff: bool
    no_presence: bool


class Thresholds(Part):
    """Where one segment ends. Shares 0–1 of the turnover; markets and years are counts; a stake is 0–1."""

    shares: Annotated[tuple[Share, Share, Share], Field(strict=False)]
    """Consolidating with enough markets; consolidating with any; deep."""
    markets: Annotated[tuple[Count, Count], Field(strict=False)]
    """Consolidating; deep."""
    years: Count
    stake: Share
    """From which on a stake abroad is a root."""

    @model_validator(mode="after")
    def _ascend(self) -> "Thresholds":
        for values in (self.shares, self.markets):
            if tuple(sorted(values)) != values:
                raise ValueError("shares and markets ascend: whoever reaches the last threshold reaches the first")
        return self


class Ceiling(Part):
    """The most that a size class may have: fewer people than `staff_below` (annual work units), and turnover or balance
    sheet (euro) up to and including the figure."""

    staff_below: Count
    turnover_eur: Count
    balance_sheet_eur: Count


class Sme(Part):
    """Recommendation 2003/361/EC, annex: size classes (art. 2), partner enterprises (art. 3, 2), public hands (3, 4).

    A partner enterprise holds or is held by `partner_from`–`partner_until` of the capital or votes, where nobody says
    how much; a firm of which public bodies hold `public_share` or more is no SME.
    """

    micro: Ceiling
    small: Ceiling
    medium: Ceiling
    public_share: Share
    partner_from: Share
    partner_until: Share

    @model_validator(mode="after")
    def _ascend(self) -> "Sme":
        for member in Ceiling.model_fields:
            figures = [getattr(one, member) for one in (self.micro, self.small, self.medium)]
            if sorted(figures) != figures:
                raise ValueError(f"{member} ascends from micro to medium")
        if self.partner_from > self.partner_until:
            raise ValueError("partner_from is above partner_until")
        return self


class Criteria(Part):
    """All of it. `large_firms`: whether `consolidating` is open to others than SMEs."""

    thresholds: Thresholds
    presumptions: Presumptions
    large_firms: bool
    sme: Sme
