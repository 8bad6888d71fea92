"""The notifier's parts list."""

from services.notifier.domain import House, State
from services.notifier.handlers import SUBSCRIPTIONS, Notifier
from services.notifier.http import FirmsDoor
from services.notifier.mail import MailDoor
from services.notifier.pages import Pages
from services.notifier.recalling import recall
from services.notifier.rendering import Templates
from services.notifier.settings import NotifierSettings
from services.notifier.store import by_state
from shared.agreement import load
from shared.postgres.pool import Pool
from shared.service import Service
from shared.telemetry import names
from shared.telemetry.metrics import Sample


async def messages(pool: Pool) -> list[Sample]:
    """Messages by state, what was sent apart."""
    counts = dict.fromkeys((State.PENDING, State.FAILED, State.NO_ADDRESS), 0) | await by_state(pool)
    return [Sample(names.DELIVERIES, n, {"state": str(state)}) for state, n in counts.items()]


def service(settings: NotifierSettings) -> Service[Notifier]:
    door = MailDoor(settings.server(), connections=settings.smtp_connections)
    agreement, links = load(settings.agreement), settings.links()
    page = FirmsDoor(settings.page_host, settings.page_port, links, Pages(agreement))
    house = House(
        agreement=agreement,
        desks=settings.where(),
        mail_domain=settings.sender.partition("@")[2],
        links=links,
        write=Templates(),
    )
    return Service(
        name="notifier",
        settings=settings,
        subscriptions=SUBSCRIPTIONS,
        context=Notifier(house=house, new=door.wake),
        errands=(door.send, page.serve),
        gauges=(messages,),
        recall=recall,
    )
