"""A change that would break a partner or a record that lies on a topic is refused; one that breaks nobody is not."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from cli.contracts import __main__ as command
from cli.contracts.catalogue import Way
from cli.contracts.compatibility import breaks
from cli.contracts.export import FOLDER, WHAT_TO_DO, artefacts, golden_events, refusals

Json = dict[str, Any]
Change = Callable[[Json], None]
BEFORE: Json = {
    "type": "object",
    "properties": {
        "name": {"description": "A name.", "type": "string", "maxLength": 64},
        "kind": {"type": "string", "enum": ["branch", "office"]},
        "share": {
            "anyOf": [{"oneOf": [{"type": "number", "maximum": 1}, {"$ref": "#/$defs/Range"}]}, {"type": "null"}]
        },
        "units": {"type": "array", "items": {"$ref": "#/$defs/Unit"}, "maxItems": 64},
        "seat": {"$ref": "#/$defs/Unit"},
        "since": {"type": "string", "format": "date"},
    },
    "required": ["name"],
    "$defs": {
        "Range": {"type": "object", "properties": {"min": {"type": "number"}, "max": {"type": "number"}}},
        "Unit": {
            "type": "object",
            "properties": {"province": {"type": "string", "pattern": "^[A-Z]{2}$"}, "comune": {"type": "string"}},
            "required": ["province"],
        },
    },
}


def properties(schema: Json, definition: str | None = None) -> Json:
    found: Json = (schema["$defs"][definition] if definition else schema)["properties"]
    return found


def changed(change: Change) -> Json:
    now = deepcopy(BEFORE)
    change(now)
    return now


def renamed(schema: Json) -> None:
    properties(schema)["title"] = properties(schema).pop("name")
    schema["required"] = ["title"]


def a_null_less(schema: Json) -> None:
    properties(schema)["share"] = properties(schema)["share"]["anyOf"][0]


def no_numbers(schema: Json) -> None:
    properties(schema)["share"] = {"anyOf": [{"$ref": "#/$defs/Range"}, {"type": "null"}]}


BREAK_EVERYBODY: dict[str, tuple[Change, str]] = {
    "a member is gone": (lambda s: properties(s).pop("since"), "/since: is gone"),
    "a member of an item is gone": (lambda s: properties(s, "Unit").pop("comune"), "/units/[]/comune: is gone"),
    "a member of a range is gone": (lambda s: properties(s, "Range").pop("min"), "/share/min: is gone"),
    "a member has another name": (renamed, "/name: is gone, or has another name"),
    "a member is required from now on": (lambda s: s["required"].append("kind"), "/kind: required was no, is yes"),
    "a member of a part is required from now on": (
        lambda s: s["$defs"]["Unit"]["required"].append("comune"),
        "/comune: required was no, is yes",
    ),
    "a code is gone": (lambda s: properties(s)["kind"]["enum"].remove("office"), "/kind: code office was allowed"),
    "codes are listed that were free": (
        lambda s: properties(s)["name"].update(enum=["a"]),
        "/name: code of any kind was allowed",
    ),
    "a list is shorter": (lambda s: properties(s)["units"].update(maxItems=8), "/units: maxItems was 64, is 8"),
    "a text is shorter": (lambda s: properties(s)["name"].update(maxLength=32), "/name: maxLength was 64, is 32"),
    "a bound is new": (lambda s: properties(s)["name"].update(minLength=2), "/name: minLength was not given, is 2"),
    "a form is asked for": (lambda s: properties(s)["name"].update(pattern="^A"), "/name: pattern was not given"),
    "a form is another": (lambda s: properties(s, "Unit")["province"].update(pattern="^..$"), "pattern was ^[A-Z]{2}$"),
    "a type is another": (lambda s: properties(s)["since"].update(type="integer"), "/since: type was string"),
    "null is not said any more": (a_null_less, "/share"),
    "a number is not taken any more": (no_numbers, "/share"),
    "a list became one": (lambda s: properties(s).update(units={"$ref": "#/$defs/Unit"}), "/units: type was array"),
    "a keyword that nobody thought about": (
        lambda s: s.update(additionalProperties=False),
        "/: additionalProperties (not judged)",
    ),
}
BREAK_READERS: dict[str, tuple[Change, str]] = {
    "a code is new": (lambda s: properties(s)["kind"]["enum"].append("stake"), "/kind: code stake was not allowed"),
    "a member may be absent from now on": (lambda s: s.update(required=[]), "/name: required was yes, is no"),
    "a text is longer": (lambda s: properties(s)["name"].update(maxLength=99), "/name: maxLength was 64, is 99"),
    "a text may be a number": (lambda s: properties(s)["since"].update(type=["string", "integer"]), "/since: type"),
    "a form is free": (lambda s: properties(s, "Unit")["province"].pop("pattern"), "/province: pattern was ^"),
    "a number may be more": (
        lambda s: properties(s)["share"]["anyOf"][0]["oneOf"][0].pop("maximum"),
        "/share: maximum was 1, is not given",
    ),
}
BREAK_NOBODY: dict[str, Change] = {
    "nothing": lambda s: None,
    "a member is new and optional": lambda s: properties(s).update(colour={"type": "string"}),
    "a part's member is new and optional": lambda s: properties(s, "Unit").update(colour={"$ref": "#/$defs/Range"}),
    "words are clearer": lambda s: properties(s)["name"].update(description="The name of the firm.", title="Name"),
    "the order is another": lambda s: properties(s)["kind"]["enum"].reverse(),
    "branches stand in another order": lambda s: properties(s)["share"]["anyOf"].reverse(),
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("name", BREAK_EVERYBODY)
def test_a_change_that_breaks_is_found_whichever_way_the_event_goes(name: str, way: Way) -> None:
    change, told = BREAK_EVERYBODY[name]
    found = breaks(BEFORE, changed(change), way)
    assert any(told in one for one in found), found


@pytest.mark.parametrize("name", BREAK_READERS)
def test_what_partners_write_may_become_more_but_what_they_read_may_not(name: str) -> None:
    change, told = BREAK_READERS[name]
    assert breaks(BEFORE, changed(change), Way.INBOUND) == []
    for way in (Way.OUTBOUND, Way.INTERNAL):
        found = breaks(BEFORE, changed(change), way)
        assert any(told in one for one in found), found


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("name", BREAK_NOBODY)
def test_a_change_that_breaks_nobody_is_let_through(name: str, way: Way) -> None:
    assert breaks(BEFORE, changed(BREAK_NOBODY[name]), way) == []


def test_a_schema_that_holds_itself_is_compared_to_its_end() -> None:
    tree: Json = {
        "$ref": "#/$defs/Tree",
        "$defs": {"Tree": {"properties": {"in": {"anyOf": [{"$ref": "#/$defs/Tree"}]}}}},
    }
    assert breaks(tree, deepcopy(tree), Way.OUTBOUND) == []


def committed(folder: Path) -> dict[str, str]:
    """A copy of what is committed, in `folder`, and what the code makes."""
    made = artefacts(golden_events(FOLDER))
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return made


REVOKED = "it.portolano.consent.revoked.v1"


def with_a_member_more(folder: Path, type: str = REVOKED) -> None:
    """As if the committed schema had a member that the code has lost."""
    path = folder / "schemas" / f"{type}.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["properties"]["colour"] = {"type": "string"}
    path.write_text(json.dumps(schema), encoding="utf-8")


def test_a_lost_member_a_lost_type_and_a_lost_rule_are_told_by_name(tmp_path: Path) -> None:
    made = committed(tmp_path)
    assert refusals(tmp_path, made) == {}
    with_a_member_more(tmp_path)
    (tmp_path / "schemas" / "it.portolano.firm.moved.v1.json").write_text("{}", encoding="utf-8")
    rules = json.loads(made["rules.json"])
    rules["rules"].append({"rule": "colour-wrong", "meaning": "…"})
    (tmp_path / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    assert refusals(tmp_path, made) == {
        REVOKED: ["/colour: is gone, or has another name"],
        "it.portolano.firm.moved.v1": ["the type is gone: what lies on the topics could not be read any more"],
        "rules": ["colour-wrong: is gone, or has another name"],
    }


def test_the_command_writes_nothing_where_something_breaks_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    committed(tmp_path)
    with_a_member_more(tmp_path)
    (tmp_path / "rules.md").unlink()
    assert command.main([], tmp_path) == 1
    told = capsys.readouterr().err
    assert f"{REVOKED}: /colour: is gone, or has another name" in told
    assert WHAT_TO_DO in told
    assert not (tmp_path / "rules.md").exists()


def test_a_type_that_nobody_was_given_yet_may_change_in_any_way(tmp_path: Path) -> None:
    made = committed(tmp_path)
    with_a_member_more(tmp_path)
    assert command.main(["--unpublished", REVOKED], tmp_path) == 0
    assert refusals(tmp_path, made) == {}
