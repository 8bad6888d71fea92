"""The parts of the classifier."""

from services.classifier.handlers import SUBSCRIPTIONS, Policy
from services.classifier.settings import ClassifierSettings
from shared.agreement import load_versions
from shared.service import Service


def service(settings: ClassifierSettings) -> Service[Policy]:
    """Raises `Trouble` where the agreement does not load."""
    return Service(
        name="classifier",
        settings=settings,
        subscriptions=SUBSCRIPTIONS,
        context=Policy(load_versions(settings.agreement)),
    )
