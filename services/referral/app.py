"""Referral's parts list."""

from services.referral.handlers import SUBSCRIPTIONS, TIMERS, Accord
from services.referral.settings import ReferralSettings
from shared.agreement import load
from shared.service import Service


def service(settings: ReferralSettings) -> Service[Accord]:
    return Service(
        name="referral",
        settings=settings,
        subscriptions=SUBSCRIPTIONS,
        context=Accord(load(settings.agreement)),
        timers=TIMERS,
    )
