"""What is missing of a provisional firm: who is asked for it, until when, and what waits for the answer. Pure.

It is asked once: through the firm's verified association, else the newest publisher that is not the registry's, else
that one, each only where the firm's consent covers it, because segment and questions come of what all have told. The
same questions are not put twice; where new data leave others open, those are asked for, and the earlier request is
closed. Nobody need answer it: whatever settles the firm's segment, whoever tells it, closes it.

While somebody is asked, the needs that some of the possible segments give and not all wait for the information.
Everything else is served at once; no referral waits, and so no partner's clock rests.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.referral import bodies, queries, ties
from services.referral.case import Case, Fact, InformationAsked, InformationClosed, Moment, Need, NeedState
from services.referral.clocks import judged
from services.referral.handover import serving
from services.referral.question import Consented, consented
from services.referral.request import Closing, Request
from services.referral.wishes import wished
from shared.contracts import ids
from shared.contracts.classifier import FirmAssessed, Missing
from shared.contracts.firm import REGISTER

NOT_ASKED = ("in_liquidation", "ceased")
"""Such firms get no needs, so there is nothing to ask for."""
_STANDS = (None, Closing.DECLINED, Closing.NO_ANSWER)
"""A request that is open, or ended so, is not made again with the same questions."""


def inquire(case: Case, assessed: FirmAssessed, moment: Moment) -> Iterator[Fact]:
    """After an assessment was taken in: close the request that it ends, ask for what is missing now if that has not
    been asked, and see to the needs that wait for it."""
    last = latest(case)
    if last is not None and last.is_open:
        why = _ended(last, assessed, moment)
        if why is not None:
            last = _closed(case, last, why, moment.at)
            yield InformationClosed(last)
    if _is_to_be_asked(last, assessed, moment) and (partner := whom(case, assessed, moment)) is not None:
        request = Request(
            request_id=ids.derive("request", case.firm_id, partner, moment.cause_id),
            firm_id=case.firm_id,
            number=last.number + 1 if last is not None else 1,
            partner=partner,
            missing=assessed.missing,
            asked_at=moment.at,
            answer_by=moment.agreement.working_days.due(moment.at, moment.agreement.deadlines.information),
        )
        case.put(request)
        yield InformationAsked(request)
    _see_to_needs(case, assessed, moment)


def whom(case: Case, assessed: FirmAssessed, moment: Moment) -> str | None:
    """Through whom the firm is asked; None where its consent covers nobody who could."""
    signatories = {one.code: one for one in moment.agreement.signatories}
    covered = [code for code in signatories if consented(code, assessed.consents, moment.at) is Consented.YES]
    since = {one.partner: one.since for one in queries.memberships(case, assessed)}
    own = [code for code in covered if code in since and signatories[code].members]
    for left, _ in bodies.narrowing(own, wished(case, assessed).choice, since, signatories):
        own = list(left)
    if own:
        return ties.settle(case.firm_id, own, serving(case))[0]
    told = [one for one in assessed.publishers if one.partner in covered]
    newest = max(told, key=lambda one: (one.partner != REGISTER, one.observed_at, one.partner), default=None)
    return newest.partner if newest is not None else None


def latest(case: Case) -> Request | None:
    """The firm's newest request, open or not."""
    return max(case.requests.values(), key=lambda one: one.number, default=None)


def overdue(case: Case, request_id: str, moment: Moment) -> list[Fact]:
    """The deadline of a request is due: nobody is waited for any more, and the firm stays provisional."""
    request = case.requests.get(request_id)
    if request is None or not request.is_open or moment.at <= due_at(request, moment):
        return []
    return end(case, Closing.NO_ANSWER, moment.at)


def due_at(request: Request, moment: Moment) -> datetime:
    """When the deadline is judged: one that fell into an outage of ours later."""
    return judged(request.answer_by, moment.outages, moment.agreement)


def declined(case: Case, request: Request, reason: str, at: datetime) -> list[Fact]:
    """The partner will not find it out: its words are kept, and the request is closed if it was open."""
    case.put(replace(request, declined=reason, declined_at=at))
    return end(case, Closing.DECLINED, at) if request.is_open else []


def end(case: Case, why: Closing, at: datetime) -> list[Fact]:
    """Close the open request, if there is one; what waited for the answer waits no longer."""
    request = latest(case)
    if request is None or not request.is_open:
        return []
    request = _closed(case, request, why, at)
    for need in list(case.needs.values()):
        if need.state is NeedState.WAITING_INFORMATION:
            case.put(replace(need, state=NeedState.WITHDRAWN, reason=why.value))
    return [InformationClosed(request)]


def _ended(request: Request, assessed: FirmAssessed, moment: Moment) -> Closing | None:
    """Why the assessment ends an open request, if it does."""
    if assessed.profile.status in NOT_ASKED:
        return Closing.FIRM_CEASED
    if assessed.segment.status != "provisional":
        return Closing.ANSWERED
    if not moment.agreement.in_force(moment.day):
        return Closing.AGREEMENT_ENDED
    if consented(request.partner, assessed.consents, moment.at) is not Consented.YES:
        return Closing.CONSENT_WITHDRAWN
    return None if _questions(request.missing) == _questions(assessed.missing) else Closing.SUPERSEDED


def _is_to_be_asked(last: Request | None, assessed: FirmAssessed, moment: Moment) -> bool:
    if assessed.segment.status != "provisional" or not assessed.missing or assessed.profile.status in NOT_ASKED:
        return False
    if not moment.agreement.in_force(moment.day):
        return False
    return last is None or last.closed not in _STANDS or _questions(last.missing) != _questions(assessed.missing)


def _questions(missing: tuple[Missing, ...]) -> frozenset[str]:
    """What makes two sets of missing facts the same: what people are asked. Where an answer belongs in the profile may
    move when others tell of other years."""
    return frozenset(one.question_en for one in missing)


def _closed(case: Case, request: Request, why: Closing, at: datetime) -> Request:
    closed = replace(case.requests[request.request_id], closed=why, closed_at=at)
    case.put(closed)
    return closed


def _see_to_needs(case: Case, assessed: FirmAssessed, moment: Moment) -> None:
    """What some possible segments give waits while somebody is asked, and is no need otherwise. What all of them give,
    or the firm declared, was stated, and is on its way by now."""
    last = latest(case)
    awaited: dict[str, str] = {}
    if last is not None and last.is_open:
        possible = [one for one in moment.agreement.segments if one.code in assessed.segment.possible]
        fronts = dict.fromkeys(front for one in possible for front in one.fronts)
        awaited = {ids.need_id(case.firm_id, front, import_=False, market=None): front for front in fronts}
    for need in list(case.needs.values()):
        if need.state is NeedState.WAITING_INFORMATION and need.need_id not in awaited:
            case.put(replace(need, state=NeedState.WITHDRAWN, reason="no_longer_needed"))
    for wanted_id, front in awaited.items():
        known = case.needs.get(wanted_id)
        if known is None:
            known = Need(
                need_id=wanted_id,
                firm_id=case.firm_id,
                front=front,
                import_=False,
                market=None,
                declared=False,
                state=NeedState.WAITING_INFORMATION,
            )
            case.put(known)
        elif known.state is NeedState.WITHDRAWN:
            case.put(replace(known, state=NeedState.WAITING_INFORMATION, reason=None, declared=False))
