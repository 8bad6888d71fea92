"""Referrals' clocks in the table of timers: one row for each referral, due when its next clock is."""

from collections.abc import Collection, Sequence

from services.referral import clocks
from services.referral.case import Case, Outage
from services.referral.deadlines import Terms
from services.referral.lifecycle import Status
from shared.contracts import topics
from shared.feeds import outages, timers
from shared.feeds.clock import Clock
from shared.feeds.timers import Key, Timer
from shared.postgres.pool import Connection

KIND = "referral"
_BY_CONSENT = (Status.REQUESTED, Status.RECEIVED)


async def set_clocks(
    connection: Connection, cases: Collection[Case], away: Sequence[Outage], terms: Terms | None
) -> None:
    """Bring the timers of these cases where their referrals are.

    A case that was loaded without its assessment does not know of consents: what is set of it stays, if it comes before
    what is known.
    """
    known = await timers.of_firms(connection, [case.firm_id for case in cases])
    wanted: dict[Key, Timer] = {}
    for case in cases:
        for referral in case.referrals.values():
            ahead = clocks.running(case, referral, away, terms)
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
                topic=topics.updates(referral.partner),
            )
    await timers.bring_about(connection, {key: one for key, one in known.items() if key[0] == KIND}, wanted)


async def outages_of(connection: Connection, clock: Clock) -> tuple[Outage, ...]:
    """When this service was away."""
    return tuple((one.began_at, one.ended_at) for one in await outages.outages(connection, clock))
