"""What becomes of a firm's needs and referrals.

A `Case` is everything that the service knows of a firm while records about it are worked on. The functions here change
it and give back what happened as facts, in order; saying and storing them is left to others. Pure: time, cause and
agreement come in with the `Moment`, identifiers derive from need and cause, so that deciding again says the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

import msgspec

from services.referral import changes, clocks, closure, information, preferences, redeclared, routing
from services.referral.beside import close_copies, given_back
from services.referral.case import (
    Case,
    Fact,
    Moment,
    Moved,
    Need,
    NeedState,
    Referral,
    Role,
)
from services.referral.ending import end_leg, open_ones, take_back
from services.referral.handover import handed_on, route
from services.referral.handover import need_id as need_id
from services.referral.lifecycle import FIRM_WITHDREW, REROUTED_FAILURE, Ended, Status
from services.referral.receipt import Rule
from services.referral.routing import Consented
from services.referral.updates import Outcome as Reported
from shared.contracts.classifier import FirmAssessed
from shared.contracts.classifier import Need as AssessedNeed
from shared.contracts.firm import Profile

NOBODYS = (NeedState.WAITING_CONSENT, NeedState.WAITING_MEMBERSHIP, NeedState.MANUAL)
"""States of needs that were stated and that no partner has. (What waits for information was not: see `information`.)"""


def assess(case: Case, assessed: FirmAssessed, moment: Moment) -> list[Fact]:
    """Take in a new assessment: end what may not go on, move what nobody has accepted and is another's by now, then
    route what is needed and not served yet.

    An open need that is stated again keeps its referral; whoever declares it after others did supports that. A need
    that is no longer stated is withdrawn unless somebody has accepted it: that runs on. A need that is closed reopens
    only for a declaration dated after its closing.
    """
    before = changes.known(case, moment)
    case.assessment, case.assessed = assessed, True
    facts: list[Fact] = list(_end(case, assessed, moment))
    facts += changes.follow(case, before, moment)
    wanted = {need_id(case.firm_id, need): need for need in assessed.needs}
    for need in list(case.needs.values()):
        if need.need_id not in wanted and need.state in NOBODYS:
            case.put(replace(need, state=NeedState.WITHDRAWN, reason=changes.NO_LONGER_NEEDED))
            facts += end_leg(case, need, None, moment)
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
            facts.extend(route(case, known, moment))
        else:
            facts.extend(redeclared.support(case, known, stated, assessed.consents, moment))
    facts.extend(information.inquire(case, assessed, moment))
    facts.extend(preferences.ask(case, moment))
    return facts


def move(
    case: Case,
    referral: Referral,
    status: Status,
    reason: str | None,
    at: datetime,
    moment: Moment,
    *,
    hold_until: datetime | None = None,
    outcomes: tuple[Reported, ...] = (),
) -> list[Fact]:
    """A partner's update moves its referral; what follows for the need comes with it, a re-route included.

    `hold_until` (UTC) is for `on_hold`, `outcomes` for `completed` and `failed`. A confirmed cancellation has the
    reason for which it was requested.
    """
    if status is Status.CANCELLED and referral.cancellation is not None:
        reason = referral.cancellation.value
    moved = replace(
        referral,
        status=status,
        reason=reason,
        changed_at=at,
        resumes=referral.status if status is Status.ON_HOLD else None,
        hold_until=hold_until if status is Status.ON_HOLD else None,
        outcomes=outcomes if status in (Status.COMPLETED, Status.FAILED) else (),
    )
    moved = clocks.moved(referral, moved, at, moment.agreement)
    case.put(moved)
    facts: list[Fact] = [Moved(moved, referral.status)]
    if referral.role is not Role.RESPONSIBLE:
        given_back(case, moved)
        return facts
    facts += close_copies(case, moved, moment)
    need = case.needs[referral.need_id]
    match status:
        case Status.COMPLETED:
            case.put(replace(need, state=NeedState.MET, reason=None, closed_at=at))
        case Status.FAILED if reason != REROUTED_FAILURE:
            case.put(replace(need, state=NeedState.UNMET, reason=reason, closed_at=at))
            facts.extend(end_leg(case, need, Ended.FIRM_REQUEST if reason == FIRM_WITHDREW else None, moment))
        case Status.REJECTED | Status.FAILED:
            need = handed_on(case, need, referral.partner)
            if referral.cancellation is None:
                facts.extend(route(case, need, moment))
            else:
                facts.extend(_after_cancellation(case, need, referral, referral.cancellation, moment))
        case Status.CANCELLED if referral.cancellation is not None:
            facts.extend(_after_cancellation(case, need, referral, referral.cancellation, moment))
        case Status.REQUESTED | Status.RECEIVED | Status.ACCEPTED | Status.IN_PROGRESS | Status.ON_HOLD:
            pass  # the need stays with the partner
        case Status.CANCELLED | Status.ENTERED_IN_ERROR:
            raise ValueError(f"no partner's update makes a referral {status}")
        case _:
            assert_never(status)
    return facts


def cancel(case: Case, referral: Referral, why: Ended, moment: Moment) -> list[Fact]:
    """The hub takes a referral back for `why`, or asks the partner to end work that has begun; see to the need.

    Nothing happens where the reason does not reach the referral's status, or where the partner was asked already.
    """
    facts = take_back(case, referral, why, moment)
    cancelled = bool(facts) and case.referrals[referral.referral_id].status is Status.CANCELLED
    if cancelled and referral.role is not Role.RESPONSIBLE:
        given_back(case, case.referrals[referral.referral_id])
    elif cancelled:
        facts.extend(_after_cancellation(case, case.needs[referral.need_id], referral, why, moment))
    return facts


def touch(case: Case, referral: Referral, at: datetime, moment: Moment) -> None:
    """A progress note: nothing moves, and the referral was heard of."""
    case.put(clocks.heard(replace(referral, changed_at=at), at, moment.agreement))


def resume(case: Case, referral: Referral, moment: Moment) -> list[Fact]:
    """The hold has come to its end: the work goes on where it was, and its clocks with it."""
    if referral.resumes is None or referral.hold_until is None:
        return []
    at = referral.hold_until
    back = replace(referral, status=referral.resumes, reason=None, changed_at=at, resumes=None, hold_until=None)
    back = clocks.resumed(referral, back, at, moment.agreement)
    case.put(back)
    return [Moved(back, referral.status)]


def erase(case: Case, moment: Moment) -> list[Fact]:
    """The firm asked to be forgotten: what is open ends at once, needs are withdrawn, nothing of it is told on.

    A need remembers no decision, no partner and no referral any more: should the firm be told of again, it is routed as
    if for the first time.
    """
    if case.assessment is not None:
        bare = Profile(codice_fiscale=case.assessment.profile.codice_fiscale)
        case.assessment = msgspec.structs.replace(case.assessment, profile=bare, publishers=())
    facts: list[Fact] = []
    for referral in open_ones(case):
        facts += take_back(case, referral, Ended.FIRM_ERASED, moment)
    facts += closure.withdraw(case, moment.at)
    case.queries.clear()
    case.requests.clear()
    case.wishes.clear()
    for need in list(case.needs.values()):
        if need.state not in (NeedState.MET, NeedState.UNMET, NeedState.WITHDRAWN):
            need = replace(need, state=NeedState.WITHDRAWN, reason=Ended.FIRM_ERASED.value)
        case.put(
            replace(need, referral_id=None, excluded=frozenset(), rerouted=0, declared_by=frozenset(), decided=None)
        )
    case.receipts.clear()
    return facts


def _end(case: Case, assessed: FirmAssessed, moment: Moment) -> Iterator[Fact]:
    for referral in open_ones(case):
        why = _why_end(referral, assessed, moment)
        if why is None:
            continue
        facts = take_back(case, referral, why, moment)
        if referral.role is Role.RESPONSIBLE and case.referrals[referral.referral_id].status is Status.CANCELLED:
            state = NeedState.WITHDRAWN if why is Ended.FIRM_CEASED else NeedState.WAITING_CONSENT
            case.put(replace(case.needs[referral.need_id], state=state, reason=why.value))
        yield from facts


def _after_cancellation(case: Case, need: Need, referral: Referral, why: Ended, moment: Moment) -> Iterator[Fact]:
    """What becomes of a need whose referral the hub has ended: it goes on to another partner, if it still is one."""
    match why:
        case Ended.FIRM_CEASED | Ended.FIRM_MERGED | Ended.FIRM_ERASED:
            case.put(replace(need, state=NeedState.WITHDRAWN, reason=why.value))
            yield from end_leg(case, need, why, moment)
        case Ended.FIRM_REQUEST | Ended.DUPLICATE:
            case.put(replace(need, state=NeedState.UNMET, reason=why.value, closed_at=moment.at))
            yield from end_leg(case, need, why, moment)
        case Ended.SUPERSEDED:
            case.put(replace(need, state=NeedState.MANUAL, reason=why.value))
        case Ended.NO_RESPONSE | Ended.PARTNER_LEFT:
            yield from route(case, handed_on(case, need, referral.partner), moment)
        case Ended.CONSENT_WITHDRAWN | Ended.CONSENT_EXPIRED | Ended.AGREEMENT_ENDED | Ended.MEMBERSHIP_CHANGED:
            yield from route(case, need, moment)
        case _:
            assert_never(why)


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
        case (
            NeedState.WAITING_CONSENT
            | NeedState.WAITING_INFORMATION
            | NeedState.WAITING_MEMBERSHIP
            | NeedState.WITHDRAWN
        ):
            return True
        case NeedState.REFERRED:
            return False
        case NeedState.MANUAL:
            # A person has it, unless nobody could have it because the agreement had lapsed.
            return need.reason == Rule.AGREEMENT_IN_FORCE.value
        case NeedState.MET | NeedState.UNMET:
            return need.closed_at is not None and stated.declared_at is not None and stated.declared_at > need.closed_at
