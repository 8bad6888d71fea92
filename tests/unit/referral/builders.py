"""Builders for these tests: they state only what matters, the rest is the plainest case."""

from datetime import UTC, date, datetime
from typing import Any

from services.referral.case import Case, Moment, Referral, Role
from services.referral.case import Opened as Opened
from services.referral.domain import assess
from services.referral.eligibility import facts_of
from services.referral.routing import Question
from shared.agreement import Agreement, load
from shared.contracts.classifier import FirmAssessed, Need, Segment
from shared.contracts.firm import Activity, Consent, Contacts, Membership, Place, Profile, Publisher, Size

FIRM = "00000000-0000-8000-8000-000000000001"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
ACCORD: Agreement = load()
UNKNOWN = Profile(codice_fiscale="12345670017")
"""A firm of which nothing is known that eligibility asks for: nobody takes it for what it is."""


def firm(
    *,
    artisan: bool | None = False,
    province: str | None = "BG",
    division: str | None = "25",
    staff: int | None = 12,
    **more: Any,
) -> Profile:
    """A firm of which everything is known that eligibility asks for, unless it is stated as None: a small maker of
    metal goods in Bergamo."""
    size = Size(year=2025, staff=staff, turnover_eur=staff * 100_000, balance_sheet_eur=0) if staff else None
    return Profile(
        codice_fiscale="12345670017",
        artisan=artisan,
        office=Place(province=province) if province else None,
        ateco=(Activity(code=f"{division}.11.00", edition="2025", main=True),) if division else None,
        size=size,
        **more,
    )


def consent(to: str = "any", *, expires_at: datetime | None = None) -> Consent:
    return Consent(to=to, purpose="referral", given_at=datetime(2026, 1, 1, tzinfo=UTC), expires_at=expires_at)


def member(partner: str, *, since: date | None = None) -> Membership:
    return Membership(partner=partner, since=since)


def question(
    front: str = "assistance",
    *,
    import_: bool = False,
    consents: tuple[Consent, ...] = (consent(),),
    members: tuple[Membership, ...] = (),
    excluded: frozenset[str] = frozenset(),
    rerouted: int = 0,
    firm_id: str = FIRM,
    day: date = TODAY,
    market: str | None = None,
    unanswered: frozenset[str] = frozenset(),
    choice: str | None = None,
    serving: frozenset[str] = frozenset(),
    profile: Profile = UNKNOWN,
) -> Question:
    return Question(
        market=market,
        unanswered=unanswered,
        choice=choice,
        serving=serving,
        facts=facts_of(profile, ACCORD.criteria),
        firm_id=firm_id,
        front=front,
        import_=import_,
        consents=consents,
        memberships=members,
        excluded=excluded,
        rerouted=rerouted,
        at=NOW,
        day=day,
    )


def moment(cause_id: str = "first") -> Moment:
    return Moment(cause_id, NOW, NOW.date(), ACCORD)


def assessed(
    *needs: Need,
    consents: tuple[Consent, ...] = (consent(),),
    members: tuple[Membership, ...] = (),
    publishers: tuple[Publisher, ...] = (),
    profile: Profile | None = None,
    version: int = 1,
) -> FirmAssessed:
    return FirmAssessed(
        firm_id=FIRM,
        version=version,
        profile=profile or Profile(codice_fiscale="12345670017", name="Rossi", contacts=Contacts(pec="r@pec.example")),
        publishers=publishers,
        memberships=members,
        consents=consents,
        segment=Segment(
            status="provisional", agreement=ACCORD.version, possible=("no_experience",), presumptions=(), warnings=()
        ),
        needs=needs,
    )


def need(
    front: str = "assistance",
    *,
    import_: bool = False,
    market: str | None = None,
    unit: str | None = None,
    declared_at: datetime | None = None,
) -> Need:
    return Need(front=front, import_=import_, market=market, unit=unit, declared=True, declared_at=declared_at)


def case_with(
    *referred: Need,
    consents: tuple[Consent, ...] = (consent(),),
    members: tuple[Membership, ...] = (),
    profile: Profile | None = None,
) -> tuple[Case, list[Referral]]:
    """A case in which these needs have just been referred, and their responsible referrals in the order of the
    needs."""
    case = Case(FIRM)
    facts = assess(case, assessed(*referred, consents=consents, members=members, profile=profile), moment())
    opened = [fact.referral for fact in facts if isinstance(fact, Opened)]
    return case, [referral for referral in opened if referral.role is Role.RESPONSIBLE]
