"""A need on its way to a partner: the rules are asked, the receipt is kept, the referral is opened. Pure.

Whoever has a need to hand over, for whatever reason, does it here: the firm's consent of today is asked every time.
"""

from collections.abc import Iterator
from dataclasses import replace

from services.referral import routing
from services.referral.case import Case, Fact, Moment, Need, NeedState, Opened, Receipt, Referral
from services.referral.clocks import started
from services.referral.deadlines import terms_of
from services.referral.lifecycle import Status
from services.referral.receipt import Decision, Outcome, digest
from services.referral.routing import Question
from shared.contracts import ids
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


def route(case: Case, need: Need, moment: Moment) -> Iterator[Fact]:
    """Decide on a need, keep the receipt if it says something new, open the referral if somebody is responsible."""
    if case.assessment is None:
        raise LookupError(f"need {need.need_id} has no assessment to be routed by")
    stated = {need_id(case.firm_id, still) for still in case.assessment.needs}
    if need.need_id not in stated:
        case.put(replace(need, state=NeedState.WITHDRAWN, reason="no_longer_needed"))
        return
    decision = routing.route(
        Question(
            firm_id=case.firm_id,
            front=need.front,
            import_=need.import_,
            consents=case.assessment.consents,
            memberships=case.assessment.memberships,
            excluded=need.excluded,
            rerouted=need.rerouted,
            at=moment.at,
            day=moment.day,
        ),
        moment.agreement,
    )
    before = case.referrals.get(need.referral_id) if need.referral_id and need.closed_at is None else None
    opened = _open(need, decision, before, moment) if decision.partner else None
    decided = digest(decision)
    if opened is not None or need.decided != decided:
        referral_id = opened.referral_id if opened else None
        case.receipts.append(Receipt(need.need_id, case.firm_id, moment.cause_id, moment.at, decision, referral_id))
    match decision.outcome:
        case Outcome.ASSIGNED:
            state, reason = NeedState.REFERRED, None
        case Outcome.WAITING_CONSENT:
            state, reason = NeedState.WAITING_CONSENT, decision.rule.value
        case Outcome.MANUAL:
            state, reason = NeedState.MANUAL, decision.rule.value
    referral_id = opened.referral_id if opened else need.referral_id
    case.put(replace(need, state=state, reason=reason, referral_id=referral_id, closed_at=None, decided=decided))
    if opened is not None:
        case.put(opened)
        yield Opened(opened, decision, before)


def _open(need: Need, decision: Decision, before: Referral | None, moment: Moment) -> Referral | None:
    if decision.partner is None:
        return None
    opened = Referral(
        referral_id=ids.referral_id(need.need_id, moment.cause_id, before.referral_id if before else 0),
        need_id=need.need_id,
        firm_id=need.firm_id,
        partner=decision.partner,
        front=need.front,
        import_=need.import_,
        market=need.market,
        status=Status.REQUESTED,
        requested_at=moment.at,
        changed_at=moment.at,
        replaces=before.referral_id if before else None,
    )
    return started(opened, terms_of(moment.agreement))
