"""What was agreed: for how long, on which fronts, for which segments of firms."""

from datetime import date
from typing import Literal

from pydantic import Field

from shared.agreement.parts import Basis, Code, Few, Many, Market, Part, PartnerCode, Span, Text


class Approval(Part):
    """Who made this version the one to follow, and when.

    `assumed`: nobody of the agreement's bodies did; this project follows it until they do.
    """

    by: Text
    day: date
    basis: Literal["regional_table", "assumed"]


class Period(Part):
    """A time in which the agreement holds; both days belong to it."""

    first: date = Field(alias="from")
    last: date = Field(alias="until")
    basis: Basis


class Term(Part):
    """The signed term and what holds after it: different facts, told apart by each period's basis."""

    signed: date
    periods: Many[Period]


class Front(Part):
    number: int = Field(ge=1)
    code: Code
    title: Text
    owner: PartnerCode | None = None
    """The one partner responsible for every need on this front; None where membership and eligibility decide."""


class Imports(Part):
    """Who is responsible for import, and the front on which a need that follows from it is kept."""

    owner: PartnerCode
    front: Code


class InMarket(Part):
    """Who carries out what is done in the market: a need on one of these fronts that names a market has such a leg."""

    executor: PartnerCode
    fronts: Many[Code]


class Segment(Part):
    code: Code
    title: Text
    fronts: Many[Code]
    """What a firm of this segment is offered without having asked, the most important first."""


class MarketList(Span):
    """The strategic markets of a time."""

    basis: Basis
    markets: Few[Market]
