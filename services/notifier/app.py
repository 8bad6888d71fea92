"""The notifier's parts list."""

from services.notifier.domain import House
from services.notifier.handlers import SUBSCRIPTIONS, Notifier
from services.notifier.mail import MailDoor
from services.notifier.rendering import Templates
from services.notifier.settings import NotifierSettings
from shared.agreement import load
from shared.service import Service


def service(settings: NotifierSettings) -> Service[Notifier]:
    door = MailDoor(settings.server(), connections=settings.smtp_connections)
    house = House(
        agreement=load(settings.agreement),
        desks=settings.where(),
        mail_domain=settings.sender.partition("@")[2],
        write=Templates(),
    )
    return Service(
        name="notifier",
        settings=settings,
        subscriptions=SUBSCRIPTIONS,
        context=Notifier(house=house, new=door.wake),
        errands=(door.send,),
    )
