"""What becomes of a firm's needs and referrals.

A `Case` is everything that the service knows of a firm while records about it are worked on. The functions here change
it and give back what happened as facts, in order; saying and storing them is left to others. Pure: time, cause and
agreement come in with the `Moment`, identifiers derive from need and cause, so that deciding again says the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from services.referral import routing
from services.referral.case import Case, Fact, Moment, Moved, Need, NeedState, Opened, Receipt, Referral
from services.referral.lifecycle import BY_HUB, REROUTED_FAILURE, Ended, Status
from services.referral.receipt import Decision, Outcome, Rule, digest
from services.referral.routing import Consented, Question
from shared.contracts import ids
from shared.contracts.classifier import FirmAssessed
from shared.contracts.classifier import Need as AssessedNeed
from shared.contracts.firm import Profile


def need_id(firm_id: str, need: AssessedNeed) -> str:
    """The same need of the same firm has the same id, whoever states it and whenever."""
    return ids.need_id(firm_id, need.front, import_=need.import_, market=need.market)


def assess(case: Case, assessed: FirmAssessed, moment: Moment) -> list[Fact]:
    """Take in a new assessment: end what may not go on, then route what is needed and not served yet.

    An open need that is stated again keeps its referral. A need that is waiting and no longer stated is withdrawn; one
    that is being served runs on. A need that is closed reopens only for a declaration dated after its closing.
    """
    case.assessment, case.assessed = assessed, True
    facts: list[Fact] = list(_end(case, assessed, moment))
    wanted = {need_id(case.firm_id, need): need for need in assessed.needs}
    for need in list(case.needs.values()):
        if need.need_id not in wanted and need.state in (NeedState.WAITING_CONSENT, NeedState.MANUAL):
            case.put(replace(need, state=NeedState.WITHDRAWN, reason="no_longer_needed"))
    for wanted_id, stated in wanted.items():
        known = case.needs.get(wanted_id)
        if known is None:
            known = Need(
                need_id=wanted_id,
                firm_id=case.firm_id,
                front=stated.front,
                import_=stated.import_,
                market=stated.market,
                declared=stated.declared,
                state=NeedState.WAITING_CONSENT,
            )
            case.put(known)
        elif known.declared != stated.declared:
            known = replace(known, declared=stated.declared)
            case.put(known)
        if _is_to_be_routed(known, stated):
            if known.closed_at is not None:  # served once: whoever rejected it then may take it now
                known = replace(known, excluded=frozenset(), rerouted=0)
            facts.extend(_route(case, known, moment))
    return facts


def move(
    case: Case, referral: Referral, status: Status, reason: str | None, at: datetime, moment: Moment
) -> list[Fact]:
    """A partner's update moves its referral; what follows for the need comes with it, a re-route included."""
    moved = replace(referral, status=status, reason=reason, changed_at=at)
    case.put(moved)
    facts: list[Fact] = [Moved(moved, referral.status)]
    need = case.needs[referral.need_id]
    match status:
        case Status.COMPLETED:
            case.put(replace(need, state=NeedState.MET, reason=None, closed_at=at))
        case Status.FAILED if reason != REROUTED_FAILURE:
            case.put(replace(need, state=NeedState.UNMET, reason=reason, closed_at=at))
        case Status.REJECTED | Status.FAILED:
            need = replace(need, excluded=need.excluded | {referral.partner}, rerouted=need.rerouted + 1)
            case.put(need)
            facts.extend(_route(case, need, moment))
        case Status.REQUESTED | Status.RECEIVED | Status.ACCEPTED | Status.IN_PROGRESS | Status.CANCELLED:
            pass
    return facts


def touch(case: Case, referral: Referral, at: datetime) -> None:
    """A progress note: nothing moves, and the referral was heard of."""
    case.put(replace(referral, changed_at=at))


def erase(case: Case, moment: Moment) -> list[Fact]:
    """The firm asked to be forgotten: what is open ends at once, needs are withdrawn, nothing of it is told on."""
    if case.assessment is not None:
        bare = Profile(codice_fiscale=case.assessment.profile.codice_fiscale)
        case.assessment = msgspec.structs.replace(case.assessment, profile=bare, publishers=())
    facts: list[Fact] = []
    for referral in [referral for referral in case.referrals.values() if referral.is_open]:
        ended = replace(referral, status=Status.CANCELLED, reason=Ended.FIRM_ERASED.value, changed_at=moment.at)
        case.put(ended)
        facts.append(Moved(ended, referral.status))
    for need in list(case.needs.values()):
        if need.state not in (NeedState.MET, NeedState.UNMET, NeedState.WITHDRAWN):
            case.put(replace(need, state=NeedState.WITHDRAWN, reason=Ended.FIRM_ERASED.value))
    return facts


def _end(case: Case, assessed: FirmAssessed, moment: Moment) -> Iterator[Fact]:
    for referral in [referral for referral in case.referrals.values() if referral.is_open]:
        why = _why_end(referral, assessed, moment)
        if why is None or referral.status not in BY_HUB[why]:
            continue
        ended = replace(referral, status=Status.CANCELLED, reason=why.value, changed_at=moment.at)
        case.put(ended)
        need = case.needs[referral.need_id]
        if why is Ended.FIRM_CEASED:
            case.put(replace(need, state=NeedState.WITHDRAWN, reason=why.value))
        else:
            case.put(replace(need, state=NeedState.WAITING_CONSENT, reason=why.value))
        yield Moved(ended, referral.status)


def _why_end(referral: Referral, assessed: FirmAssessed, moment: Moment) -> Ended | None:
    if assessed.profile.status == "ceased":
        return Ended.FIRM_CEASED
    match routing.consented(referral.partner, assessed.consents, moment.at):
        case Consented.YES:
            return None
        case Consented.EXPIRED:
            return Ended.CONSENT_EXPIRED
        case Consented.NO:
            return Ended.CONSENT_WITHDRAWN


def _is_to_be_routed(need: Need, stated: AssessedNeed) -> bool:
    match need.state:
        case NeedState.WAITING_CONSENT | NeedState.WITHDRAWN:
            return True
        case NeedState.REFERRED:
            return False
        case NeedState.MANUAL:
            # A person has it, unless nobody could have it because the agreement had lapsed.
            return need.reason == Rule.AGREEMENT_IN_FORCE.value
        case NeedState.MET | NeedState.UNMET:
            return need.closed_at is not None and stated.declared_at is not None and stated.declared_at > need.closed_at


def _route(case: Case, need: Need, moment: Moment) -> Iterator[Fact]:
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
    return Referral(
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
