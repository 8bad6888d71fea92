"""`python -m services.intake`: intake as a process."""

from services.intake.app import service
from services.intake.settings import IntakeSettings
from shared.service import run

if __name__ == "__main__":
    run(service, IntakeSettings)
