"""A decision in the making: the steps taken, what each candidate failed, and the receipt that comes of it. Pure."""

from collections.abc import Collection, Sequence

from services.referral.question import Consented, Question, consented
from services.referral.receipt import Candidate, Change, Decision, Outcome, Predicate, Rule, Step, Tie, Verdict
from shared.agreement import Agreement, Signatory


class Ruling:
    """What is known of the candidates so far. The rules write into it and ask it who may be chosen at all."""

    def __init__(self, question: Question, agreement: Agreement) -> None:
        self.question, self.agreement = question, agreement
        self.signatories: dict[str, Signatory] = {one.code: one for one in agreement.signatories}
        """By code, in the order of the document."""
        self.since = {member.partner: member.since for member in question.memberships}
        self.steps: list[Step] = []
        self.tie: Tie | None = None
        self.eligible: list[str] = []
        """Whom the rule of eligibility left, where it left several."""
        self.changes: list[Change] = []
        """Facts that nobody knows and that could change the decision."""
        self._failed: dict[str, tuple[Verdict, Predicate]] = {}
        self._consented: dict[str, Consented] = {}
        self._barred: dict[str, Predicate | None] = {}

    def consent(self, partner: str) -> Consented:
        known = self._consented.get(partner)
        if known is None:
            known = self._consented[partner] = consented(partner, self.question.consents, self.question.at)
        return known

    def may_have(self, partner: str) -> bool:
        """Whether the need may be handed to this partner in any role."""
        return partner not in self.question.excluded and self.consent(partner) is Consented.YES

    def barred(self, partner: str) -> Predicate | None:
        """The first thing that keeps a partner from an open front, whatever is known of the firm."""
        if partner not in self._barred:
            self._barred[partner] = self._bar(partner)
        return self._barred[partner]

    def _bar(self, partner: str) -> Predicate | None:
        if partner in self.question.excluded:
            return Predicate.REJECTED_EARLIER
        match self.consent(partner):
            case Consented.EXPIRED:
                return Predicate.CONSENT_EXPIRED
            case Consented.NO:
                return Predicate.NO_CONSENT
            case Consented.YES:
                pass
        signatory = self.signatories[partner]
        if self.question.front not in signatory.fronts:
            return Predicate.FRONT_NOT_SERVED
        return None if signatory.members else Predicate.NOT_A_MEMBER_BODY

    def step(self, rule: Rule, reason: str) -> None:
        self.steps.append(Step(rule, reason))

    def fails(self, partner: str, why: Predicate, verdict: Verdict = Verdict.NOT_SELECTED) -> None:
        self._failed[partner] = (verdict, why)

    def lose(
        self, had: Collection[str], left: Collection[str], why: Predicate, verdict: Verdict = Verdict.NOT_SELECTED
    ) -> None:
        for code in had:
            if code not in left:
                self.fails(code, why, verdict)

    def chosen(
        self, partner: str, rule: Rule, why: Predicate, changes: Sequence[Change], supporting: Sequence[str] = ()
    ) -> Decision:
        """The receipt of an assignment; the executor of a leg in the market comes in by itself, and so does whoever
        declares the need after others did."""
        executor, more = self._executor(partner)
        for code in supporting:
            self._failed[code] = (Verdict.SUPPORTING, self._failed[code][1])
        redeclared = [
            code
            for code in self.signatories
            if code in self.question.redeclared and code not in (partner, *supporting) and self.may_have(code)
        ]
        for code in redeclared:
            self.fails(code, Predicate.DECLARES_TOO, Verdict.SUPPORTING)
        self.fails(partner, why, Verdict.SELECTED)
        if executor is not None:
            self.fails(executor, Predicate.IN_MARKET_LEG, Verdict.EXECUTOR)
        beside = tuple(code for code in (*supporting, *redeclared) if code != executor)
        return self._decision(Outcome.ASSIGNED, rule, (*changes, *more), partner, beside, executor)

    def nobody(self, outcome: Outcome, rule: Rule, changes: Sequence[Change], asks: Sequence[str] = ()) -> Decision:
        return self._decision(outcome, rule, changes, None, asks=tuple(asks))

    def _executor(self, responsible: str) -> tuple[str | None, tuple[Change, ...]]:
        """Who carries out the leg in the market, if there is one; else the consent that this would take."""
        leg, question = self.agreement.in_market, self.question
        if question.market is None or question.front not in leg.fronts or leg.executor == responsible:
            return None, ()
        if leg.executor in question.excluded:
            return None, ()
        if self.consent(leg.executor) is Consented.YES:
            return leg.executor, ()
        return None, (Change("executor_consented", leg.executor),)

    def _decision(
        self,
        outcome: Outcome,
        rule: Rule,
        changes: Sequence[Change],
        partner: str | None,
        supporting: tuple[str, ...] = (),
        executor: str | None = None,
        asks: tuple[str, ...] = (),
    ) -> Decision:
        return Decision(
            agreement=self.agreement.version,
            outcome=outcome,
            rule=rule,
            path=tuple(self.steps),
            candidates=tuple(self._candidate(code) for code in self.signatories),
            would_change_it=(*changes, *self.changes),
            partner=partner,
            tie=self.tie,
            supporting=supporting,
            executor=executor,
            asks=asks,
        )

    def _candidate(self, code: str) -> Candidate:
        if code in self._failed:
            return Candidate(code, *self._failed[code])
        why = self.barred(code) or (
            Predicate.MEMBERSHIP_DECIDED if code in self.since else Predicate.NO_VERIFIED_MEMBERSHIP
        )
        return Candidate(code, Verdict.NOT_SELECTED, why)
