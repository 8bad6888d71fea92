"""Memberships that a firm declared and its body has not confirmed: whom to ask, and what its answer is worth. Pure.

Nobody but the body itself verifies a membership. It is asked once, where the firm's consent covers it and a need waits
for its word; silence for the agreed days means no, and an answer that comes later is taken all the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.referral.case import Case, MembershipAsked, Moment, NeedState, Outage, Query
from services.referral.clocks import judged
from shared.agreement import Agreement
from shared.contracts.classifier import FirmAssessed
from shared.contracts.firm import Membership
from shared.contracts.ids import derive


def memberships(case: Case, assessed: FirmAssessed) -> tuple[Membership, ...]:
    """Verified, active memberships: those that the bodies told of by themselves, and those that they confirmed and do
    not tell otherwise. What a body publishes holds until it publishes something else."""
    told = {*assessed.not_members, *(one.partner for one in assessed.memberships)}
    confirmed = (
        Membership(partner=query.partner, since=query.since)
        for query in case.queries.values()
        if query.member and query.partner not in told
    )
    return (*assessed.memberships, *confirmed) if case.queries else assessed.memberships


def due_at(query: Query, outages: Sequence[Outage], agreement: Agreement) -> datetime:
    """When a body's silence means no: where its deadline fell into an outage of ours, later by what that allows."""
    return judged(query.answer_by, outages, agreement)


def unanswered(case: Case, assessed: FirmAssessed, moment: Moment) -> frozenset[str]:
    """The bodies of which the firm declared itself a member and whose word is still to be waited for."""
    declared = assessed.profile.declared_memberships
    if not declared:
        return frozenset()
    settled = {
        query.partner
        for query in case.queries.values()
        if query.member is not None or due_at(query, moment.outages, moment.agreement) < moment.at
    }
    return frozenset(declared) - settled - {*assessed.not_members, *(one.partner for one in assessed.memberships)}


def awaited(case: Case) -> list[Query]:
    """The queries without an answer, where a need waits for one."""
    if all(need.state is not NeedState.WAITING_MEMBERSHIP for need in case.needs.values()):
        return []
    return [query for query in case.queries.values() if query.member is None]


def ask(case: Case, bodies: Iterable[str], moment: Moment) -> Iterator[MembershipAsked]:
    """Ask these bodies, if that has not been done; the case keeps the queries."""
    asked = {query.partner for query in case.queries.values()}
    for partner in bodies:
        if partner in asked:
            continue
        days = moment.agreement.deadlines.membership_query
        query = Query(
            query_id=derive("query", case.firm_id, partner, moment.cause_id),
            firm_id=case.firm_id,
            partner=partner,
            asked_at=moment.at,
            answer_by=moment.agreement.working_days.due(moment.at, days),
        )
        case.put(query)
        yield MembershipAsked(query)


def answered(query: Query, *, member: bool, since: date | None, at: datetime) -> Query:
    """The query with the body's word, the newest one."""
    return replace(query, member=member, since=since if member else None, answered_at=at)
