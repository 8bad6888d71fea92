"""Whom each need must go to, and how each partner will answer: the way of every firm, known beforehand. Pure.

This restates the order of routing (consent, owner of the front, owner of import, verified membership, neutral fallback)
for the simple cases that the cast has, from the agreement and the cast's facts alone. Where the system goes another
way, one of the two is wrong, and the summary says so.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from cli.demo.firms import WITHOUT_MEMBERS, Company, Need, needs_of
from shared.agreement import Agreement


class End(StrEnum):
    """Where a need comes to rest."""

    REFERRED = "referred"
    WAITING_CONSENT = "waiting_consent"
    MANUAL = "manual"


class Said(StrEnum):
    """How a partner answers a referral."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a partner says of a referral: `reason` is coded where it rejects; `after`: seconds that it takes."""

    said: Said
    after: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One referral of a need: who gets it, and what it answers."""

    partner: str
    reaction: Reaction


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one need: its referrals in order, and where it comes to rest."""

    company: Company
    need: Need
    legs: tuple[Leg, ...]
    end: End


_REASONS = ("no_capacity", "out_of_sector", "out_of_territory", "service_unavailable", "conflict_of_interest")
MOST_REROUTES = 3


def react(seed: int, place: int, need: Need, partner: str) -> Reaction:
    """What `partner` says of this need of the firm at `place`: most accept, some reject, a few keep silent."""
    text = f"{seed}/{place}/{need.front}/{need.import_}/{partner}"
    lots = hashlib.sha256(text.encode()).digest()
    after = 0.2 + lots[1] / 255 * 0.8
    if lots[0] < 200:
        return Reaction(Said.ACCEPTED, after)
    if lots[0] < 236:
        return Reaction(Said.REJECTED, after, _REASONS[lots[2] % len(_REASONS)])
    return Reaction(Said.NOTHING, after)


def route(seed: int, company: Company, need: Need, agreement: Agreement) -> Route:
    """The way of one need from its first referral to its rest."""
    legs: list[Leg] = []
    excluded: set[str] = set()
    while True:
        if len(excluded) > MOST_REROUTES:
            return Route(company, need, tuple(legs), End.MANUAL)
        partner = _responsible(company, need, frozenset(excluded), agreement)
        if isinstance(partner, End):
            return Route(company, need, tuple(legs), partner)
        legs.append(Leg(partner, react(seed, company.place, need, partner)))
        if legs[-1].reaction.said is not Said.REJECTED:
            return Route(company, need, tuple(legs), End.REFERRED)
        excluded.add(partner)


def routes_of(seed: int, company: Company, agreement: Agreement) -> tuple[Route, ...]:
    """The ways of all needs of a firm."""
    return tuple(route(seed, company, need, agreement) for need in sorted(needs_of(company, agreement)))


def _responsible(company: Company, need: Need, excluded: frozenset[str], agreement: Agreement) -> str | End:
    if not company.consents:
        return End.WAITING_CONSENT
    owners = [agreement.front(need.front).owner]
    if need.import_:
        owners.append(agreement.imports.owner)
    for owner in owners:
        if owner is not None and owner not in excluded:
            return owner if _consented(company, owner) else End.WAITING_CONSENT
    member_of = company.publisher if company.member_since is not None else None
    if (
        member_of is not None
        and member_of not in excluded | WITHOUT_MEMBERS
        and _consented(company, member_of)
        and agreement.serves(member_of, need.front)
    ):
        return member_of
    if agreement.fallback in excluded:
        return End.MANUAL
    return agreement.fallback if _consented(company, agreement.fallback) else End.WAITING_CONSENT


def _consented(company: Company, partner: str) -> bool:
    return "any" in company.consents or partner in company.consents
