"""Who is responsible for a need: the agreement's order of rules, applied to one firm, with every reason kept.

The rules are asked in the order in which the agreement names them, and the first that names somebody decides:

    consent, owner of the front, owner of import, verified membership, eligibility, tie, fallback

Before them stand two that no agreement leaves out: it must be in force, and a need is not handed on for ever. Consent
is asked first and of every partner again: a partner that the firm did not consent to is never handed anything, whatever
rule would have named it. An owner stands alone: where its consent lacks the need waits for that consent and goes to
nobody else. A partner that has rejected the need, or let it lie, is out of it for good. Where the firm declared a
membership that its body has not confirmed, that body is asked before somebody else is found.

The outcome is a `Decision`, the receipt. It can be computed again from the same input by anyone; nothing in it depends
on clock, chance or load. Who may read which part of it is settled in `readings`.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never

from services.referral import bodies, ties
from services.referral.eligibility import failing
from services.referral.question import Consented as Consented
from services.referral.question import Question as Question
from services.referral.question import consented as consented
from services.referral.receipt import Change, Decision, Outcome, Predicate, Rule, Verdict
from services.referral.ruling import Ruling
from shared.agreement import Agreement, RoutingStep


def route(question: Question, agreement: Agreement) -> Decision:
    """Decide who is responsible. Total: every question has an outcome, and all signatories a verdict."""
    ruling = _Rules(question, agreement)
    if not agreement.in_force(question.day):
        ruling.step(Rule.AGREEMENT_IN_FORCE, f"not in force on {question.day.isoformat()}")
        ruling.lose(ruling.signatories, (), Predicate.AGREEMENT_NOT_IN_FORCE)
        return ruling.nobody(Outcome.MANUAL, Rule.AGREEMENT_IN_FORCE, [Change("agreement_in_force")])
    ruling.step(Rule.AGREEMENT_IN_FORCE, f"version {agreement.version} is in force")
    most = agreement.routing.most_hops
    if question.rerouted > most:
        ruling.step(Rule.REROUTES, f"handed on {most} times already")
        return ruling.nobody(Outcome.MANUAL, Rule.REROUTES, [])
    for name in agreement.routing.order:
        decision = ruling.ask(name)
        if decision is not None:
            return decision
    return ruling.nobody(Outcome.MANUAL, Rule.NOBODY_LEFT, list(ruling.openings()))


class _Rules(Ruling):
    """One method for each step that an agreement may name; None where the step names nobody."""

    def ask(self, step: RoutingStep) -> Decision | None:
        match step:
            case "consent":
                return self.by_consent()
            case "owner_of_front":
                return self.by_owner_of_front()
            case "owner_of_import":
                return self.by_owner_of_import()
            case "membership":
                return self.by_membership()
            case "eligibility":
                return self.by_eligibility()
            case "tie":
                return self.by_tie()
            case "fallback":
                return self.by_fallback()
            case _:
                assert_never(step)

    def by_consent(self) -> Decision | None:
        if any(self.consent(code) is Consented.YES for code in self.signatories):
            self.step(Rule.CONSENT, "the firm has consented to at least one partner")
            return None
        self.step(Rule.CONSENT, "the firm has consented to no partner")
        return self.nobody(Outcome.WAITING_CONSENT, Rule.CONSENT, [Change("consent_given")])

    def by_owner_of_front(self) -> Decision | None:
        owner = self.agreement.front(self.question.front).owner
        return self._by_owner(Rule.OWNER_OF_FRONT, owner, Predicate.ANOTHER_OWNS_FRONT)

    def by_owner_of_import(self) -> Decision | None:
        owner = self.agreement.imports.owner if self.question.import_ else None
        return self._by_owner(Rule.OWNER_OF_IMPORT, owner, Predicate.ANOTHER_OWNS_IMPORT)

    def _by_owner(self, rule: Rule, owner: str | None, others: Predicate) -> Decision | None:
        """The owner stands alone, so that a lacking consent is waited for; those who support it come in beside it."""
        if owner is None:
            self.step(rule, "nobody owns it")
            return None
        if owner in self.question.excluded:
            self.step(rule, f"{owner} has had the need and did not keep it")
            return None
        self.lose(self.signatories, [owner], others, Verdict.OTHER_OWNER_OF_FRONT)
        if self.consent(owner) is not Consented.YES:
            self.step(rule, f"{owner} owns it; the firm's consent lacks")
            return self.nobody(Outcome.WAITING_CONSENT, rule, [Change("consent_given", owner)])
        self.step(rule, f"{owner} owns it")
        supporting = self._beside(owner)
        return self.chosen(owner, rule, Predicate(rule.value), [Change("consent_withdrawn", owner)], supporting)

    def _beside(self, owner: str) -> list[str]:
        """Who gets a copy of what an owner is responsible for: the owner of import, the firm's association."""
        beside = {}
        if self.question.import_ and self.agreement.imports.owner != owner:
            beside[self.agreement.imports.owner] = Predicate.SUPPORTS_IMPORT
        association, _ = self._first(self._bodies())
        if association is not None and association != owner:
            beside.setdefault(association, Predicate.FIRMS_ASSOCIATION)
        supporting = [code for code in beside if self.may_have(code)]
        for code in supporting:
            self.fails(code, beside[code])
        return supporting

    def by_membership(self) -> Decision | None:
        """The firm's own body that serves the front; the others support. Bodies that have not yet said whether the
        firm is their member are waited for."""
        mine = self._bodies()
        able = [code for code in mine if self.question.front in self.signatories[code].fronts]
        self.lose(mine, able, Predicate.FRONT_NOT_SERVED)
        winner, tied = self._first(able, tell=True)
        if winner is not None:
            chosen = self.question.confirmed and winner == self.question.choice
            wanted = " and is the one that the firm has confirmed it wants" if chosen else ""
            self.step(Rule.VERIFIED_MEMBERSHIP, f"{winner} has the firm as its member{wanted}")
            if len(tied) > 1:
                _, self.tie = ties.settle(self.question.firm_id, tied, self.question.serving)
                self.lose(tied, [winner], Predicate.TIE_LOST, Verdict.TIE_LOST)
            changes = [Change("membership_ended", winner), Change("consent_withdrawn", winner)]
            if self.question.doubted in able and self.question.doubted != winner:
                changes.append(Change("wish_confirmed", self.question.doubted))
            why = Predicate.VERIFIED_MEMBERSHIP
            return self.chosen(winner, Rule.VERIFIED_MEMBERSHIP, why, changes, self._aside())
        asked = [code for code in self.signatories if code in self.question.unanswered and self.barred(code) is None]
        if asked:
            self.step(Rule.VERIFIED_MEMBERSHIP, f"asked whether the firm is its member: {', '.join(asked)}")
            self.lose(asked, (), Predicate.MEMBERSHIP_ASKED)
            opening = [Change("membership_answered", code) for code in asked]
            return self.nobody(Outcome.WAITING_MEMBERSHIP, Rule.VERIFIED_MEMBERSHIP, opening, asked)
        self.step(Rule.VERIFIED_MEMBERSHIP, "no verified member body that may and can take it")
        return None

    def _bodies(self) -> list[str]:
        """The bodies that have the firm as their verified member, and may have the need in some role."""
        return [
            code
            for code, signatory in self.signatories.items()
            if code in self.since and signatory.members and self.may_have(code)
        ]

    def _aside(self) -> list[str]:
        """The firm's bodies that do not serve the front."""
        return [code for code in self._bodies() if self.question.front not in self.signatories[code].fronts]

    def _first(self, members: Sequence[str], *, tell: bool = False) -> tuple[str | None, Sequence[str]]:
        """Of several bodies the firm's declared choice, then the more specific, then the oldest, then by hash: the
        first one, and those that only the hash told from it. `tell`: the receipt says what the others failed."""
        for left, why in bodies.narrowing(members, self.question.choice, self.since, self.signatories):
            if tell:
                self.lose(members, left, why)
            members = left
        if not members:
            return None, ()
        return ties.settle(self.question.firm_id, members, self.question.serving)[0], members

    def by_eligibility(self) -> Decision | None:
        """Whoever takes a firm such as this one; where several do, they are left to the tie."""
        fit: list[str] = []
        for code, signatory in self.signatories.items():
            if self.barred(code) is not None:
                continue
            why = Predicate.NO_ELIGIBILITY if signatory.takes is None else self._failing(code)
            if why is None:
                fit.append(code)
                continue
            self.fails(code, why)
            if why.value.startswith("unknown:"):
                self.changes.append(Change(why.value, code))
        self.eligible = bodies.inner(fit, self.signatories)
        self.lose(fit, self.eligible, Predicate.LESS_SPECIFIC)
        match self.eligible:
            case []:
                self.step(Rule.ELIGIBILITY, "nobody takes such a firm")
            case [only]:
                self.step(Rule.ELIGIBILITY, f"{only} alone takes such a firm")
                return self.chosen(only, Rule.ELIGIBILITY, Predicate.ELIGIBLE, self._changes(only), self._aside())
            case several:
                self.step(Rule.ELIGIBILITY, f"{len(several)} take such a firm: {', '.join(several)}")
                self.lose(several, (), Predicate.ELIGIBLE)
        return None

    def _failing(self, partner: str) -> Predicate | None:
        takes = self.signatories[partner].takes
        return None if takes is None else failing(takes, self.question.facts, self.agreement)

    def by_tie(self) -> Decision | None:
        """One of those who are equal: who serves the firm already, else by hash."""
        if not self.eligible:
            return None
        winner, self.tie = ties.settle(self.question.firm_id, self.eligible, self.question.serving)
        self.lose(self.eligible, [winner], Predicate.TIE_LOST, Verdict.TIE_LOST)
        kept = bool(self.tie.staying)
        told = f"{winner} serves the firm already" if kept else f"{winner} has the greatest hash"
        self.step(Rule.TIE, told)
        why = Predicate.TIE_KEPT if kept else Predicate.TIE_WON
        return self.chosen(winner, Rule.TIE, why, self._changes(winner), self._aside())

    def by_fallback(self) -> Decision | None:
        """The neutral body, under this rule only and whatever the front; after it a person."""
        fallback = self.agreement.fallback
        if fallback in self.question.excluded:
            self.step(Rule.FALLBACK, f"{fallback} has had the need and did not keep it")
            return None
        if self.consent(fallback) is not Consented.YES:
            self.step(Rule.FALLBACK, f"{fallback} is left; the firm's consent lacks")
            changes = [*self.openings(), Change("consent_given", fallback)]
            return self.nobody(Outcome.WAITING_CONSENT, Rule.FALLBACK, changes)
        self.step(Rule.FALLBACK, f"{fallback} takes what is left to nobody else")
        return self.chosen(fallback, Rule.FALLBACK, Predicate.FALLBACK, list(self.openings()), self._aside())

    def _changes(self, partner: str) -> list[Change]:
        return [*self.openings(but=partner), Change("consent_withdrawn", partner)]

    def openings(self, *, but: str | None = None) -> Iterator[Change]:
        """What would bring in another body that serves the front: its word that the firm is its member, or the firm's
        consent."""
        for code, signatory in self.signatories.items():
            if code == but or not signatory.members or self.question.front not in signatory.fronts:
                continue
            match self.barred(code):
                case None:
                    yield Change("membership_verified", code)
                case Predicate.NO_CONSENT | Predicate.CONSENT_EXPIRED if self._would_take(code):
                    yield Change("consent_given", code)
                case _:
                    pass

    def _would_take(self, code: str) -> bool:
        """Whether the firm's consent is all that is wanting."""
        return code in self.since or (self.signatories[code].takes is not None and self._failing(code) is None)
