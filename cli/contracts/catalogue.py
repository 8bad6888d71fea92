"""Which events cross a boundary: type, way, topic and class, read from the tables of what services hear and say.

What our services say is complete by itself, because an event class carries its type and feed. What partners write comes
from what their doors read by type: a door's subscription knows bytes alone. A test holds the two together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from services.referral.updates import DATA as UPDATES_DATA
from services.referral.updates import INFORMATION_DECLINED, MEMBERSHIP_ANSWERED, UPDATED
from shared.contracts.base import Event
from shared.contracts.submissions import DATA
from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUBMITTED, SUCCEEDED
from shared.contracts.topics import SERVICES
from shared.feeds.subscriptions import AtDoor, Restates, Subscription
from shared.feeds.timers import When

FIRMS = "partners.{partner}.firms.v1"
UPDATES = "partners.{partner}.updates.v1"

Shape = type[BaseModel] | type[Event]
"""The class that the code reads or writes such events with."""


class Way(StrEnum):
    """Which way an event crosses: a partner writes it, a partner reads it, or our own services alone do."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Published:
    """One event type of one version.

    `topic` is a template where there is one for each partner. `service` is the one of ours that reads it (inbound) or
    says it.
    """

    type: str
    way: Way
    topic: str
    service: str
    shape: Shape
    title: str
    description: str


def catalogue() -> tuple[Published, ...]:
    """Every event type, by name."""
    return tuple(sorted([*_written(), *_said()], key=lambda event: event.type))


_MODELS: Mapping[str, Mapping[str, type[BaseModel]]] = {FIRMS: DATA, UPDATES: UPDATES_DATA}
_WORDS = {
    SUBMITTED: (
        "Firm submitted",
        "What this partner asserts of a firm today. It replaces this partner's earlier assertion of the firm as a "
        "whole; what other partners assert stands. Absent or null is not known, and never no.",
    ),
    SUCCEEDED: ("Firm succeeded", "Another code stands for the firm: open referrals follow."),
    REVOKED: (
        "Consent revoked",
        "The firm took a consent back. Only a partner that asserts something of the firm may say so.",
    ),
    ERASURE_REQUESTED: (
        "Erasure requested",
        "The firm asks that its data be erased. Only a partner that asserts something of the firm may say so.",
    ),
    UPDATED: ("Referral updated", "How far this partner has come with a referral that it was asked to take."),
    MEMBERSHIP_ANSWERED: ("Membership answered", "Whether a firm is this partner's member, as Portolano asked."),
    INFORMATION_DECLINED: ("Information declined", "This partner will not find out what Portolano asked of a firm."),
}


def _written() -> Iterator[Published]:
    for service, subscription in _subscriptions():
        if isinstance(subscription, AtDoor):
            for type, model in _MODELS[subscription.topic].items():
                yield Published(type, Way.INBOUND, subscription.topic, service, model, *_WORDS[type])


def _said() -> Iterator[Published]:
    tables = [*_subscriptions(), *_timers(), *_restatements()]
    speakers = {event: service for service, entry in tables for event in entry.says}
    for event, service in speakers.items():
        title = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in event.__name__)
        yield Published(
            event.type,
            Way.OUTBOUND if "{partner}" in event.feed else Way.INTERNAL,
            event.feed,
            service,
            event,
            title.strip().capitalize(),
            " ".join((event.__doc__ or "").split()),
        )


def _timers() -> Iterator[tuple[str, When[Any]]]:
    for service in SERVICES:
        for when in getattr(import_module(f"services.{service}.handlers"), "TIMERS", ()):
            yield service, when


def _restatements() -> Iterator[tuple[str, Restates[Any]]]:
    for service in SERVICES:
        yield service, import_module(f"services.{service}.handlers").RESTATES


def _subscriptions() -> Iterator[tuple[str, Subscription]]:
    for service in SERVICES:
        for subscription in import_module(f"services.{service}.handlers").SUBSCRIPTIONS:
            yield service, subscription
