"""What once lay on a topic is read today, and means today what it meant then."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.contracts import envelopes
from cli.contracts.catalogue import FIRMS, Way, catalogue
from cli.contracts.export import FOLDER, golden_events
from cli.contracts.schemas import schema_of
from services.referral.updates import understand
from shared.agreement import load
from shared.contracts.submissions import Refusal
from shared.contracts.submitted import SUBMITTED
from shared.feeds.failures import Unreadable
from shared.testing.builders import ARRIVED, read
from tests.contract.golden import GOLDEN, made, understood, write
from tests.contract.said import SAID
from tests.contract.written import WRITTEN

Json = dict[str, Any]
BY_TYPE = {event.type: event for event in catalogue()}
AGREEMENT = load()
EVENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))}


def agrees(then: Any, now: Any) -> bool:
    """Whether `now` says all that `then` said; a member may have been added."""
    if isinstance(then, dict) and isinstance(now, dict):
        return all(name in now and agrees(value, now[name]) for name, value in then.items())
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(agrees, then, now))
    return bool(then == now)


def data_of(event: Json) -> Json:
    found: Json = event["value"]["data"] if BY_TYPE[event["type"]].way is Way.INTERNAL else event["value"]
    return found


@pytest.mark.parametrize("type", sorted(BY_TYPE))
def test_every_type_has_a_golden_event(type: str) -> None:
    assert golden_events(FOLDER).get(type), "say it in tests/contract/said.py or written.py, then: make contracts"


def test_the_examples_hold_nothing_that_nobody_says() -> None:
    assert {type for type, _ in WRITTEN} | {one.type for events in SAID.values() for one in events} == BY_TYPE.keys()


@pytest.mark.parametrize("name", EVENTS)
def test_a_golden_event_is_read_today_as_it_was_when_it_was_made(name: str) -> None:
    event = EVENTS[name]
    published = BY_TYPE[event["type"]]
    then = event["understood"] if published.way is Way.INBOUND else data_of(event)
    assert agrees(then, understood(event, published)), "another meaning is another version of the event"


@pytest.mark.parametrize("name", EVENTS)
def test_a_golden_event_is_valid_by_its_schema_and_its_envelope(name: str) -> None:
    event = EVENTS[name]
    published = BY_TYPE[event["type"]]
    Draft202012Validator(schema_of(published)).validate(data_of(event))
    if published.way is Way.INTERNAL:
        Draft202012Validator(envelopes.structured(Way.INTERNAL)).validate(event["value"])
    else:
        Draft202012Validator(envelopes.headers(published.way, published.type)).validate(event["headers"])


@pytest.mark.parametrize("name", [name for name in EVENTS if BY_TYPE[EVENTS[name]["type"]].way is not Way.INBOUND])
def test_a_golden_event_without_a_required_member_is_not_read(name: str) -> None:
    event = deepcopy(EVENTS[name])
    published = BY_TYPE[event["type"]]
    for member in schema_of(published)["required"]:
        broken = deepcopy(event)
        del data_of(broken)[member]
        with pytest.raises((Unreadable, ValueError)):
            understood(broken, published)


def test_a_golden_event_that_is_there_is_never_written_again(tmp_path: Path) -> None:
    first = write(tmp_path)
    assert {path.name for path in first} == {name for name, _ in made()}
    first[0].write_text("as it was", encoding="utf-8")
    first[1].unlink()
    assert write(tmp_path) == [first[1]]
    assert first[0].read_text(encoding="utf-8") == "as it was"


INSTEAD: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    -1,
    0.5,
    2030,
    "",
    "x",
    "DE",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    [],
    {},
)


def mutations(data: Any) -> Iterator[Any]:
    """The data with each of its values, one at a time, left out or replaced by each of `INSTEAD`."""
    members = list(data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ())
    for name, value in members:
        for other in (*INSTEAD, *mutations(value)):
            yield {**data, name: other} if isinstance(data, dict) else [*data[:name], other, *data[name + 1 :]]
        if isinstance(data, dict):
            yield {kept: value for kept, value in data.items() if kept != name}


def taken(data: Json, type: str) -> bool:
    """Whether the record is read, and nothing in it left out or corrected."""
    if BY_TYPE[type].topic == FIRMS:
        content = read(data, type)
        return not isinstance(content, Refusal) and not content.warnings
    return understand(type, data, ARRIVED, AGREEMENT)[0] is not None


@pytest.mark.parametrize("type", sorted(type for type, event in BY_TYPE.items() if event.way is Way.INBOUND))
def test_what_a_door_takes_without_a_warning_is_valid_by_the_published_schema(type: str) -> None:
    validator = Draft202012Validator(schema_of(BY_TYPE[type]))
    examples = [data for (kind, _), data in WRITTEN.items() if kind == type]
    read_whole = [data for example in examples for data in mutations(example) if taken(data, type)]
    assert len(read_whole) > (100 if type == SUBMITTED else 0)
    for data in read_whole:
        assert validator.is_valid(data), (data, next(iter(validator.iter_errors(data))).message)
