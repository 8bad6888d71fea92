"""Whom each need must go to, and how each partner will answer: the way of every firm, known beforehand. Pure.

A way depends on how many working days have passed: a partner that never answers loses the need after as many as the
agreement gives it, a body that never says whether the firm is its member holds it up for as many.

This restates the order of routing (consent, owner of the front, owner of import, verified membership, who takes such a
firm, chance among equals, neutral fallback) for the simple cases that the cast has, from the agreement's text and the
cast's facts alone. Where the system goes another way, one of the two is wrong, and the summary says so.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from cli.demo.firms import Company, Kind, Need, needs_of
from shared.agreement import Agreement


class End(StrEnum):
    """Where a need comes to rest."""

    REFERRED = "referred"
    WAITING_CONSENT = "waiting_consent"
    WAITING_MEMBERSHIP = "waiting_membership"
    MANUAL = "manual"


class Said(StrEnum):
    """How a partner answers a referral."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    COMPLETED = "completed"
    """Later, of what was accepted; see `closing`."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a partner says of a referral: `reason` is coded where it rejects; `after`: seconds that it takes."""

    said: Said
    after: float
    reason: str | None = None


class By(StrEnum):
    """Why somebody is asked, by the rule's name in the receipt."""

    OWNER_OF_FRONT = "owner_of_front"
    OWNER_OF_IMPORT = "owner_of_import"
    MEMBERSHIP = "verified_membership"
    ELIGIBILITY = "eligibility"
    TIE = "tie"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Leg:
    """One referral of a need: who gets it, or among whom it is drawn, and by which rule; what is answered; who gets a
    copy beside it."""

    among: tuple[str, ...]
    by: By
    reaction: Reaction
    copies: tuple[str, ...] = ()

    def partner(self, firm_id: str) -> str:
        """Who gets it of this firm: the greatest SHA-256 of `<firm_id>/<partner>`."""
        return max(self.among, key=lambda code: hashlib.sha256(f"{firm_id}/{code}".encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one need: its referrals in order, and where it comes to rest."""

    company: Company
    need: Need
    legs: tuple[Leg, ...]
    end: End


_REASONS = ("no_capacity", "out_of_sector", "out_of_territory", "service_unavailable", "conflict_of_interest")
_FRONTS = ("institutional_support", "information", "training_and_orientation", "assistance", "finance_and_insurance")
MOST_REROUTES = 3


def react(seed: int, company: Company, need: Need, partner: str, by: str) -> Reaction:
    """What `partner` says of this need of the firm on the first day: most accept, some reject, a few never answer.

    Whoever is asked for what the firm is rejects nothing: a body that serves the firm keeps it among equals, and so the
    way of one need would hang on which of several rejections came first. And whoever is drawn says the same. For the
    same reason a firm has one need at most that is left unanswered.
    """
    drawn = by == By.TIE
    text = f"{seed}/{company.place}/{need.front}/{need.import_}/{'whoever is drawn' if drawn else partner}"
    lots = hashlib.sha256(text.encode()).digest()
    after = 0.2 + lots[1] / 255 * 0.8
    if company.withdraws:
        return Reaction(Said.ACCEPTED, after)
    if need == _unanswered(seed, company.place):
        return Reaction(Said.NOTHING, after)
    if lots[0] < 216 or by in (By.ELIGIBILITY, By.TIE):
        return Reaction(Said.ACCEPTED, after)
    return Reaction(Said.REJECTED, after, _REASONS[lots[2] % len(_REASONS)])


def _unanswered(seed: int, place: int) -> Need | None:
    """The need of the firm at `place` that nobody answers on the first day, if it has it; of some firms none."""
    lots = hashlib.sha256(f"{seed}/{place}/unanswered".encode()).digest()
    return Need(_FRONTS[lots[1] % len(_FRONTS)]) if lots[0] < 128 else None


def in_time(seconds: float) -> Reaction:
    """What a partner says that is asked once the days have begun to pass: all of them accept."""
    return Reaction(Said.ACCEPTED, seconds)


def route(
    seed: int,
    company: Company,
    need: Need,
    agreement: Agreement,
    *,
    passed: int = 0,
    firm_id: str = "",
    serving: frozenset[str] = frozenset(),
) -> Route:
    """The way of one need from its first referral to where it is once `passed` working days are over.

    Who is drawn hangs on `firm_id`; without it the way is as long, and its partners are a guess. `serving` are those
    who have other needs of the firm: among equals they keep it, when a need that nobody answered is handed on.
    """
    legs: list[Leg] = []
    excluded: set[str] = set()
    later = False
    while True:
        if len(excluded) > MOST_REROUTES:
            return Route(company, need, tuple(legs), End.MANUAL)
        asked = _asked(company, need, frozenset(excluded), agreement)
        if asked is End.WAITING_MEMBERSHIP and passed >= agreement.deadlines.membership_query:
            later, asked = True, _asked(company, need, frozenset(excluded), agreement, told=True)
        if isinstance(asked, End):
            return Route(company, need, tuple(legs), asked)
        by, among = asked
        copies = _copies(company, need, by, among, frozenset(excluded), agreement)
        among = tuple(code for code in among if code in serving) or among if later else among
        leg = Leg(among, by, react(seed, company, need, among[0], by), copies)
        if later:
            leg = replace(leg, reaction=in_time(leg.reaction.after))
        legs.append(leg)
        match leg.reaction.said:
            case Said.REJECTED:
                excluded.add(among[0])
            case Said.NOTHING if passed >= agreement.deadlines.accept.reroute:
                excluded.add(leg.partner(firm_id))
                later = True
            case Said.ACCEPTED if company.withdraws and passed >= agreement.deadlines.cancellation:
                return Route(company, need, tuple(legs), End.WAITING_CONSENT)
            case Said.ACCEPTED | Said.NOTHING:
                return Route(company, need, tuple(legs), End.REFERRED)


def routes_of(
    seed: int, company: Company, agreement: Agreement, *, passed: int = 0, firm_id: str = ""
) -> tuple[Route, ...]:
    """The ways of all needs of a firm, once so many working days have passed."""
    needs = sorted(needs_of(company, agreement))
    today = [route(seed, company, need, agreement) for need in needs]
    serving = frozenset(leg.partner(firm_id) for way in today for leg in way.legs if leg.reaction.said is Said.ACCEPTED)
    return tuple(
        route(seed, company, need, agreement, passed=passed, firm_id=firm_id, serving=serving) for need in needs
    )


def _asked(
    company: Company, need: Need, excluded: frozenset[str], agreement: Agreement, *, told: bool = False
) -> tuple[By, tuple[str, ...]] | End:
    """The rule that decides, and whom it names: several where they are equal. `told`: what the firm claims to be a
    member of has said no, or nothing in time."""
    if not company.consents:
        return End.WAITING_CONSENT
    owners = [(By.OWNER_OF_FRONT, agreement.front(need.front).owner)]
    if need.import_:
        owners.append((By.OWNER_OF_IMPORT, agreement.imports.owner))
    for by, owner in owners:
        if owner is not None and owner not in excluded:
            return (by, (owner,)) if _consented(company, owner) else End.WAITING_CONSENT
    own = _own_body(company, excluded)
    if own is not None and agreement.serves(own, need.front):
        return By.MEMBERSHIP, (own,)
    claimed = company.claims if not told else None
    if claimed is not None and agreement.serves(claimed, need.front) and _consented(company, claimed):
        return End.WAITING_MEMBERSHIP
    takers = [
        code
        for code in _takers(company)
        if code not in excluded and _consented(company, code) and agreement.serves(code, need.front)
    ]
    takers = [code for code in takers if not any(OUTER.get(other) == code for other in takers)]
    if takers:
        return (By.TIE if len(takers) > 1 else By.ELIGIBILITY), tuple(takers)
    if agreement.fallback in excluded:
        return End.MANUAL
    return (By.FALLBACK, (agreement.fallback,)) if _consented(company, agreement.fallback) else End.WAITING_CONSENT


def asked_through(company: Company) -> str | None:
    """Who is asked what is missing of the firm, where its segment is not settled: whoever told of it, which is its own
    association or nobody's, where the firm consents to that."""
    if company.assessment.status != "provisional" or not _consented(company, company.publisher):
        return None
    return company.publisher


OUTER = {"assolombarda": "confindustria", "aice": "confcommercio"}
"""A body that is part of another -> the other: of the two the inner one goes first."""


def _takers(company: Company) -> tuple[str, ...]:
    """Who takes such a firm, by the agreement's words on each body."""
    division = company.trade.ateco[:2]
    if company.artisan:
        return ("confartigianato", "cna", "claai") if company.province in ("MI", "MB") else ("confartigianato", "cna")
    if division == "46":
        return "confcommercio", "aice"
    if division == "47":
        return ("confcommercio",)
    bodies = []  # the rest of the cast's trades are industry: divisions 10 to 33
    if company.province not in ("LO", "MB", "PV"):
        bodies.append("confindustria")
    if company.province in ("LO", "MB", "MI", "PV"):
        bodies.append("assolombarda")
    if company.kind not in (Kind.LARGE, Kind.SIZE_UNKNOWN):
        bodies.append("confapi")
    return tuple(bodies)


def _own_body(company: Company, excluded: frozenset[str]) -> str | None:
    """The body of which the firm is a verified member, where it may have the need."""
    body = company.publisher if company.member_since is not None else None
    return body if body is not None and body not in excluded and _consented(company, body) else None


def _copies(
    company: Company, need: Need, by: By, among: tuple[str, ...], excluded: frozenset[str], agreement: Agreement
) -> tuple[str, ...]:
    """Who gets a copy: beside an owner the owner of import and the firm's own body, beside anybody else the firm's own
    body where it does not serve the front."""
    own = _own_body(company, excluded)
    copies = [own] if own is not None else []
    if by in (By.OWNER_OF_FRONT, By.OWNER_OF_IMPORT):
        aice = agreement.imports.owner
        if need.import_ and aice not in excluded and _consented(company, aice):
            copies.append(aice)
    elif own is not None and agreement.serves(own, need.front):
        copies = []
    return tuple(sorted({code for code in copies if code not in among}))


def _consented(company: Company, partner: str) -> bool:
    return "any" in company.consents or partner in company.consents
