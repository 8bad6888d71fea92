"""The parts of intake."""

from services.intake.door import Intake
from services.intake.handlers import SUBSCRIPTIONS
from services.intake.settings import IntakeSettings
from shared.agreement import load
from shared.service import Service


def service(settings: IntakeSettings) -> Service[Intake]:
    """Raises `Trouble` where the agreement does not load."""
    agreement = load(settings.agreement)
    return Service(
        name="intake",
        settings=settings,
        subscriptions=SUBSCRIPTIONS,
        context=Intake(
            partners=agreement.partners,
            fronts=frozenset(front.code for front in agreement.fronts),
            firm_key=settings.firm_key.get_secret_value().encode(),
        ),
    )
