"""`python -m services.notifier`: run the service until SIGTERM."""

from services.notifier.app import service
from services.notifier.settings import NotifierSettings
from shared.service import run

run(service, NotifierSettings)
