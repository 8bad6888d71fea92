"""What referral hears: assessments, partners' updates, deliveries. What it says: referrals, and one answer to each
update."""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never

from services.referral import (
    closure,
    domain,
    erasures,
    farewells,
    information,
    membership,
    preferences,
    restatement,
    store,
    successions,
    timepiece,
    update_log,
    views,
)
from services.referral.answers import Answer, Outcome, answer
from services.referral.case import Case, Fact, Moment
from services.referral.door import read_update
from services.referral.ringing import ring
from services.referral.succession import follow, standing
from services.referral.timepiece import outages_of
from services.referral.updates import Update
from shared.agreement import Versions, day_of
from shared.contracts.base import Event, FirmId
from shared.contracts.classifier import AssessmentErased, AssessmentRestated, AssessmentSucceeded, FirmAssessed
from shared.contracts.notifier import (
    DeliveryRestated,
    NotificationDelivered,
    NotificationsErased,
    OutcomesAnswered,
    PreferenceAnswered,
)
from shared.contracts.referral import (
    CaseErased,
    PreferenceAsked,
    PreferenceRestated,
    ReferralAwaited,
    ReferralMoved,
    ReferralOpened,
    ReferralRestated,
)
from shared.contracts.referrals import (
    FirmForgotten,
    FirmStatus,
    InformationRequested,
    MembershipQueried,
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralEscalated,
    ReferralReminded,
    ReferralRequested,
    UpdateHeld,
    UpdateRecorded,
    UpdateRefused,
)
from shared.feeds.failures import Outdated
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import AtDoor, On, Restates, Stated
from shared.feeds.timers import Due, When
from shared.postgres.pool import Connection

Assessment = FirmAssessed | AssessmentRestated | AssessmentErased | AssessmentSucceeded


async def route_needs(assessments: Batch[Assessment], work: Work[Versions]) -> list[Said]:
    """Open a referral for each need that has somebody responsible; cancel what may not go on; forget who is erased.

    Where another firm stands for this one from now on, its own assessment comes by itself; what is open here follows.
    """
    whole = any(not isinstance(heard.event, FirmAssessed) for heard in assessments)
    firm_ids = sorted({*assessments.firm_ids, *(firm_id for heard in assessments for firm_id in heard.also)})
    cases = await store.load_cases(work.connection, firm_ids, assessments=whole)
    day = await store.day_in_rome(work.connection, work.now)
    said: list[Said] = []
    forgotten: list[erasures.Erasure] = []
    asked = any(case.queries for case in cases.values())
    away = await outages_of(work.connection, work.clock) if asked else ()  # what nobody waits for is not judged
    for heard in assessments:
        event = heard.event
        case = cases[event.firm_id]
        moment = Moment(heard.cause.id, work.now, day, work.context.on(day), away)
        match event:
            case FirmAssessed():
                said += views.told(domain.assess(case, event, moment), case, heard.cause)
                said += views.news_of(case, heard.cause, work.now)
            case AssessmentRestated():
                # What followed from it has followed; where the firm was assessed anew since, that holds.
                if case.assessment is None or case.assessment.version <= event.state.version:
                    await store.put_right(work.connection, event)
                    case.assessment = event.state
            case AssessmentErased():
                forgotten.append(erasures.erasure_of(case, event))
                said += views.told(domain.erase(case, moment), case, heard.cause)
                case.assessment, case.assessed = None, False
                case.told, case.retold = {}, set()
                said.append(heard.says(farewells.passed_on(event)))
            case AssessmentSucceeded():
                links = await successions.record(work.connection, event)
                heir = cases.get(standing(event.firm_id, links))
                if heir is None:
                    raise Outdated(f"firm {event.firm_id} is succeeded by one that is not locked")
                if heir is not case:
                    followed = follow(case, heir, moment)
                    said += views.told(followed.old, case, heard.cause)
                    said += views.told(followed.new, heir, heard.cause)
                    said += views.news_of(heir, heard.cause, work.now)
            case _:
                assert_never(event)
    await erasures.forget(work.connection, forgotten, work.now)
    await store.save_cases(work.connection, cases.values(), work.now)
    return said


async def take_updates(updates: Batch[Update], work: Work[Versions]) -> list[Said]:
    """Answer every record once: recorded, repeated or refused; an update that moves its referral is followed by the
    rest."""
    firms = await update_log.find_firms(work.connection, [heard.event for heard in updates])
    gone = {now for now, heard in zip(firms, updates, strict=True) if now is not None and now != heard.firm_id}
    if gone:
        await successions.lock(work.connection, sorted(gone))
    cases = await store.load_cases(work.connection, sorted({*updates.firm_ids, *gone}), assessments=True)
    known = await update_log.recorded_updates(work.connection, [key for heard in updates if (key := heard.event.key)])
    day = await store.day_in_rome(work.connection, work.now)
    said: list[Said] = []
    away = await outages_of(work.connection, work.clock)
    answered: list[tuple[Heard[Update], Answer]] = []
    for firm_id, heard in zip(firms, updates, strict=True):
        case = cases.get(firm_id) if firm_id is not None else None
        moment = Moment(heard.cause.id, work.now, day, work.context.on(day), away)
        given = answer(heard.event, case, known, moment)
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
    await erasures.strip(work.connection, [heard.cause.id for heard, given in answered if given.referral is not None])
    return said


Told = NotificationDelivered | DeliveryRestated | OutcomesAnswered | PreferenceAnswered | NotificationsErased


