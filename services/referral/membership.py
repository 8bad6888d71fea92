"""What a body's word on a membership moves: the needs that waited for it, and what nobody has taken up yet. Pure."""

from datetime import date

from services.referral import changes, preferences
from services.referral.case import Case, Fact, Moment, NeedState, Query
from services.referral.handover import route
from services.referral.queries import answered


def reconsider(case: Case, moment: Moment) -> list[Fact]:
    """Route again what waits for a body's word on a membership: somebody has given it, or its time is over."""
    waiting = [need for need in case.needs.values() if need.state is NeedState.WAITING_MEMBERSHIP]
    return [fact for need in waiting for fact in route(case, need, moment)]


def answer_query(case: Case, query: Query, *, member: bool, since: date | None, moment: Moment) -> list[Fact]:
    """A body says whether the firm is its member: what waited goes on, and what nobody has taken up yet moves where the
    word changes whose it is."""
    before = changes.known(case, moment)
    case.put(answered(query, member=member, since=since, at=moment.at))
    facts = [*reconsider(case, moment), *changes.follow(case, before, moment)]
    return [*facts, *preferences.ask(case, moment)]
