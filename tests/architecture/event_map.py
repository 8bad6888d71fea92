"""The event map of ARCHITECTURE.md, drawn from the tables at the foot of each `handlers.py`.

`python -m tests.architecture.event_map --write` renews the page.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from shared.contracts.base import Event
from shared.contracts.topics import SERVICES
from shared.feeds.subscriptions import AtDoor, Subscription

PAGE = Path(__file__).resolve().parents[2] / "ARCHITECTURE.md"
BEGIN, END = "<!-- event map: begin -->", "<!-- event map: end -->"


def draw() -> str:
    """A table: service, what it hears and where, what it says to that and where."""
    lines = ["| service | hears | on | says | on |", "|---|---|---|---|---|"]
    for service in SERVICES:
        subscriptions: tuple[Subscription, ...] = import_module(f"services.{service}.handlers").SUBSCRIPTIONS
        for subscription in subscriptions:
            heard, topic = _heard(subscription)
            says = subscription.says or (None,)
            lines += _rows(service, heard, topic, says)
        for when in getattr(import_module(f"services.{service}.handlers"), "TIMERS", ()):
            lines += _rows(service, "a clock that is due", "–", when.says)
        restates = import_module(f"services.{service}.handlers").RESTATES
        lines += _rows(service, "`portolano feeds restate`", "–", restates.says)
    return "\n".join(lines)


def _rows(service: str, heard: str, topic: str, says: Sequence[type[Event] | None]) -> Iterator[str]:
    for k, event in enumerate(says):
        left = [service, heard, topic] if k == 0 else ["", "", ""]
        yield "| " + " | ".join([*left, *_said(event)]) + " |"


def _heard(subscription: Subscription) -> tuple[str, str]:
    if isinstance(subscription, AtDoor):
        return "what a partner writes", f"`{subscription.topic.format(partner='<code>')}`"
    names = ", ".join(event.__name__ for event in subscription.types)
    return names, f"`{subscription.types[0].feed}`"


def _said(event: type[Event] | None) -> list[str]:
    if event is None:
        return ["–", "–"]
    return [event.__name__, f"`{event.feed.format(partner='<code>')}`"]


def on_page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def write() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    PAGE.write_text(f"{head}\n{draw()}\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    else:
        print(draw())
