"""Referral's parts list."""

from services.referral.errands import recall
from services.referral.handlers import SUBSCRIPTIONS, TIMERS
from services.referral.settings import ReferralSettings
from shared.agreement import Versions, load_versions
from shared.service import Service


def service(settings: ReferralSettings) -> Service[Versions]:
    """Raises `Trouble` where the agreement does not load."""
    return Service(
        name="referral",
        settings=settings,
        subscriptions=SUBSCRIPTIONS,
        context=load_versions(settings.agreement),
        timers=TIMERS,
        recall=recall,
    )
