"""What referral hears: assessments, partners' updates, deliveries. What it says: referrals, and one answer to each
update."""

from collections.abc import Sequence
from typing import assert_never

from services.referral import domain, query_log, store, update_log, views
from services.referral.answers import Answer, Outcome, answer
from services.referral.case import Moment
from services.referral.door import read_update
from services.referral.updates import Update
from shared.agreement import Versions
from shared.contracts.classifier import AssessmentErased, AssessmentSucceeded, FirmAssessed
from shared.contracts.notifier import NotificationDelivered
from shared.contracts.referral import ReferralMoved, ReferralOpened
from shared.contracts.referrals import (
    FirmStatus,
    MembershipQueried,
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralRequested,
    UpdateHeld,
    UpdateRecorded,
    UpdateRefused,
)
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import AtDoor, On
from shared.postgres.pool import Connection

Assessment = FirmAssessed | AssessmentErased | AssessmentSucceeded


async def route_needs(assessments: Batch[Assessment], work: Work[Versions]) -> list[Said]:
    """Open a referral for each need that has somebody responsible; cancel what may not go on; forget who is erased.

    Where another firm stands for this one from now on, its own assessment comes by itself; what is open here runs on.
    """
    erasures = any(isinstance(heard.event, AssessmentErased) for heard in assessments)
    cases = await store.load_cases(work.connection, assessments.firm_ids, assessments=erasures)
    day = await store.day_in_rome(work.connection, work.now)
    said: list[Said] = []
    forgotten: set[str] = set()
    for heard in assessments:
        event = heard.event
        case = cases[event.firm_id]
        moment = Moment(heard.cause.id, work.now, day, work.context.on(day))
        match event:
            case FirmAssessed():
                said += views.told(domain.assess(case, event, moment), case, heard.cause)
                said += views.news_of(case, heard.cause, work.now)
            case AssessmentErased():
                said += views.told(domain.erase(case, moment), case, heard.cause)
                case.assessment, case.assessed = None, False
                case.told, case.retold = {}, set()
                forgotten.add(event.firm_id)
            case AssessmentSucceeded():
                pass
            case _:
                assert_never(event)
    await store.forget(work.connection, sorted(forgotten))
    await store.save_cases(work.connection, cases.values(), work.now)
    return said


async def take_updates(updates: Batch[Update], work: Work[Versions]) -> list[Said]:
    """Answer every record once: recorded, repeated or refused; an update that moves its referral is followed by the
    rest."""
    cases = await store.load_cases(work.connection, updates.firm_ids, assessments=True)
    known = await update_log.recorded_updates(work.connection, [key for heard in updates if (key := heard.event.key)])
    day = await store.day_in_rome(work.connection, work.now)
    said: list[Said] = []
    answered: list[tuple[Heard[Update], Answer]] = []
    for heard in updates:
        case = cases.get(heard.firm_id) if heard.firm_id is not None else None
        given = answer(heard.event, case, known, Moment(heard.cause.id, work.now, day, work.context.on(day)))
        match given.outcome:
            case Outcome.REFUSED:
                work.refused(heard)
            case Outcome.REPEATED:
                work.repeated(heard)
            case Outcome.RECORDED:
                pass
        said.append(views.answer_to(heard, given))
        if case is not None:
            said += views.told(given.facts, case, heard.cause)
            if given.facts:
                said += views.news_of(case, heard.cause, work.now)
        answered.append((heard, given))
    await store.save_cases(work.connection, cases.values(), work.now)
    await update_log.save_updates(work.connection, answered)
    return said


async def find_firms(connection: Connection, updates: Sequence[Update]) -> list[str | None]:
    """The firms that updates are about; none for a referral or a query that is not this partner's."""
    named = [(one.partner, one.referral_id) for one in updates if one.referral_id is not None]
    asked = [(one.partner, one.query_id) for one in updates if one.query_id is not None]
    firms = await update_log.firms_of(connection, named) if named else {}
    if asked:
        firms |= await query_log.firms_of(connection, asked)
    return [firms.get((one.partner, one.referral_id or one.query_id or "")) for one in updates]


async def record_deliveries(deliveries: Batch[NotificationDelivered], work: Work[Versions]) -> list[Said]:
    """Keep with each referral what was delivered about it."""
    await update_log.save_deliveries(work.connection, [heard.event for heard in deliveries])
    return []


SUBSCRIPTIONS = (
    On(
        (FirmAssessed, AssessmentErased, AssessmentSucceeded),
        route_needs,
        says=(
            ReferralOpened,
            ReferralMoved,
            ReferralRequested,
            MembershipQueried,
            ReferralCancelled,
            ReferralCancellationRequested,
            FirmStatus,
        ),
    ),
    AtDoor(
        topic="partners.{partner}.updates.v1",
        read=read_update,
        firm_of=find_firms,
        handler=take_updates,
        held=views.held,
        says=(
            UpdateRecorded,
            UpdateRefused,
            UpdateHeld,
            ReferralOpened,
            ReferralMoved,
            ReferralRequested,
            MembershipQueried,
            ReferralCancelled,
            ReferralClosed,
            FirmStatus,
        ),
    ),
    On(NotificationDelivered, record_deliveries),
)
