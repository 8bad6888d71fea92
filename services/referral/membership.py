"""What a body's word on a membership moves: the needs that waited for it, and what nobody has taken up yet. Pure."""

from datetime import date

from services.referral import domain
from services.referral.case import Case, Fact, Moment, NeedState, Query
from services.referral.handover import named_by_rules, route
from services.referral.lifecycle import Ended, Status
from services.referral.queries import answered


def reconsider(case: Case, moment: Moment) -> list[Fact]:
    """Route again what waits for a body's word on a membership: somebody has given it, or its time is over."""
    waiting = [need for need in case.needs.values() if need.state is NeedState.WAITING_MEMBERSHIP]
    return [fact for need in waiting for fact in route(case, need, moment)]


def answer_query(case: Case, query: Query, *, member: bool, since: date | None, moment: Moment) -> list[Fact]:
    """A body says whether the firm is its member: what waited goes on. A yes also moves what another partner was asked
    for and has not taken up yet, where the rules put it there and now put it elsewhere; what a person has placed
    stays."""
    requested = [
        (need, referral, named_by_rules(case, need, moment))
        for need in case.needs.values()
        if member and need.state is NeedState.REFERRED
        for referral in [case.referrals[need.referral_id or ""]]
        if referral.status is Status.REQUESTED
    ]
    case.put(answered(query, member=member, since=since, at=moment.at))
    facts = reconsider(case, moment)
    for need, referral, before in requested:
        now = named_by_rules(case, need, moment)
        if before == referral.partner and now not in (before, None):
            facts += domain.cancel(case, referral, Ended.MEMBERSHIP_CHANGED, moment)
    return facts
