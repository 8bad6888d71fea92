"""The page and the code tell the same map, and nobody hears what nobody says."""

from importlib import import_module
from typing import Any

from shared.contracts.base import Event
from shared.contracts.topics import SERVICES
from shared.feeds.subscriptions import AtDoor, Restates, Subscription
from shared.feeds.timers import When
from tests.architecture.event_map import draw, on_page


def table(service: str) -> tuple[Subscription, ...]:
    found: tuple[Subscription, ...] = import_module(f"services.{service}.handlers").SUBSCRIPTIONS
    return found


def spoken(service: str) -> tuple[Subscription | When[Any] | Restates[Any], ...]:
    """What makes a service speak: what it hears, its clocks, and a person's command to say it anew."""
    handlers = import_module(f"services.{service}.handlers")
    timers: tuple[When[Any], ...] = getattr(handlers, "TIMERS", ())
    return *table(service), *timers, handlers.RESTATES


def test_the_event_map_in_architecture_is_the_one_in_the_code() -> None:
    assert on_page() == draw(), "renew it: python -m tests.architecture.event_map --write"


def test_every_event_that_is_heard_inside_is_said_by_exactly_one_service() -> None:
    speakers: dict[type[Event], set[str]] = {}
    for service in SERVICES:
        for one in spoken(service):
            for event in one.says:
                speakers.setdefault(event, set()).add(service)
    for service in SERVICES:
        for subscription in table(service):
            for event in () if isinstance(subscription, AtDoor) else subscription.types:
                assert len(speakers.get(event, set())) == 1, (
                    f"{service} hears {event.__name__}, said by {speakers.get(event)}"
                )


def test_events_of_one_feed_have_one_speaking_service() -> None:
    owners: dict[str, set[str]] = {}
    for service in SERVICES:
        for one in spoken(service):
            for event in one.says:
                owners.setdefault(event.feed, set()).add(service)
    assert {feed: who for feed, who in owners.items() if len(who) > 1} == {}
