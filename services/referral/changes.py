"""What new facts change of a task that nobody has accepted yet. Pure.

A membership begins or ends, the firm moves or turns out to be of another kind, its segment is found: where the rules
put a task with a partner, and by today's facts put it with another one, or give that one other things to do, the task
is taken back and a new one takes its place. Where the firm has no such need any more, it is taken back for good. What
somebody has accepted runs on, and so does what a person has placed, or what came with another firm. A consent given or
a wish changed moves nothing by itself: the partner may go on having it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from services.referral import queries, routing
from services.referral.case import Case, Fact, Moment, Need, NeedState, Referral
from services.referral.ending import end_leg, take_back
from services.referral.handover import question, route, stated
from services.referral.lifecycle import Ended, Status
from services.referral.offers import offers
from services.referral.receipt import Decision, Outcome
from services.referral.routing import Question
from shared.agreement import Agreement
from shared.contracts.classifier import FirmAssessed
from shared.contracts.referrals import OfferedService

UNACCEPTED = (Status.REQUESTED, Status.RECEIVED)
NO_LONGER_NEEDED = "no_longer_needed"


@dataclass(frozen=True, slots=True)
class Known:
    """By what a task that nobody has accepted was placed: the question to the rules, and what fitted the firm."""

    question: Question
    services: tuple[OfferedService, ...]


def known(case: Case, moment: Moment) -> dict[str, Known]:
    """By need, what was known of it until now, where its task is not accepted. Taken down before facts change."""
    assessed = case.assessment
    if assessed is None:
        return {}
    return {
        need.need_id: Known(question(case, need, assessed, named.unit, moment), offers(referral, assessed, moment))
        for need, referral in _unaccepted(case)
        if (named := stated(case, need)) is not None
    }


def may_move(case: Case) -> bool:
    """Whether anything of the case is not accepted yet, so that what was known of the firm is wanted."""
    return next(_unaccepted(case), None) is not None


def follow(case: Case, before: Mapping[str, Known], moment: Moment) -> Iterator[Fact]:
    """Take back what the facts of today place or make otherwise, and hand it over anew; ask bodies that have come up
    since. `before` is what was known of each need."""
    assessed = case.assessment
    if assessed is None:
        return
    for need, referral in list(_unaccepted(case)):
        then, named = before.get(need.need_id), stated(case, need)
        if then is None:
            continue
        if named is None:
            if not _may_still_be_given(need, assessed, moment.agreement):
                yield from _let_go(case, need, referral, moment)
            continue
        now = Known(question(case, need, assessed, named.unit, moment), offers(referral, assessed, moment))
        why = _why_moved(then, now, referral.partner, moment.agreement)
        gone = take_back(case, referral, why, moment) if why is not None else []
        yield from gone
        if gone:
            yield from route(case, case.needs[need.need_id], moment)
        elif then.question.unanswered != now.question.unanswered:
            yield from queries.ask(case, routing.route(now.question, moment.agreement).asks, moment)


def _unaccepted(case: Case) -> Iterator[tuple[Need, Referral]]:
    """Needs whose responsible partner has not accepted, each as it stands when its turn comes. One that came with
    another firm was decided by that one's facts: it follows, whatever is known of this one."""
    for need_id in list(case.needs):
        need = case.needs[need_id]
        referral = case.referrals.get(need.referral_id or "")
        if need.state is not NeedState.REFERRED or need.decided is None:
            continue
        if referral is not None and referral.status in UNACCEPTED:
            yield need, referral


def _why_moved(then: Known, now: Known, partner: str, agreement: Agreement) -> Ended | None:
    """Why the partner's task is taken back, if it is: whichever of the changed facts would have moved it by itself."""
    was, is_ = then.question, now.question
    if (was.facts, was.memberships, then.services) == (is_.facts, is_.memberships, now.services):
        return None
    if _settled(was, agreement).partner != partner:
        return None  # a person has placed it, or an earlier version of the agreement
    if _settled(is_, agreement).partner == partner:
        return Ended.SUPERSEDED if then.services != now.services else None
    if routing.route(is_, agreement).outcome not in (Outcome.ASSIGNED, Outcome.WAITING_MEMBERSHIP):
        return None  # it is not taken from one who may have it to be given to nobody
    held = replace(is_, consents=was.consents, choice=was.choice)
    if _settled(held, agreement).partner == partner:
        return None
    by_facts_alone = _settled(replace(held, memberships=was.memberships), agreement).partner != partner
    return Ended.SUPERSEDED if by_facts_alone else Ended.MEMBERSHIP_CHANGED


def _settled(asked: Question, agreement: Agreement) -> Decision:
    """What the rules say as long as nobody else claims the firm: a membership that is merely declared moves nothing."""
    return routing.route(replace(asked, unanswered=()), agreement)


def _may_still_be_given(need: Need, assessed: FirmAssessed, agreement: Agreement) -> bool:
    """Whether one of the segments in which the firm can be gives the need, although not all of them do."""
    if need.import_ or need.market is not None or assessed.profile.status in ("in_liquidation", "ceased"):
        return False
    given = {segment.code: segment.fronts for segment in agreement.segments}
    return any(need.front in given.get(code, ()) for code in assessed.segment.possible)


def _let_go(case: Case, need: Need, referral: Referral, moment: Moment) -> Iterator[Fact]:
    """The need is none any more, and nobody has begun with it."""
    yield from take_back(case, referral, Ended.SUPERSEDED, moment)
    need = replace(case.needs[need.need_id], state=NeedState.WITHDRAWN, reason=NO_LONGER_NEEDED)
    case.put(need)
    yield from end_leg(case, need, None, moment)
