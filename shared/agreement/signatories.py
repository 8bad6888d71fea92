"""The bodies that signed: what each serves, and which firms are its to help where no membership says so."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.agreement.divisions import Edition, expand
from shared.agreement.parts import Code, Few, Many, Part, PartnerCode, Text

Province = Literal["BG", "BS", "CO", "CR", "LC", "LO", "MB", "MI", "MN", "PV", "SO", "VA"]
"""Lombardy's twelve, as vehicle plates and registers write them."""

SizeCode = Literal["micro", "small", "medium", "large"]


class Divisions(Part):
    """The divisions of a sector (first two digits of an ATECO code) in one edition, in ascending order.

    A range such as "10-33" stands for the divisions that the edition has between its ends.
    """

    edition: Edition
    divisions: Many[Text]

    @model_validator(mode="before")
    @classmethod
    def _ranges_are_written_out(cls, given: object) -> object:
        if not isinstance(given, dict) or not isinstance(given.get("divisions"), list):
            return given
        edition, divisions = given.get("edition"), given["divisions"]
        if edition not in ("2007", "2025") or not all(isinstance(one, str) for one in divisions):
            return given
        return {**given, "divisions": expand(divisions, edition)}


class Sector(Part):
    """A part of the economy, by what a firm's main ATECO code begins with."""

    code: Code
    title: Text
    editions: Many[Divisions]

    def covers(self, division: str, edition: str) -> bool:
        """Whether a division ("01".."99") of an edition ("2007", "2022", "2025") is in it."""
        wanted = "2007" if edition == "2022" else edition  # the update of 2022 left the divisions as they were
        return any(one.edition == wanted and division in one.divisions for one in self.editions)


class Eligibility(Part):
    """Which firms a body takes that are nobody's member. All predicates have to hold; what is empty is not asked."""

    provinces: Many[Province]
    sectors: Few[Code] = ()
    sizes: Few[SizeCode] = ()
    artisan: bool | None = None
    """True: only those entered in the Albo (L. 443/1985); False: only others."""


class Desk(Part):
    """Where within the body a firm turns to."""

    code: Code
    title: Text


def _distinct(desks: tuple[Desk, ...]) -> tuple[Desk, ...]:
    codes = [desk.code for desk in desks]
    if len(set(codes)) < len(codes):
        raise ValueError("two desks have the same code")
    return desks


class Signatory(Part):
    code: PartnerCode
    name: Text
    represents: Text
    members: bool
    """Whether it has member firms: a membership in a body that has none routes nothing."""
    nested_in: PartnerCode | None = None
    """The body that it is part of; of the two the inner, more specific one goes first."""
    fronts: Many[Code]
    responsible_for: Text
    takes: Eligibility | None = None
    """None: no firm is its to help for what the firm is."""
    desks: Annotated[Few[Desk], AfterValidator(_distinct)] = Field(default=())
