"""What the notifier hears: referrals that were opened or moved, what is awaited of partners, firms to be
asked or forgotten.

It says that these are forgotten; what was delivered is said by its door out, `mail`, and what firms answered by their
page, `answering`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from services.notifier import domain, question_log, store
from services.notifier.domain import House, Task
from services.notifier.links import Purpose
from services.notifier.store import Decided
from shared.contracts.base import Event as AnyEvent
from shared.contracts.base import FirmId
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
from shared.feeds.speech import Batch, Said, Work
from shared.feeds.subscriptions import On, Restates, Stated
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Notifier:
    """What the handlers bring with them. `new` is set when something to be sent is about to be committed."""

    house: House
    new: asyncio.Event


Restated = ReferralRestated | PreferenceRestated
Event = ReferralOpened | ReferralMoved | ReferralAwaited | PreferenceAsked | Restated | CaseErased


async def decide_notifications(referrals: Batch[Event], work: Work[Notifier]) -> list[Said]:
    """Write down whom to tell; sending is done apart, so that a slow mail server delays nobody's decision. Forget who
    is erased, and say that it is done."""
    tasks = await store.known(work.connection, sorted(_spoken_of(referrals)))
    new = New()
    said: list[Said] = []
    for referral in referrals:
        event, cause = referral.event, referral.cause
        match event:
            case ReferralOpened():
                told = domain.announce(event, tasks.get(event.replaces or ""), work.context.house)
                new.opened.append(domain.task(event))
                tasks[event.referral_id] = new.opened[-1]  # a later event of this batch may move or replace it
            case ReferralMoved():
                told = domain.follow(event, tasks.get(event.referral_id), work.context.house)
                if event.status == "entered_in_error":
                    await _write(new, work)
                    new = New()
                    await question_log.drop(work.connection, Purpose.OUTCOMES, event.referral_id)
            case ReferralAwaited():
                told = domain.remind(event, tasks.get(event.referral_id), work.context.house)
            case PreferenceAsked():
                told = domain.ask(event, work.context.house)
            case ReferralRestated() | PreferenceRestated():
                told = ()  # whoever was to be told was told
                if isinstance(event, ReferralRestated):
                    tasks[event.referral_id] = domain.task(event)
                    await store.put_right(work.connection, tasks[event.referral_id])
                question = domain.asked_before(event)
                if question is not None:
                    await question_log.keep(work.connection, [replace(question, traceparent=cause.traceparent)])
            case CaseErased():
                told = ()
                await _write(new, work)  # what came before is forgotten with it, what comes after is a new beginning
                new = New()
                tasks = {id: task for id, task in tasks.items() if task.firm_id != event.firm_id}
                await store.forget(work.connection, event.firm_id)
                said.append(referral.says(_erased(event)))
            case _:
                assert_never(event)
        new.decided += [Decided(one, cause.id, cause.traceparent) for one in told]
    await _write(new, work)
    return said


@dataclass(slots=True)
class New:
    """What a batch has decided and not written yet."""

    opened: list[Task] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)


async def _write(new: New, work: Work[Notifier]) -> None:
    if new.opened:
        await store.keep(work.connection, new.opened)
    if new.decided:
        await store.save(work.connection, new.decided, work.now)
        asked = [
            replace(question, traceparent=one.traceparent)
            for one in new.decided
            if (question := one.notification.question) is not None
        ]
        if asked:
            await question_log.keep(work.connection, asked)
        work.context.new.set()


def _erased(asked: CaseErased) -> NotificationsErased:
    return NotificationsErased(
        firm_id=asked.firm_id,
        version=asked.version,
        requested_at=asked.requested_at,
        requested_by=asked.requested_by,
        submission_id=asked.submission_id,
    )


def _spoken_of(referrals: Batch[Event]) -> set[str]:
    """The referrals that were opened earlier and that these events are about or replace."""
    events = [one.event for one in referrals]
    moved = {event.referral_id for event in events if isinstance(event, ReferralMoved | ReferralAwaited)}
    return moved | {event.replaces for event in events if isinstance(event, ReferralOpened) and event.replaces}


SUBSCRIPTIONS = (
    On(
        (
            ReferralOpened,
            ReferralMoved,
            ReferralAwaited,
            PreferenceAsked,
            ReferralRestated,
            PreferenceRestated,
            CaseErased,
        ),
        decide_notifications,
        says=(NotificationDelivered, OutcomesAnswered, PreferenceAnswered, NotificationsErased),
    ),
)


async def present(
    connection: Connection, firm_ids: Sequence[FirmId], notifier: Notifier, stated: Stated
) -> list[tuple[FirmId, AnyEvent]]:
    """Each message that a recipient's side has taken; nothing of what is erased."""
    delivered = await store.delivered(connection, firm_ids)
    return [(one.firm_id, DeliveryRestated(firm_id=one.firm_id, delivered=one)) for one in delivered]


RESTATES = Restates(present, says=(DeliveryRestated,))