async def record_deliveries(deliveries: Batch[Told], work: Work[Versions]) -> list[Said]:
    """Keep with each referral what was delivered about it, and what the firm says of its end; move what the firm's wish
    moves. Where the last store has forgotten a firm, say so to whoever asked for it and to all who got anything of the
    firm."""
    answers = (OutcomesAnswered, PreferenceAnswered)
    spoken = sorted({heard.event.firm_id for heard in deliveries if isinstance(heard.event, answers)})
    cases = await store.load_cases(work.connection, spoken, assessments=True) if spoken else {}
    day = day_of(work.now)
    delivered: list[NotificationDelivered] = []
    said: list[Said] = []
    keep = work.context.on(day).topics.keep_days
    for heard in deliveries:
        event = heard.event
        match event:
            case NotificationDelivered():
                delivered.append(event)
            case DeliveryRestated():
                delivered.append(event.delivered)
            case OutcomesAnswered():
                case = cases[event.firm_id]
                facts = closure.take(
                    case, event.referral_id, confirmed=event.confirmed, reason=event.reason, at=event.at
                )
                said += views.told(facts, case, heard.cause)
            case PreferenceAnswered():
                case = cases[event.firm_id]
                moment = Moment(heard.cause.id, work.now, day, work.context.on(day))
                facts = preferences.take(case, event.question_id, confirmed=event.confirmed, at=event.at, moment=moment)
                said += views.told(facts, case, heard.cause)
                if facts:
                    said += views.news_of(case, heard.cause, work.now)
            case NotificationsErased():
                done = await erasures.complete(work.connection, event, work.now)
                said += farewells.forgotten(
                    done, heard.cause, work.now, keep=timedelta(days=max(keep.internal, keep.partners))
                )
            case _:
                assert_never(event)
    await update_log.save_deliveries(work.connection, delivered)
    if cases:
        await store.save_cases(work.connection, cases.values(), work.now)
    return said


async def ring_clocks(due: Sequence[Due], work: Work[Versions]) -> list[Said]:
    """Do for each referral whose clock is due what follows: remind, escalate, hand on, resume, confirm. Where a body
    has been silent about a membership for as long as it may, what waited for its word goes on; and whoever was
    asked for information is waited for no longer."""
    cases = await store.load_cases(work.connection, sorted({one.timer.firm_id for one in due}), assessments=True)
    day = await store.day_in_rome(work.connection, work.now)
    agreement = work.context.on(day)
    away = await outages_of(work.connection, work.clock)
    said: list[Said] = []
    for one in due:
        case = cases[one.timer.firm_id]
        moment = Moment(one.cause.id, work.now, day, agreement, away)
        facts = _due(one, case, moment)
        said += views.told(facts, case, one.cause)
        if facts:
            said += views.news_of(case, one.cause, work.now)
    await store.save_cases(work.connection, cases.values(), work.now, away, agreement)
    return said


def _due(one: Due, case: Case, moment: Moment) -> list[Fact]:
    match one.timer.kind:
        case timepiece.QUERY:
            return membership.reconsider(case, moment)
        case timepiece.INFORMATION:
            return information.overdue(case, one.timer.id, moment)
        case _:
            return ring(case, one.timer.id, moment)


SUBSCRIPTIONS = (
    On(
        (FirmAssessed, AssessmentRestated, AssessmentErased, AssessmentSucceeded),
        route_needs,
        says=(
            ReferralOpened,
            ReferralMoved,
            ReferralRequested,
            PreferenceAsked,
            MembershipQueried,
            InformationRequested,
            ReferralCancelled,
            ReferralCancellationRequested,
            ReferralClosed,
            FirmStatus,
            CaseErased,
        ),
        also=successions.touched,
    ),
    AtDoor(
        topic="partners.{partner}.updates.v1",
        read=read_update,
        firm_of=update_log.find_firms,
        handler=take_updates,
        held=views.held,
        says=(
            UpdateRecorded,
            UpdateRefused,
            UpdateHeld,
            ReferralOpened,
            ReferralMoved,
            ReferralRequested,
            PreferenceAsked,
            MembershipQueried,
            ReferralCancelled,
            ReferralCancellationRequested,
            ReferralClosed,
            FirmStatus,
        ),
    ),
    On(
        (NotificationDelivered, DeliveryRestated, OutcomesAnswered, PreferenceAnswered, NotificationsErased),
        record_deliveries,
        says=(
            ReferralOpened,
            ReferralMoved,
            ReferralRequested,
            MembershipQueried,
            ReferralCancelled,
            ReferralClosed,
            FirmStatus,
            FirmForgotten,
        ),
    ),
)

TIMERS = (
    When(
        (timepiece.KIND, timepiece.QUERY, timepiece.INFORMATION),
        ring_clocks,
        says=(
            ReferralOpened,
            ReferralMoved,
            ReferralAwaited,
            ReferralRequested,
            MembershipQueried,
            ReferralReminded,
            ReferralEscalated,
            ReferralCancelled,
            ReferralCancellationRequested,
            ReferralClosed,
            FirmStatus,
        ),
    ),
)


async def present(
    connection: Connection, firm_ids: Sequence[FirmId], versions: Versions, stated: Stated
) -> list[tuple[FirmId, Event]]:
    """What each referral is for, and what firms may still answer by their links; nothing of what is erased."""
    cases = await store.load_cases(connection, firm_ids, assessments=True)
    erased = await erasures.among(connection, [key for case in cases.values() for key in case.referrals])
    return [(firm_id, event) for firm_id in firm_ids for event in restatement.restated(cases[firm_id], erased)]


RESTATES = Restates(present, says=(ReferralRestated, PreferenceRestated))
