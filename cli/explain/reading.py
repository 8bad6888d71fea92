"""Which firm is meant, and everything that the four stores keep of it."""

from uuid import UUID

import msgspec

from cli.explain import casework, erasures, registry
from cli.explain.journey import Held, Journey
from cli.explain.stores import opened
from deploy.local.home import Home
from shared.errors import Trouble


async def read_journey(home: Home, subject: str, prefix: str = "") -> Journey:
    """The journey of the firm that `subject` names: a firm_id, a codice fiscale, or a referral of it.

    Raises `Trouble` where nobody knows it, `Unreachable` where a store does not answer. The stores are read one after
    the other, each as of one moment: what happens meanwhile may be told in one and not yet in another.
    """
    held: list[Held] = []
    async with opened(home, "referral", prefix) as connection:
        id = _uuid(subject)
        asked = await casework.firm_of(connection, id) if id else None
        about = id if asked else None
        async with opened(home, "intake", prefix) as intake:
            firm_id = asked or await registry.firm_named(intake, id, subject)
            journey = await registry.registered(intake, firm_id) if firm_id else None
            if firm_id is None or journey is None:
                raise Trouble(f"no firm and no referral is known as {subject}")
            held += await casework.held(intake, "intake", firm_id)
            mark = await erasures.marked(intake, firm_id)
        erasure = await erasures.ended(connection, firm_id, mark)
        successions = await casework.successions(connection, firm_id)
        needs = await casework.needs(connection, firm_id)
        decisions = await casework.decisions(connection, firm_id)
        referrals = await casework.referrals(connection, firm_id)
        queries = await casework.queries(connection, firm_id)
        requests = await casework.requests(connection, firm_id)
        commands = await casework.commands(connection, firm_id)
        updates = await casework.updates(connection, firm_id)
        held += await casework.held(connection, "referral", firm_id)
    async with opened(home, "classifier", prefix) as connection:
        assessments = await registry.assessments(connection, firm_id, prefix)
        held += await casework.held(connection, "classifier", firm_id)
    async with opened(home, "notifier", prefix) as connection:
        notifications = await casework.notifications(connection, firm_id, [one.referral_id for one in referrals])
        held += await casework.held(connection, "notifier", firm_id)
    whole = msgspec.structs.replace(
        journey,
        assessments=assessments,
        needs=needs,
        decisions=decisions,
        referrals=referrals,
        queries=queries,
        requests=requests,
        commands=commands,
        updates=updates,
        notifications=notifications,
        held=tuple(held),
        erasure=erasure,
        successions=successions,
    )
    return whole if about is None else _concerning(whole, about)


def _concerning(journey: Journey, referral_id: str) -> Journey:
    """The journey without the decisions, referrals and messages of other needs."""
    need_id = next(one.need_id for one in journey.referrals if one.referral_id == referral_id)
    referrals = tuple(one for one in journey.referrals if one.need_id == need_id)
    ids = {one.referral_id for one in referrals}
    return msgspec.structs.replace(
        journey,
        about=referral_id,
        needs=tuple(one for one in journey.needs if one.need_id == need_id),
        decisions=tuple(one for one in journey.decisions if one.need_id == need_id),
        referrals=referrals,
        queries=(),
        requests=(),
        commands=tuple(one for one in journey.commands if one.referral_id in ids),
        updates=tuple(one for one in journey.updates if one.referral_id in ids),
        notifications=tuple(one for one in journey.notifications if one.referral_id in ids),
    )


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None
