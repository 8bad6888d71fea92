"""What is to be routed, and whether the firm lets a partner have it. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.referral.eligibility import Facts
from shared.contracts.firm import Consent, Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A need of a firm, and the facts that the rules ask for.

    `consents` and `memberships` are the firm's own as they stand (withdrawn consents are gone, memberships are verified
    and active). `unanswered`: bodies of which the firm declared itself a member and whose word is still to come.
    `choice` is the body by which the firm wants to be served, where that wish counts, `confirmed` where the firm itself
    had to say so; `doubted` is the body that is wished for where that does not count. `serving`: partners that have an
    open or a completed referral of the firm. `redeclared`: partners that declare the need after others did, and have no
    task for it. `excluded` have rejected this need or let it lie; it was handed on `rerouted` times, the present one
    included. `at` is the moment of deciding, `day` its day in Europe/Rome.
    """

    firm_id: str
    front: str
    import_: bool
    facts: Facts
    consents: Sequence[Consent]
    memberships: Sequence[Membership]
    excluded: frozenset[str]
    rerouted: int
    at: datetime
    day: date
    market: str | None = None
    unanswered: Collection[str] = ()
    choice: str | None = None
    confirmed: bool = False
    doubted: str | None = None
    serving: Collection[str] = ()
    redeclared: Collection[str] = ()


class Consented(StrEnum):
    """Whether the firm lets this partner have it: an expired consent is told apart, because it ends less."""

    YES = "yes"
    EXPIRED = "expired"
    NO = "no"


def consented(partner: str, consents: Sequence[Consent], at: datetime) -> Consented:
    """Whether a consent for referral names `partner`, or anybody, and has not expired at `at`."""
    expired = False
    for given in consents:
        if given.to in (partner, "any") and given.purpose == "referral":
            if given.expires_at is None or given.expires_at > at:
                return Consented.YES
            expired = True
    return Consented.EXPIRED if expired else Consented.NO
