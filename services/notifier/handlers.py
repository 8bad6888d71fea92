"""What the notifier hears: referrals that were opened or moved. What it says is said by its door out, `mail`."""

import asyncio
from dataclasses import dataclass
from typing import assert_never

from services.notifier import domain, store
from services.notifier.domain import House, Task
from services.notifier.store import Decided
from shared.contracts.notifier import NotificationDelivered
from shared.contracts.referral import ReferralMoved, ReferralOpened
from shared.feeds.speech import Batch, Said, Work
from shared.feeds.subscriptions import On


@dataclass(frozen=True, slots=True)
class Notifier:
    """What the handlers bring with them. `new` is set when something to be sent is about to be committed."""

    house: House
    new: asyncio.Event


async def decide_notifications(referrals: Batch[ReferralOpened | ReferralMoved], work: Work[Notifier]) -> list[Said]:
    """Write down whom to tell; sending is done apart, so that a slow mail server delays nobody's decision."""
    tasks = await store.known(work.connection, sorted(_spoken_of(referrals)))
    opened: list[Task] = []
    decided: list[Decided] = []
    for referral in referrals:
        event, cause = referral.event, referral.cause
        match event:
            case ReferralOpened():
                opened.append(domain.task(event))
                told = domain.announce(event, tasks.get(event.replaces or ""), work.context.house)
                tasks[event.referral_id] = opened[-1]  # a later event of this batch may move or replace it
            case ReferralMoved():
                told = domain.follow(event, tasks.get(event.referral_id), work.context.house)
            case _:
                assert_never(event)
        decided += [Decided(one, cause.id, cause.traceparent) for one in told]
    if opened:
        await store.keep(work.connection, opened)
    if decided:
        await store.save(work.connection, decided, work.now)
        work.context.new.set()
    return []


def _spoken_of(referrals: Batch[ReferralOpened | ReferralMoved]) -> set[str]:
    """The referrals that were opened earlier and that these events move or replace."""
    events = [one.event for one in referrals]
    moved = {event.referral_id for event in events if isinstance(event, ReferralMoved)}
    return moved | {event.replaces for event in events if isinstance(event, ReferralOpened) and event.replaces}


SUBSCRIPTIONS = (On((ReferralOpened, ReferralMoved), decide_notifications, says=(NotificationDelivered,)),)
