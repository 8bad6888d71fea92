"""What the notifier hears: referrals that were opened or moved. What it says is said by its door out, `mail`."""

import asyncio
from dataclasses import dataclass

from services.notifier import domain, store
from services.notifier.domain import House, Notification
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
    decided = [
        Decided(notification, referral.cause.id, referral.cause.traceparent)
        for referral in referrals
        for notification in _decide(referral.event, work.context.house)
    ]
    if decided:
        await store.save(work.connection, decided, work.now)
        work.context.new.set()
    return []


def _decide(event: ReferralOpened | ReferralMoved, house: House) -> tuple[Notification, ...]:
    match event:
        case ReferralOpened():
            return domain.announce(event, house)
        case ReferralMoved():
            return domain.follow(event, house)


SUBSCRIPTIONS = (On((ReferralOpened, ReferralMoved), decide_notifications, says=(NotificationDelivered,)),)
