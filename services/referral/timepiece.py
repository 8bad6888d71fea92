"""Clocks in the table of timers: one row for each referral, due when its next clock is, one for each membership query
whose silence something waits for, and one for each open request for information."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from services.referral import clocks, queries
from services.referral.case import Case, Outage
from services.referral.lifecycle import Status
from shared.agreement import Agreement
from shared.contracts import topics
from shared.feeds import outages, timers
from shared.feeds.clock import Clock
from shared.feeds.timers import Key, Timer
from shared.postgres.pool import Connection

KIND = "referral"
QUERY = "membership"
INFORMATION = "information"
_OVER = timedelta(seconds=1)
"""In the second of the deadline itself an answer is still in time."""
_BY_CONSENT = (Status.REQUESTED, Status.RECEIVED)


async def set_clocks(
    connection: Connection, cases: Collection[Case], at: datetime, away: Sequence[Outage], agreement: Agreement | None
) -> None:
    """Bring the timers of these cases where their referrals and queries are at `at`.

    A case that was loaded without its assessment does not know of consents: what is set of it stays, if it comes before
    what is known.
    """
    known = await timers.of_firms(connection, [case.firm_id for case in cases])
    wanted: dict[Key, Timer] = {}
    for case in cases:
        for referral in case.referrals.values():
            ahead = clocks.running(case, referral, away, agreement)
            if not ahead:
                continue
            due_at = ahead[0].due_at
            before = known.get((KIND, referral.referral_id))
            if case.assessment is None and before is not None and referral.status in _BY_CONSENT:
                due_at = min(due_at, before.due_at)
            wanted[KIND, referral.referral_id] = Timer(
                kind=KIND,
                id=referral.referral_id,
                firm_id=case.firm_id,
                due_at=due_at,
                topic=topics.updates(referral.partner)
                if referral.is_open
                else None,  # after it the firm's word is awaited
            )
        for request in case.requests.values():
            if request.is_open:
                due_at = request.answer_by
                if agreement is not None:
                    due_at = clocks.judged(due_at, away, agreement)
                wanted[INFORMATION, request.request_id] = Timer(
                    kind=INFORMATION,
                    id=request.request_id,
                    firm_id=case.firm_id,
                    due_at=due_at + _OVER,
                    topic=topics.updates(request.partner),
                )
        for query in queries.awaited(case):
            key = QUERY, query.query_id
            due_at = query.answer_by if agreement is None else queries.due_at(query, away, agreement)
            if due_at >= at or key in known:  # one that has rung is gone, and does not ring again
                wanted[key] = Timer(
                    kind=QUERY,
                    id=query.query_id,
                    firm_id=case.firm_id,
                    due_at=due_at + _OVER,
                    topic=topics.updates(query.partner),
                )
    mine = {key: one for key, one in known.items() if key[0] in (KIND, QUERY, INFORMATION)}
    await timers.bring_about(connection, mine, wanted)


async def outages_of(connection: Connection, clock: Clock) -> tuple[Outage, ...]:
    """When this service was away."""
    return tuple((one.began_at, one.ended_at) for one in await outages.outages(connection, clock))
