"""Who is responsible for a need: the agreement's order of rules, applied to one firm, with every reason kept.

The rules are asked in order, and the first that names somebody decides:

    agreement in force, re-routes, consent, owner of the front, owner of import, verified membership, fallback

Consent is asked first and of every partner again: a partner that the firm did not consent to is never handed anything,
whatever rule would have named it. An owner stands alone: where its consent lacks the need waits for that consent and
goes to nobody else. A partner that has rejected the need is out of it for good.

The outcome is a `Decision`, the receipt. It can be computed again from the same input by anyone; nothing in it depends
on clock, chance or load. Who may read which part of it is settled in `views`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from services.referral.receipt import Candidate, Change, Decision, Outcome, Predicate, Rule, Step, Tie, Verdict
from shared.agreement import Agreement
from shared.contracts.firm import Consent, Membership

NESTED_IN = MappingProxyType({"aice": "confcommercio", "assolombarda": "confindustria"})
"""Bodies that are part of another: of two memberships in such a pair the inner, more specific body goes first."""

MOST_REROUTES = 3
"""How often a need is handed on before a person takes it."""

NO_MEMBERS = frozenset({"regione", "unioncamere", "assocamerestero", "sacesimest"})
"""Signatories that represent no member firms: a membership that one of them tells of routes
nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be routed: a need of a firm, and the facts that the rules ask for.

    `consents` and `memberships` are the firm's own as they stand (withdrawn consents are gone, memberships are verified
    and active). `excluded` have rejected this need, which was handed on `rerouted` times, the present one included.
    `at` is the moment of deciding, `day` its day in Europe/Rome.
    """

    firm_id: str
    front: str
    import_: bool
    consents: Sequence[Consent]
    memberships: Sequence[Membership]
    excluded: frozenset[str]
    rerouted: int
    at: datetime
    day: date


class Consented(StrEnum):
    """Whether the firm lets this partner have it: an expired consent is told apart, because it ends less."""

    YES = "yes"
    EXPIRED = "expired"
    NO = "no"


def consented(partner: str, consents: Sequence[Consent], at: datetime) -> Consented:
    """Whether a consent for referral names `partner`, or anybody, and has not expired at `at`."""
    named = [given for given in consents if given.to in (partner, "any") and given.purpose == "referral"]
    if any(given.expires_at is None or given.expires_at > at for given in named):
        return Consented.YES
    return Consented.EXPIRED if named else Consented.NO


def route(question: Question, agreement: Agreement) -> Decision:
    """Decide who is responsible. Total: every question has an outcome, and all signatories a verdict."""
    ruling = _Ruling(question, agreement)
    if not agreement.in_force(question.day):
        ruling.steps.append(Step(Rule.AGREEMENT_IN_FORCE, f"not in force on {question.day.isoformat()}"))
        ruling.rest(Predicate.AGREEMENT_NOT_IN_FORCE)
        return ruling.nobody(Outcome.MANUAL, Rule.AGREEMENT_IN_FORCE, Change("agreement_in_force"))
    ruling.steps.append(Step(Rule.AGREEMENT_IN_FORCE, f"version {agreement.version} is in force"))
    if question.rerouted > MOST_REROUTES:
        ruling.steps.append(Step(Rule.REROUTES, f"handed on {MOST_REROUTES} times already"))
        return ruling.nobody(Outcome.MANUAL, Rule.REROUTES)
    willing = [code for code in agreement.partners if ruling.consent(code) is Consented.YES]
    if not willing:
        ruling.steps.append(Step(Rule.CONSENT, "the firm has consented to no partner"))
        return ruling.nobody(Outcome.WAITING_CONSENT, Rule.CONSENT, Change("consent_given"))
    ruling.steps.append(Step(Rule.CONSENT, "the firm has consented to at least one partner"))
    return ruling.by_owner() or ruling.by_membership() or ruling.by_fallback()


class _Ruling:
    """A decision in the making: the verdicts given so far, the steps taken."""

    def __init__(self, question: Question, agreement: Agreement) -> None:
        self.question, self.agreement = question, agreement
        self.steps: list[Step] = []
        self.tie: Tie | None = None
        self.failed: dict[str, tuple[Verdict, Predicate]] = {}

    def consent(self, partner: str) -> Consented:
        return consented(partner, self.question.consents, self.question.at)

    def by_owner(self) -> Decision | None:
        """The owner of the front, then that of import; it stands alone, so that a lacking consent is waited for."""
        front = self.agreement.front(self.question.front)
        imports = self.agreement.imports.owner if self.question.import_ else None
        for rule, owner, others in (
            (Rule.OWNER_OF_FRONT, front.owner, Predicate.ANOTHER_OWNS_FRONT),
            (Rule.OWNER_OF_IMPORT, imports, Predicate.ANOTHER_OWNS_IMPORT),
        ):
            if owner is None:
                self.steps.append(Step(rule, "nobody owns it"))
            elif owner in self.question.excluded:
                self.steps.append(Step(rule, f"{owner} has rejected the need"))
            elif self.consent(owner) is not Consented.YES:
                self.steps.append(Step(rule, f"{owner} owns it; the firm's consent lacks"))
                self.rest(others, Verdict.OTHER_OWNER_OF_FRONT, but=owner)
                return self.nobody(Outcome.WAITING_CONSENT, rule, Change("consent_given", owner))
            else:
                self.steps.append(Step(rule, f"{owner} owns it"))
                self.rest(others, Verdict.OTHER_OWNER_OF_FRONT, but=owner)
                return self.chosen(owner, rule, Predicate(rule.value), Change("consent_withdrawn", owner))
        return None

    def by_membership(self) -> Decision | None:
        """The firm's own body: the more specific, then the oldest membership, then equal chances by hash."""
        since = {member.partner: member.since for member in self.question.memberships}
        able = [code for code in self.agreement.partners if code in since and not self.barred(code)]
        inner = [code for code in able if not any(NESTED_IN.get(other) == code for other in able)]
        self.lose(able, inner, Predicate.LESS_SPECIFIC)
        oldest = min((since[code] or date.max for code in inner), default=date.max)
        first = [code for code in inner if (since[code] or date.max) == oldest]
        self.lose(inner, first, Predicate.YOUNGER_MEMBERSHIP)
        if not first:
            self.steps.append(Step(Rule.VERIFIED_MEMBERSHIP, "no verified member body that may and can take it"))
            return None
        winner = max(first, key=self.weight)
        if len(first) > 1:
            self.tie = Tie(tuple(first), self.weight(winner))
            self.lose(first, [winner], Predicate.TIE_LOST, Verdict.TIE_LOST)
        self.steps.append(Step(Rule.VERIFIED_MEMBERSHIP, f"{winner} has the firm as its member"))
        changes = (Change("membership_ended", winner), Change("consent_withdrawn", winner))
        return self.chosen(winner, Rule.VERIFIED_MEMBERSHIP, Predicate.VERIFIED_MEMBERSHIP, *changes)

    def by_fallback(self) -> Decision:
        """The neutral body, under this rule only and whatever the front; after it a person."""
        fallback = self.agreement.fallback
        if fallback in self.question.excluded:
            self.steps.append(Step(Rule.FALLBACK, f"{fallback} has rejected the need"))
            return self.nobody(Outcome.MANUAL, Rule.NOBODY_LEFT, *self.openings())
        if self.consent(fallback) is not Consented.YES:
            self.steps.append(Step(Rule.FALLBACK, f"{fallback} is left; the firm's consent lacks"))
            changes = (*self.openings(), Change("consent_given", fallback))
            return self.nobody(Outcome.WAITING_CONSENT, Rule.FALLBACK, *changes)
        self.steps.append(Step(Rule.FALLBACK, f"{fallback} takes what is left to nobody else"))
        return self.chosen(fallback, Rule.FALLBACK, Predicate.FALLBACK, *self.openings())

    def weight(self, partner: str) -> str:
        """Rendezvous hash: the same on every front and for ever, equal chances over many firms."""
        return hashlib.sha256(f"{self.question.firm_id}/{partner}".encode()).hexdigest()

    def barred(self, partner: str) -> Predicate | None:
        """The first thing that keeps a partner from an open front, its membership apart."""
        if partner in self.question.excluded:
            return Predicate.REJECTED_EARLIER
        match self.consent(partner):
            case Consented.EXPIRED:
                return Predicate.CONSENT_EXPIRED
            case Consented.NO:
                return Predicate.NO_CONSENT
            case Consented.YES:
                pass
        if not self.agreement.serves(partner, self.question.front):
            return Predicate.FRONT_NOT_SERVED
        return Predicate.NOT_A_MEMBER_BODY if partner in NO_MEMBERS else None

    def openings(self) -> Iterator[Change]:
        """What would bring in a body that serves the front: its word that the firm is its member, or the firm's
        consent."""
        members = {member.partner for member in self.question.memberships}
        for code in self.agreement.partners:
            if code in NO_MEMBERS or not self.agreement.serves(code, self.question.front):
                continue
            match self.barred(code):
                case None:
                    yield Change("membership_verified", code)
                case Predicate.NO_CONSENT | Predicate.CONSENT_EXPIRED if code in members:
                    yield Change("consent_given", code)
                case _:
                    pass

    def lose(
        self, had: Sequence[str], left: Sequence[str], why: Predicate, verdict: Verdict = Verdict.NOT_SELECTED
    ) -> None:
        for code in had:
            if code not in left:
                self.failed[code] = (verdict, why)

    def rest(self, why: Predicate, verdict: Verdict = Verdict.NOT_SELECTED, *, but: str | None = None) -> None:
        self.lose(self.agreement.partners, [but] if but else [], why, verdict)

    def chosen(self, partner: str, rule: Rule, why: Predicate, *changes: Change) -> Decision:
        return self.decision(Outcome.ASSIGNED, rule, changes, (partner, why))

    def nobody(self, outcome: Outcome, rule: Rule, *changes: Change) -> Decision:
        return self.decision(outcome, rule, changes, None)

    def decision(
        self, outcome: Outcome, rule: Rule, changes: Sequence[Change], chosen: tuple[str, Predicate] | None
    ) -> Decision:
        members = {member.partner for member in self.question.memberships}

        def candidate(code: str) -> Candidate:
            if chosen is not None and code == chosen[0]:
                return Candidate(code, Verdict.SELECTED, chosen[1])
            if code in self.failed:
                return Candidate(code, *self.failed[code])
            why = self.barred(code) or (
                Predicate.MEMBERSHIP_DECIDED if code in members else Predicate.NO_VERIFIED_MEMBERSHIP
            )
            return Candidate(code, Verdict.NOT_SELECTED, why)

        return Decision(
            agreement=self.agreement.version,
            outcome=outcome,
            rule=rule,
            path=tuple(self.steps),
            candidates=tuple(candidate(code) for code in self.agreement.partners),
            would_change_it=tuple(changes),
            partner=chosen[0] if chosen else None,
            tie=self.tie,
        )
