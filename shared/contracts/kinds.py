"""The kinds of values that partners send, each with its rule: times, days, figures, countries, codes.

Made of pydantic's pieces, so that one annotation checks a value and describes it in a JSON Schema. Errors are named by
the published rules (`rules.py`) where one says more than pydantic's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.contracts.countries import COUNTRIES
from shared.contracts.times import rfc3339

LONGEST_LIST = 64
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
"""Python reads weeks as well (2026-W50-1), which nobody here writes."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What codes mean something, and the latest time that a record may speak of (UTC)."""

    partners: frozenset[str]
    fronts: frozenset[str]
    latest: datetime


class Inbound(BaseModel):
    """Base of what partners send: JSON types as they are, nothing guessed."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


def _vocabulary(info: ValidationInfo) -> Vocabulary:
    if not isinstance(info.context, Vocabulary):
        raise TypeError("these kinds are checked with a Vocabulary as the context")
    return info.context


def _time(value: object, info: ValidationInfo) -> datetime:
    if not isinstance(value, str):
        raise PydanticCustomError("wrong-type", "a date-time of RFC 3339 with its offset is wanted, as text")
    time = rfc3339(value)
    if time is None:
        raise PydanticCustomError("wrong-value", "a date-time of RFC 3339 with its offset is wanted")
    if time > _vocabulary(info).latest:
        raise PydanticCustomError("time-in-future", "more than ten minutes after the record arrived")
    return time


def _later_too(value: object) -> datetime:
    time = rfc3339(value) if isinstance(value, str) else None
    if time is None:
        raise PydanticCustomError("wrong-value", "a date-time of RFC 3339 with its offset is wanted")
    return time


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("wrong-value", "a day such as 2026-03-31 is wanted")


def _country(code: str) -> str:
    code = code.upper()
    if code == "IT":
        raise PydanticCustomError("country-is-italy", "Italy is no foreign market: take it out")
    if code not in COUNTRIES:
        raise PydanticCustomError("country-unknown", "an ISO 3166 alpha-2 code, or XK, is wanted")
    return code


def _partner(code: str, info: ValidationInfo) -> str:
    if code not in _vocabulary(info).partners:
        raise PydanticCustomError("partner-unknown", "the code of a signatory is wanted")
    return code


def _partner_or_any(code: str, info: ValidationInfo) -> str:
    return code if code == "any" else _partner(code, info)


def _front(code: str, info: ValidationInfo) -> str:
    if code not in _vocabulary(info).fronts:
        raise PydanticCustomError("front-unknown", "the code of one of the agreement's fronts is wanted")
    return code


def _one_line(text: str) -> str:
    """Blanks of all kinds are one space; what is left can be printed, so it can neither end a line nor hide."""
    text = " ".join(text.split())
    if not text.isprintable():
        raise PydanticCustomError("wrong-value", "text without control characters is wanted")
    return text


def _whole(value: float) -> float:
    """12 and not 12.0: what goes out looks like what came in."""
    return int(value) if value.is_integer() else value


class _Bounds(Inbound):
    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> _Bounds:
        low, high = getattr(self, "min", None), getattr(self, "max", None)
        if low is None and high is None:
            raise PydanticCustomError("wrong-value", "min or max is wanted: leave an unknown figure out")
        if low is not None and high is not None and low > high:
            raise PydanticCustomError("range-reversed", "min is above max")
        return self


_Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(_whole)]
_Quantity = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False), AfterValidator(_whole)]


class Fractions(_Bounds):
    """A share between two bounds, 0–1."""

    min: _Fraction | None = None
    max: _Fraction | None = None


class Quantities(_Bounds):
    """An amount between two bounds, not negative."""

    min: _Quantity | None = None
    max: _Quantity | None = None


def _kind(value: object) -> str:
    return "range" if isinstance(value, dict | _Bounds) else "number"


Share = Annotated[Annotated[_Fraction, Tag("number")] | Annotated[Fractions, Tag("range")], Discriminator(_kind)]
Amount = Annotated[Annotated[_Quantity, Tag("number")] | Annotated[Quantities, Tag("range")], Discriminator(_kind)]
Time = Annotated[datetime, BeforeValidator(_time)]
"""Not more than ten minutes after the record's arrival."""
Expiry = Annotated[datetime, BeforeValidator(_later_too)]
"""A time that may lie in the future."""
Day = Annotated[date, BeforeValidator(_day)]
Year = Annotated[int, Field(ge=1800, le=2200)]
Country = Annotated[str, AfterValidator(_country)]
Partner = Annotated[str, AfterValidator(_partner)]
PartnerOrAny = Annotated[str, AfterValidator(_partner_or_any)]
Front = Annotated[str, AfterValidator(_front)]
Code = Annotated[str, AfterValidator(_one_line), Field(min_length=1, max_length=64)]
Text = Annotated[str, AfterValidator(_one_line), Field(min_length=1, max_length=300)]
T = TypeVar("T")
Items = Annotated[list[T], Field(max_length=LONGEST_LIST)]
