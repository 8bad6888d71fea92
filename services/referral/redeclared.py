"""A need that somebody has, and that another partner says the firm declares as well: it supports whoever has it. Pure.

Whoever declared a need first is remembered with it: when it is handed over, or later where nobody had declared it until
then. That is where the need comes from, and gives no part in it. Who declares it afterwards gets a copy beside the
responsible task, if the firm's consent covers it and it has no task for this need; where the need is handed on, beside
the next one. So a need has one responsible partner however many declare it. Who was first depends on who came first;
whether the word or the consent for its partner came first does not matter, and a supporter that declares the need no
longer stays until the task ends. A need that was withdrawn or closed begins anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.referral.beside import open_copy
from services.referral.case import Case, Fact, Moment, Need, NeedState, Receipt, Referral, Role
from services.referral.lifecycle import Ended
from services.referral.question import Consented, consented
from services.referral.receipt import Candidate, Change, Decision, Outcome, Predicate, Rule, Step, Verdict
from shared.contracts.classifier import Need as AssessedNeed
from shared.contracts.firm import Consent

_FOR_CONSENT = frozenset({Ended.CONSENT_WITHDRAWN.value, Ended.CONSENT_EXPIRED.value})


def remembered(need: Need, stated: AssessedNeed) -> Need:
    """The need with those that declared it first, if anybody has."""
    if need.declared_by or not stated.declared_by:
        return need
    return replace(need, declared_by=frozenset(stated.declared_by))


def begun_anew(need: Need, before: Referral | None) -> Need:
    """A need that is to be handed over; it forgets who declared it first, unless it has gone on since it was last with
    a partner (`before`)."""
    if before is not None and need.state is not NeedState.WITHDRAWN:
        return need
    return replace(need, declared_by=frozenset())


def newcomers(case: Case, need: Need, stated: AssessedNeed | None) -> frozenset[str]:
    """Who declares the need today, after others did, and does not carry out its leg in the market."""
    if stated is None or not need.declared_by:
        return frozenset()
    legs = {
        one.partner
        for one in case.referrals.values()
        if one.need_id == need.need_id and one.role is Role.EXECUTOR and one.is_open
    }
    return frozenset(stated.declared_by) - need.declared_by - legs


def support(
    case: Case, need: Need, stated: AssessedNeed, consents: Sequence[Consent], moment: Moment
) -> Iterator[Fact]:
    """Open what a need that somebody has wants beside it, as it is stated now; keep the receipt."""
    parent = case.referrals.get(need.referral_id or "")
    if need.state is not NeedState.REFERRED or parent is None or not parent.is_open:
        return
    need = remembered(need, stated)
    if need != case.needs[need.need_id]:
        case.put(need)
    if not newcomers(case, need, stated) or not moment.agreement.in_force(moment.day):
        return
    if any((one.need_id, one.cause_id) == (need.need_id, moment.cause_id) for one in case.receipts):
        return  # it was handed on by the same word: who supports it was decided with that
    found = {code: _why_not(code, case, need, parent, stated, consents, moment) for code in moment.agreement.partners}
    supporting = tuple(code for code, why in found.items() if why is None)
    if not supporting:
        return
    decision = Decision(
        agreement=moment.agreement.version,
        outcome=Outcome.ASSIGNED,
        rule=Rule.NEED_REDECLARED,
        path=(
            Step(Rule.AGREEMENT_IN_FORCE, f"version {moment.agreement.version} is in force"),
            *(Step(Rule.CONSENT, f"the firm has consented to {code}") for code in supporting),
            Step(Rule.NEED_REDECLARED, f"declared by {', '.join(supporting)} too; {parent.partner} has the need"),
        ),
        candidates=tuple(_candidate(code, why, parent.partner) for code, why in found.items()),
        would_change_it=tuple(Change("consent_withdrawn", code) for code in supporting),
        partner=parent.partner,
        supporting=supporting,
    )
    copies = [open_copy(case, parent, code, decision, moment) for code in supporting]
    # Of several copies the receipt names the first: they are opened by one decision.
    first = copies[0].referral.referral_id
    case.receipts.append(Receipt(need.need_id, case.firm_id, moment.cause_id, moment.at, decision, first))
    yield from copies


def _candidate(partner: str, why: Predicate | None, responsible: str) -> Candidate:
    if partner == responsible:
        return Candidate(partner, Verdict.SELECTED, Predicate.HAS_TASK)
    if why is None:
        return Candidate(partner, Verdict.SUPPORTING, Predicate.DECLARES_TOO)
    return Candidate(partner, Verdict.NOT_SELECTED, why)


def _why_not(
    partner: str,
    case: Case,
    need: Need,
    parent: Referral,
    stated: AssessedNeed,
    consents: Sequence[Consent],
    moment: Moment,
) -> Predicate | None:
    """The first thing that keeps a partner from a copy; None where nothing does."""
    if any(_is_served(one, parent) for one in case.referrals.values() if one.partner == partner):
        return Predicate.HAS_TASK
    if partner not in stated.declared_by:
        return Predicate.DOES_NOT_DECLARE
    if partner in need.declared_by:
        return Predicate.DECLARED_FIRST
    if partner in need.excluded:
        return Predicate.REJECTED_EARLIER
    match consented(partner, consents, moment.at):
        case Consented.EXPIRED:
            return Predicate.CONSENT_EXPIRED
        case Consented.NO:
            return Predicate.NO_CONSENT
        case Consented.YES:
            return None


def _is_served(one: Referral, parent: Referral) -> bool:
    """Whether this is a task of its partner for the need of `parent`, or a copy of `parent` that came to an end by
    itself: who has declined is not asked again. One that ended for want of consent may be opened anew."""
    if one.need_id != parent.need_id:
        return False
    return one.is_open or (one.part_of == parent.referral_id and one.reason not in _FOR_CONSENT)
