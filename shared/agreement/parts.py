"""What the parts of the agreement are made of: strict, frozen values, and the kinds of texts that stand in them."""

from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.contracts.countries import COUNTRIES
from shared.contracts.topics import is_code

T = TypeVar("T")


class Part(BaseModel):
    """A value of the agreement: no member that nobody defines, no text taken for a number, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _partner_code(text: str) -> str:
    if not is_code(text):
        raise ValueError("a partner's code is 2 to 32 lower-case letters and digits, and no name of a service")
    return text


def _market(code: str) -> str:
    if code == "IT" or code not in COUNTRIES:
        raise ValueError(f"{code!r} is no foreign market: an ISO 3166 alpha-2 code, or XK, is wanted")
    return code


Text = Annotated[str, Field(min_length=1)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
PartnerCode = Annotated[str, AfterValidator(_partner_code)]
Market = Annotated[str, AfterValidator(_market)]
"""ISO 3166 alpha-2."""
Few = Annotated[tuple[T, ...], Field(strict=False)]  # YAML has lists only
Many = Annotated[tuple[T, ...], Field(strict=False, min_length=1)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(strict=False, gt=0, le=1)]
"""0–1 of a whole."""

Basis = Literal["signed", "assumed"]
"""`assumed`: no text says it, this project decided it."""


class Span(Part):
    """A time; both days belong to it, and without a last day it has not ended."""

    first: date = Field(alias="from")
    last: date | None = Field(default=None, alias="until")

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)
