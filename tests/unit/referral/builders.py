"""Builders for these tests: they state only what matters, the rest is the plainest case."""

from datetime import UTC, date, datetime

from services.referral.case import Case, Moment, Referral
from services.referral.case import Opened as Opened
from services.referral.domain import assess
from services.referral.routing import Question
from shared.agreement import Agreement, load
from shared.contracts.classifier import FirmAssessed, Need, Segment
from shared.contracts.firm import Consent, Contacts, Membership, Profile, Publisher

FIRM = "00000000-0000-8000-8000-000000000001"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
ACCORD: Agreement = load()


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
) -> Question:
    return Question(
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
    declared_at: datetime | None = None,
) -> Need:
    return Need(front=front, import_=import_, market=market, declared=True, declared_at=declared_at)


def case_with(
    *referred: Need, consents: tuple[Consent, ...] = (consent(),), members: tuple[Membership, ...] = ()
) -> tuple[Case, list[Referral]]:
    """A case in which these needs have just been referred, and their referrals in the order of the needs."""
    case = Case(FIRM)
    facts = assess(case, assessed(*referred, consents=consents, members=members), moment())
    return case, [fact.referral for fact in facts if isinstance(fact, Opened)]
