"""What the agreement wants of its figures, to stand beside them."""

from typing import Literal

from pydantic import Field, model_validator

from shared.agreement.parts import Basis, Part

Figure = Literal[
    "reached_share",
    "classified_share",
    "publisher_only_share",
    "acceptance_rate",
    "expiry_rate",
    "rerouted_share",
    "days_to_accept",
    "days_to_contact",
    "days_to_close",
    "import_met_share",
    "confirmed_share",
]
"""Shares and rates are 0-1 of a whole, days are working days of the calendar."""


class Target(Part):
    """A figure and the one bound that it is to keep; `assumed`: no text names it, this project decided it."""

    figure: Figure
    at_least: float | None = Field(default=None, strict=False, ge=0)
    at_most: float | None = Field(default=None, strict=False, ge=0)
    basis: Basis

    @model_validator(mode="after")
    def _is_one_that_can_be_met(self) -> "Target":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a target is either at_least or at_most")
        bound = self.at_most if self.at_least is None else self.at_least
        if bound is not None and bound > 1 and not self.figure.startswith("days_"):
            raise ValueError(f"{self.figure} is a share of a whole, from 0 to 1")
        return self

    def met(self, value: float) -> bool:
        """Whether a figure of this value keeps the bound."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most
