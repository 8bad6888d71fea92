"""A firm as it travels: the members of the public contract, all unknown unless said.

`None` is "not known" and never "no"; an empty tuple is a statement ("none"). A figure is a number or a range, because a
register knows classes and not amounts.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

Edition = Literal["2007", "2022", "2025"]
Status = Literal["active", "in_liquidation", "ceased"]
ExportMode = Literal["none", "direct", "indirect", "occasional"]
PresenceKind = Literal["subsidiary", "joint_venture", "stake", "branch", "office"]
HoldingKind = Literal["partner", "linked"]
Language = Literal["it", "en"]
SuccessionKind = Literal["merger", "transfer", "code_corrected"]

REGISTER = "unioncamere"
"""The chambers keep the business register: who tells for it."""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the values that events are made of; unknown members are ignored when read."""


class Range(Part, frozen=True, kw_only=True):
    """A figure known to lie between two bounds, both included; an absent bound is none."""

    min: float | None = None
    max: float | None = None


Figure = int | float | Range


class Place(Part, frozen=True, kw_only=True):
    """A seat or a local unit: two-letter province, name of the comune, its ISTAT code."""

    province: str
    comune: str | None = None
    istat: str | None = None


class Activity(Part, frozen=True, kw_only=True):
    """An ATECO code with dots (`62.01.00`) and the edition in which it was written."""

    code: str
    edition: Edition | None = None
    main: bool | None = None


class Figures(Part, frozen=True, kw_only=True):
    """One year's size: staff in annual work units, amounts in euro."""

    year: int
    staff: Figure | None = None
    turnover_eur: Figure | None = None
    balance_sheet_eur: Figure | None = None


class Holding(Part, frozen=True, kw_only=True):
    """Another enterprise that counts for the size: `share` 0–1; partner 25–50 %, linked above (2003/361/EC, art. 3)."""

    kind: HoldingKind
    share: Figure | None = None
    staff: Figure | None = None
    turnover_eur: Figure | None = None
    balance_sheet_eur: Figure | None = None


class Size(Figures, frozen=True, kw_only=True):
    """A year's figures with what decides whose figures are added to them; `public_share` 0–1."""

    autonomous: bool | None = None
    public_share: Figure | None = None
    previous: Figures | None = None
    holdings: tuple[Holding, ...] | None = None


class ExportYear(Part, frozen=True, kw_only=True):
    """A year's exports: `share` of the turnover 0–1, amount in euro, countries (ISO 3166 alpha-2, or XK)."""

    year: int
    share: Figure | None = None
    eur: Figure | None = None
    markets: tuple[str, ...] | None = None


class Exports(Part, frozen=True, kw_only=True):
    """What is known of a firm's exports; `since` is the first year of exporting."""

    years: tuple[ExportYear, ...] | None = None
    mode: ExportMode | None = None
    since: int | None = None


class Presence(Part, frozen=True, kw_only=True):
    """Something of the firm's own abroad; `share` 0–1 of what it holds there."""

    country: str
    kind: PresenceKind
    share: Figure | None = None


class Intents(Part, frozen=True, kw_only=True):
    """What the firm means to do."""

    consolidate: bool | None = None
    invest_abroad: bool | None = None
    markets: tuple[str, ...] | None = None


class Imports(Part, frozen=True, kw_only=True):
    """Whether the firm imports what it cannot do without, and from where."""

    strategic: bool | None = None
    markets: tuple[str, ...] | None = None


class DeclaredNeed(Part, frozen=True, kw_only=True):
    """A need that the firm named itself; `unit` says which local unit needs it."""

    front: str
    market: str | None = None
    import_: bool | None = msgspec.field(default=None, name="import")
    declared_at: datetime | None = None
    unit: str | None = None

    @property
    def key(self) -> tuple[str, bool, str | None]:
        """What makes two declarations one need: (front, import, market)."""
        return self.front, bool(self.import_), self.market


class Contacts(Part, frozen=True, kw_only=True):
    """Personal data: certified mailbox, e-mail, telephone, language of correspondence."""

    pec: str | None = None
    email: str | None = None
    phone: str | None = None
    language: Language | None = None


class Profile(Part, frozen=True, kw_only=True):
    """What is known of one firm, from one partner or merged over all of them."""

    codice_fiscale: str
    partita_iva: str | None = None
    rea: str | None = None
    name: str | None = None
    legal_form: str | None = None
    office: Place | None = None
    local_units: tuple[Place, ...] | None = None
    ateco: tuple[Activity, ...] | None = None
    artisan: bool | None = None
    started_on: date | None = None
    status: Status | None = None
    size: Size | None = None
    exports: Exports | None = None
    presence_abroad: tuple[Presence, ...] | None = None
    intents: Intents | None = None
    imports: Imports | None = None
    needs: tuple[DeclaredNeed, ...] | None = None
    declared_memberships: tuple[str, ...] | None = None
    preferred_partner: str | None = None
    contacts: Contacts | None = None


class Publisher(Part, frozen=True, kw_only=True):
    """A partner that asserts something of the firm, the submission that holds now, the partner's own reference."""

    partner: str
    submission_id: str
    observed_at: datetime
    reference: str | None = None


class Membership(Part, frozen=True, kw_only=True):
    """A verified, active membership: said by the association itself."""

    partner: str
    since: date | None = None


class Consent(Part, frozen=True, kw_only=True):
    """The firm's authorisation, in force when the event was said: `to` is a partner's code or "any"."""

    to: str
    purpose: Literal["referral"]
    given_at: datetime
    expires_at: datetime | None = None
