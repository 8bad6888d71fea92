"""Golden events: one record of every type and version as it lay on its topic, kept for good in `contracts/golden`.

`python -m tests.contract.golden` adds those that are missing. One that is there is never written again: it stands for
what partners and our own stores hold from the day when it was made, and today's code has to read it.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cli.contracts.catalogue import FIRMS, UPDATES, Published, Way, catalogue
from cli.contracts.export import FOLDER
from services.referral.door import read_update
from shared.agreement import load_versions
from shared.contracts.submissions import Refusal, read_submission
from shared.feeds.numbers import Layout
from shared.feeds.records import Decoders, Numbering, numbered, record_of
from shared.feeds.speech import Cause, Place
from shared.feeds.subscriptions import Letter
from shared.testing.builders import ARRIVED, FRONTS, PARTNERS, headers
from tests.contract.said import AT, FIRM, SAID
from tests.contract.written import WRITTEN

Json = dict[str, Any]
GOLDEN = FOLDER / "golden"
PARTNER = "cna"
VERSIONS = load_versions()
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@dataclass(frozen=True, slots=True)
class Lying:
    """A golden event as the Kafka client would hand it over."""

    topic: str
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]
    key: bytes | None = None
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


def lying(event: Json) -> Lying:
    told = tuple((name, text.encode()) for name, text in event["headers"].items())
    return Lying(event["topic"], json.dumps(event["value"]).encode(), told)


def understood(event: Json, published: Published) -> Json:
    """What today's readers make of a golden event, as JSON. Raises where they refuse it."""
    record = lying(event)
    match published.way:
        case Way.INBOUND:
            return _at_the_door(record, datetime.fromisoformat(event["appended_at"]), published)
        case Way.OUTBOUND:
            return _as_json(msgspec.json.decode(record.value, type=published.shape))
        case Way.INTERNAL:
            return _as_json(Decoders((published.shape,)).read(record)[1])  # type: ignore[arg-type]


def _at_the_door(record: Lying, appended_at: datetime, published: Published) -> Json:
    if published.topic == FIRMS:
        content = read_submission(record.value, record.headers, appended_at, partners=PARTNERS, fronts=FRONTS)
        assert not isinstance(content, Refusal), content.problems
        read = _as_json(content)
        del read["envelope"]
        return read | {"read_as": type(content).__name__}
    assert published.topic == UPDATES
    letter = Letter(PARTNER, Place(record.topic, 0, 0), appended_at, None, record.value, record.headers)
    update = read_update(letter, VERSIONS)
    assert update.content is not None, update.problems
    return _as_json(update.content)


def _as_json(value: object) -> Json:
    read: Json = msgspec.json.decode(msgspec.json.encode(value))
    return read


def made() -> Iterator[tuple[str, Json]]:
    """Every golden event that today's examples make, with its file's name."""
    by_type = {event.type: event for event in catalogue()}
    for (kind, name), data in WRITTEN.items():
        with_headers = {k: (v or b"").decode() for k, v in headers(kind)}
        topic = by_type[kind].topic.format(partner=PARTNER)
        event = {"name": name, "type": kind, "topic": topic, "headers": with_headers, "value": data}
        event["appended_at"] = ARRIVED.isoformat()
        yield f"{kind}.{name}.json", event
    for name, events in SAID.items():
        for said in events:
            if said.type in by_type:
                yield f"{said.type}.{name}.json", _said(name, by_type[said.type], said)


def _said(name: str, published: Published, event: Any) -> Json:
    to = PARTNER if published.way is Way.OUTBOUND else None
    layout = Layout(partitions=1, prefix="", generation="20261123-1", service=published.service)
    said = Cause("cause", _TRACE).says(event, firm_id=FIRM, to=to)
    record = record_of(said, "00000000-0000-5000-8000-0000000000e1", AT, layout)
    told = {k: v.decode() for k, v in numbered(record, Numbering(sequence=1, generation=layout.generation))}
    topic = published.topic.format(partner=PARTNER)
    return {"name": name, "type": event.type, "topic": topic, "headers": told, "value": json.loads(record.value)}


def write(folder: Path = GOLDEN) -> list[Path]:
    """Adds the golden events that are missing; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    by_type = {event.type: event for event in catalogue()}
    new = []
    for name, event in made():
        if not (path := folder / name).exists():
            if by_type[event["type"]].way is Way.INBOUND:
                event["understood"] = understood(event, by_type[event["type"]])
            path.write_text(json.dumps(event, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            new.append(path)
    return new


if __name__ == "__main__":
    for written in write():
        sys.stdout.write(f"written: {written.relative_to(FOLDER.parent)}\n")
