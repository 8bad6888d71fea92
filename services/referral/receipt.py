"""The receipt of a routing decision: why this partner, why not each of the others, and what would change it. Pure.

Rules, verdicts and predicates have names that are kept with every receipt; they are added to, never renamed.
"""

import hashlib
from enum import StrEnum

import msgspec


class Rule(StrEnum):
    """The rule that decided."""

    AGREEMENT_IN_FORCE = "agreement_in_force"
    REROUTES = "reroutes"
    CONSENT = "consent"
    OWNER_OF_FRONT = "owner_of_front"
    OWNER_OF_IMPORT = "owner_of_import"
    VERIFIED_MEMBERSHIP = "verified_membership"
    ELIGIBILITY = "eligibility"
    TIE = "tie"
    FALLBACK = "fallback"
    NOBODY_LEFT = "nobody_left"
    ASSIGNED_BY_PERSON = "assigned_by_person"
    NEED_REDECLARED = "need_redeclared"


class Outcome(StrEnum):
    """What becomes of the need."""

    ASSIGNED = "assigned"
    WAITING_CONSENT = "waiting_consent"
    WAITING_MEMBERSHIP = "waiting_membership"
    MANUAL = "manual"


class Verdict(StrEnum):
    """What became of one candidate. `executor` and `supporting` come in beside the one selected."""

    SELECTED = "selected"
    EXECUTOR = "executor"
    SUPPORTING = "supporting"
    OTHER_OWNER_OF_FRONT = "other_owner_of_front"
    TIE_LOST = "tie_lost"
    NOT_SELECTED = "not_selected"


class Predicate(StrEnum):
    """Why a candidate was selected, or the first thing that it failed."""

    OWNER_OF_FRONT = "owner_of_front"
    OWNER_OF_IMPORT = "owner_of_import"
    VERIFIED_MEMBERSHIP = "verified_membership"
    ELIGIBLE = "eligible"
    TIE_WON = "tie_won"
    TIE_KEPT = "tie_kept"
    FALLBACK = "fallback"
    IN_MARKET_LEG = "in_market_leg"
    FIRMS_ASSOCIATION = "firms_association"
    SUPPORTS_IMPORT = "supports_import"
    AGREEMENT_NOT_IN_FORCE = "agreement_not_in_force"
    ANOTHER_OWNS_FRONT = "another_owns_front"
    ANOTHER_OWNS_IMPORT = "another_owns_import"
    REJECTED_EARLIER = "rejected_earlier"
    NO_CONSENT = "no_consent"
    CONSENT_EXPIRED = "consent_expired"
    FRONT_NOT_SERVED = "front_not_served"
    NOT_A_MEMBER_BODY = "not_a_member_body"
    NO_VERIFIED_MEMBERSHIP = "no_verified_membership"
    MEMBERSHIP_ASKED = "membership_asked"
    NO_ELIGIBILITY = "no_eligibility"
    ARTISAN = "artisan"
    SECTOR = "sector"
    PROVINCE = "province"
    SIZE = "size"
    UNKNOWN_ARTISAN = "unknown:artisan"
    UNKNOWN_SECTOR = "unknown:ateco"
    UNKNOWN_PROVINCE = "unknown:office"
    UNKNOWN_SIZE = "unknown:size"
    NOT_DECLARED_CHOICE = "not_declared_choice"
    LESS_SPECIFIC = "less_specific"
    YOUNGER_MEMBERSHIP = "younger_membership"
    TIE_LOST = "tie_lost"
    MEMBERSHIP_DECIDED = "membership_decided"
    ASSIGNED_BY_PERSON = "assigned_by_person"
    PERSON_DECIDED = "person_decided"
    DECLARES_TOO = "declares_too"
    HAS_TASK = "has_task"
    DECLARED_FIRST = "declared_first"
    DOES_NOT_DECLARE = "does_not_declare"


class Step(msgspec.Struct, frozen=True):
    """One rule that was asked, and what came of it."""

    rule: Rule
    reason: str


class Candidate(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the signatories: its verdict, and the predicate that gave it."""

    partner: str
    verdict: Verdict
    predicate: Predicate


class Tie(msgspec.Struct, frozen=True, omit_defaults=True):
    """Members that nothing told apart; `hash` is the winner's, SHA-256 of `<firm_id>/<partner>` in hex, the greatest
    wins. `staying` are members that serve the firm already: where there are any, the tie was among them."""

    members: tuple[str, ...]
    hash: str
    staying: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fact that, were it otherwise, would change the decision. `partner` is whom it is about, None where anybody."""

    fact: str
    partner: str | None = None


class Person(msgspec.Struct, frozen=True):
    """Who decided in place of the rules, as the operating system knows them, and why in their words. The Region's view
    alone: no partner and no firm is told."""

    by: str
    reason: str


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The receipt of one routing decision. `partner` is set exactly where the outcome is `assigned`, `person` exactly
    where the rule is `assigned_by_person`, `asks` (whose word on a membership is waited for) exactly where the outcome
    is `waiting_membership`. `supporting` and `executor` come in beside `partner`; where the rule is `need_redeclared`,
    `partner` had the need already, and those supporting are new."""

    agreement: str
    outcome: Outcome
    rule: Rule
    path: tuple[Step, ...]
    candidates: tuple[Candidate, ...]
    would_change_it: tuple[Change, ...]
    partner: str | None = None
    tie: Tie | None = None
    person: Person | None = None
    supporting: tuple[str, ...] = ()
    executor: str | None = None
    asks: tuple[str, ...] = ()


def digest(decision: Decision) -> str:
    """What tells two decisions apart: SHA-256 of the receipt, in hex."""
    return hashlib.sha256(msgspec.json.encode(decision)).hexdigest()
