"""A need on its way to a partner: the rules are asked, the receipt is kept, the referral is opened. Pure.

Whoever has a need to hand over, for whatever reason, does it here: the firm's consent of today is asked every time.
"""

from collections.abc import Iterator
from dataclasses import replace

from services.referral import beside, queries, redeclared, routing
from services.referral.case import Case, Fact, Moment, Need, NeedState, Opened, Receipt, Referral, Role
from services.referral.clocks import started
from services.referral.eligibility import facts_of, province_of
from services.referral.ending import end_leg
from services.referral.lifecycle import Status
from services.referral.offers import offers
from services.referral.receipt import Decision, Outcome, digest
from services.referral.routing import Question
from services.referral.wishes import wished
from shared.contracts import ids
from shared.contracts.classifier import FirmAssessed
from shared.contracts.classifier import Need as AssessedNeed


def need_id(firm_id: str, need: AssessedNeed) -> str:
    """The same need of the same firm has the same id, whoever states it and whenever."""
    return ids.need_id(firm_id, need.front, import_=need.import_, market=need.market)


def handed_on(case: Case, need: Need, partner: str) -> Need:
    """The need on its way to the next partner: this one does not get it back, and hops are counted."""
    if partner not in need.excluded:
        need = replace(need, excluded=need.excluded | {partner}, rerouted=need.rerouted + 1)
        case.put(need)
    return need


def decide(case: Case, need: Need, assessed: FirmAssessed, unit: str | None, moment: Moment) -> Decision:
    """What the rules say of a need as the case stands. `unit` is the local unit that the need names."""
    return routing.route(question(case, need, assessed, unit, moment), moment.agreement)


def question(case: Case, need: Need, assessed: FirmAssessed, unit: str | None, moment: Moment) -> Question:
    """What the rules are asked of a need as the case stands."""
    facts = facts_of(assessed.profile, moment.agreement.criteria)
    if unit is not None:
        facts = replace(facts, province=province_of(assessed.profile, unit))
    wish = wished(case, assessed)
    return Question(
        firm_id=case.firm_id,
        front=need.front,
        import_=need.import_,
        market=need.market,
        facts=facts,
        consents=assessed.consents,
        memberships=queries.memberships(case, assessed),
        unanswered=queries.unanswered(case, assessed, moment),
        choice=wish.choice,
        confirmed=wish.confirmed,
        doubted=wish.doubted,
        serving=serving(case),
        redeclared=redeclared.newcomers(case, need, stated(case, need)),
        excluded=need.excluded,
        rerouted=need.rerouted,
        at=moment.at,
        day=moment.day,
    )


def named_by_rules(case: Case, need: Need, moment: Moment) -> str | None:
    """Whom the rules would make responsible for the need today; None where nobody, or where it is no need any more."""
    named = stated(case, need)
    if case.assessment is None or named is None:
        return None
    return decide(case, need, case.assessment, named.unit, moment).partner


def stated(case: Case, need: Need) -> AssessedNeed | None:
    """The need as the firm's assessment states it, if it does."""
    needs = case.assessment.needs if case.assessment is not None else ()
    return next((one for one in needs if one.key == (need.front, need.import_, need.market)), None)


def route(case: Case, need: Need, moment: Moment) -> Iterator[Fact]:
    """Decide on a need, keep the receipt if it says something new, open the referral if somebody is responsible, with
    those that come in beside it; ask the bodies whose word it waits for."""
    assessed = case.assessment
    if assessed is None:
        raise LookupError(f"need {need.need_id} has no assessment to be routed by")
    named = stated(case, need)
    if named is None:
        need = replace(need, state=NeedState.WITHDRAWN, reason="no_longer_needed")
        case.put(need)
        yield from end_leg(case, need, None, moment)
        return
    before = case.referrals.get(need.referral_id) if need.referral_id and need.closed_at is None else None
    need = redeclared.begun_anew(need, before)
    decision = decide(case, need, assessed, named.unit, moment)
    opened = open_responsible(need, decision.partner, before, moment) if decision.partner else None
    decided = digest(decision)
    if opened is not None or need.decided != decided:
        referral_id = opened.referral_id if opened else None
        case.receipts.append(Receipt(need.need_id, case.firm_id, moment.cause_id, moment.at, decision, referral_id))
    match decision.outcome:
        case Outcome.ASSIGNED:
            state, reason = NeedState.REFERRED, None
        case Outcome.WAITING_CONSENT:
            state, reason = NeedState.WAITING_CONSENT, decision.rule.value
        case Outcome.WAITING_MEMBERSHIP:
            state, reason = NeedState.WAITING_MEMBERSHIP, decision.rule.value
        case Outcome.MANUAL:
            state, reason = NeedState.MANUAL, decision.rule.value
    referral_id = need.referral_id
    if opened is not None:
        referral_id, need = opened.referral_id, redeclared.remembered(need, named)
    need = replace(need, state=state, reason=reason, referral_id=referral_id, closed_at=None, decided=decided)
    case.put(need)
    if opened is not None:
        case.put(opened)
        yield Opened(opened, decision, before, offers(opened, assessed, moment))
        yield from beside.open_beside(case, opened, decision, moment)
    yield from queries.ask(case, decision.asks, moment)


def serving(case: Case) -> frozenset[str]:
    """Partners that have an open or a completed referral of the firm."""
    return frozenset(
        one.partner
        for one in case.referrals.values()
        if one.role is Role.RESPONSIBLE and (one.is_open or one.status is Status.COMPLETED)
    )


def open_responsible(need: Need, partner: str, before: Referral | None, moment: Moment) -> Referral:
    """The task of the partner that is responsible for a need from now on, its clocks started; `before` is the referral
    that it takes the place of. The case is left as it is."""
    opened = Referral(
        referral_id=ids.referral_id(need.need_id, moment.cause_id, before.referral_id if before else 0),
        need_id=need.need_id,
        firm_id=need.firm_id,
        partner=partner,
        front=need.front,
        import_=need.import_,
        market=need.market,
        status=Status.REQUESTED,
        requested_at=moment.at,
        changed_at=moment.at,
        replaces=before.referral_id if before else None,
    )
    return started(opened, moment.agreement)
