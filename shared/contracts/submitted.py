"""What a partner writes of firms, by type: the shape at the door (pydantic) and the value that travels (msgspec)."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from stdnum.eu import nace
from stdnum.exceptions import ValidationError as NotInTheList

from shared.contracts import firm, tax_codes
from shared.contracts.firm import Part, Profile
from shared.contracts.kinds import (
    Amount,
    Code,
    Country,
    Day,
    Expiry,
    Front,
    Inbound,
    Items,
    Partner,
    PartnerOrAny,
    Share,
    Text,
    Time,
    Year,
)

SUBMITTED = "it.portolano.firm.submitted.v1"
SUCCEEDED = "it.portolano.firm.succeeded.v1"
REVOKED = "it.portolano.consent.revoked.v1"
ERASURE_REQUESTED = "it.portolano.firm.erasure-requested.v1"


_MAIL = re.compile(r"""[^\s@<>(),:;"\\\x00-\x1f\x7f]+@[\w.-]+\.[\w-]+""")


class Claim(Part, frozen=True, kw_only=True):
    """Whether the firm is the publisher's own member."""

    active: bool
    since: date | None = None


class Grant(firm.Consent, frozen=True, kw_only=True):
    """A consent as the publisher reports it, with the version of the text that the firm agreed to."""

    text_version: str | None = None


class Assertion(Part, frozen=True, kw_only=True):
    """What one partner says of one firm: the data of `firm.submitted`."""

    firm: Profile
    observed_at: datetime
    membership: Claim | None = None
    consents: tuple[Grant, ...] | None = None
    reference: str | None = None


def assertion_of(data: SubmittedData) -> Assertion:
    """From the door's model into the value that travels."""
    return msgspec.convert(data, Assertion, from_attributes=True)


def _codice_fiscale(text: str) -> str:
    code = tax_codes.normalised(text)
    fault = tax_codes.fault(code)
    if fault is not None:
        raise PydanticCustomError("codice-fiscale-invalid", "{fault}", {"fault": fault})
    return code


def _partita_iva(text: str) -> str:
    code = tax_codes.normalised(text)
    fault = tax_codes.company_fault(code)
    if fault is not None:
        raise PydanticCustomError("partita-iva-invalid", "{fault}", {"fault": fault})
    return code


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _dotted(code: str) -> str:
    digits = code.replace(".", "").strip()
    if not (digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 6):
        raise PydanticCustomError("ateco-unresolved", "a code of two to six digits is wanted, such as 62.01.00")
    return ".".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def _mail(text: str) -> str:
    """Syntax alone, and a narrow one: nothing that could end a header or open a second address."""
    if _MAIL.fullmatch(text) is None:
        raise PydanticCustomError("wrong-value", "an e-mail address is wanted")
    return text


CodiceFiscale = Annotated[str, AfterValidator(_codice_fiscale)]
Province = Annotated[str, BeforeValidator(_upper), Field(pattern="^[A-Z]{2}$")]
Mail = Annotated[Text, Field(max_length=254), AfterValidator(_mail)]


@lru_cache(maxsize=4096)  # the list is a tree that is searched anew each time; firms share a few hundred codes
def _is_a_class(digits: str, edition: firm.Edition | None) -> bool:
    revisions = {"2025": ("2.1",), None: ("2.1", "2.0")}.get(edition, ("2.0",))
    for revision in revisions:
        try:
            nace.validate(digits, revision=revision)
        except NotInTheList:
            continue
        return True
    return False


class _Place(Inbound):
    province: Province
    comune: Text | None = None
    istat: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None


class _Activity(Inbound):
    code: Annotated[str, AfterValidator(_dotted)]
    edition: firm.Edition | None = None
    main: bool | None = None

    @model_validator(mode="after")
    def _is_in_its_edition(self) -> _Activity:
        """The first four digits are NACE 2.1 since the edition of 2025, and NACE 2.0 before."""
        if _is_a_class(self.code.replace(".", "")[:4], self.edition):
            return self
        raise PydanticCustomError("ateco-unresolved", "no such code in this edition")


class _Figures(Inbound):
    year: Year
    staff: Amount | None = None
    turnover_eur: Amount | None = None
    balance_sheet_eur: Amount | None = None


class _Holding(Inbound):
    kind: firm.HoldingKind
    share: Share | None = None
    staff: Amount | None = None
    turnover_eur: Amount | None = None
    balance_sheet_eur: Amount | None = None


class _Size(_Figures):
    autonomous: bool | None = None
    public_share: Share | None = None
    previous: _Figures | None = None
    holdings: Items[_Holding] | None = None


class _ExportYear(Inbound):
    year: Year
    share: Share | None = None
    eur: Amount | None = None
    markets: Items[Country] | None = None


class _Exports(Inbound):
    years: Items[_ExportYear] | None = None
    mode: firm.ExportMode | None = None
    since: Year | None = None


class _Presence(Inbound):
    country: Country
    kind: firm.PresenceKind
    share: Share | None = None


class _Intents(Inbound):
    consolidate: bool | None = None
    invest_abroad: bool | None = None
    markets: Items[Country] | None = None


class _Imports(Inbound):
    strategic: bool | None = None
    markets: Items[Country] | None = None


class _Need(Inbound):
    front: Front
    market: Country | None = None
    import_: bool | None = Field(default=None, alias="import")
    declared_at: Time | None = None
    unit: Code | None = None


class _Contacts(Inbound):
    pec: Mail | None = None
    email: Mail | None = None
    phone: Annotated[str, Field(pattern=r"^[0-9+()./ -]{3,32}$")] | None = None
    language: firm.Language | None = None


class _Firm(Inbound):
    codice_fiscale: CodiceFiscale
    partita_iva: Annotated[str, AfterValidator(_partita_iva)] | None = None
    rea: Code | None = None
    name: Text | None = None
    legal_form: Code | None = None
    office: _Place | None = None
    local_units: Items[_Place] | None = None
    ateco: Items[_Activity] | None = None
    artisan: bool | None = None
    started_on: Day | None = None
    status: firm.Status | None = None
    size: _Size | None = None
    exports: _Exports | None = None
    presence_abroad: Items[_Presence] | None = None
    intents: _Intents | None = None
    imports: _Imports | None = None
    needs: Items[_Need] | None = None
    declared_memberships: Items[Partner] | None = None
    preferred_partner: Partner | None = None
    contacts: _Contacts | None = None


class _Membership(Inbound):
    active: bool
    since: Day | None = None


class _Consent(Inbound):
    to: PartnerOrAny
    purpose: Literal["referral"]
    given_at: Time
    expires_at: Expiry | None = None
    text_version: Code | None = None


class SubmittedData(Inbound):
    """Data of `it.portolano.firm.submitted.v1`."""

    firm: _Firm
    observed_at: Time
    membership: _Membership | None = None
    consents: Items[_Consent] | None = None
    reference: Code | None = None


class RevokedData(Inbound):
    """Data of `it.portolano.consent.revoked.v1`."""

    codice_fiscale: CodiceFiscale
    to: PartnerOrAny
    purpose: Literal["referral"] | None = None
    revoked_at: Time


class SucceededData(Inbound):
    """Data of `it.portolano.firm.succeeded.v1`: another code stands for the firm from then on."""

    codice_fiscale: CodiceFiscale
    successor: CodiceFiscale
    kind: firm.SuccessionKind
    at: Time


class ErasureRequestedData(Inbound):
    """Data of `it.portolano.firm.erasure-requested.v1`."""

    codice_fiscale: CodiceFiscale
    requested_at: Time
