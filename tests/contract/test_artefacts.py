"""What stands in `contracts/` is what the code says today, whole, valid, and in words."""

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from cli.contracts.catalogue import Published, Way, catalogue
from cli.contracts.export import FOLDER, WHAT_TO_DO, artefacts, golden_events, refusals
from cli.contracts.meanings import MEANINGS
from cli.contracts.schemas import schema_of, urn
from services.referral.updates import DATA as READ_AS_UPDATES
from shared.agreement import load
from shared.contracts.rules import RULES
from shared.contracts.topics import SERVICES, Kind, topics_of
from shared.feeds.subscriptions import AtDoor
from shared.testing.builders import read

Json = dict[str, Any]
EVENTS = catalogue()
ASYNCAPI = Path(__file__).parent / "asyncapi" / "3.0.0.json"


@cache
def made() -> dict[str, str]:
    return artefacts(golden_events(FOLDER))


@cache
def document() -> Json:
    found: Json = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
    return found


def objects(event: Published) -> dict[str, Json]:
    """Every object that the event's schema describes, by the name that `MEANINGS` knows it by."""
    schema = schema_of(event)
    return {event.shape.__name__.lstrip("_"): schema, **schema.get("$defs", {})}


def test_no_published_schema_is_broken_by_the_code() -> None:
    assert refusals(FOLDER, made()) == {}, WHAT_TO_DO


@pytest.mark.parametrize("name", sorted(made()))
def test_what_is_committed_is_what_the_code_makes(name: str) -> None:
    assert (FOLDER / name).exists(), "renew it: make contracts"
    assert (FOLDER / name).read_text(encoding="utf-8") == made()[name], "renew it: make contracts"


def test_nothing_else_lies_among_the_schemas() -> None:
    assert {f"schemas/{path.name}" for path in (FOLDER / "schemas").iterdir()} == {
        name for name in made() if name.startswith("schemas/")
    }


@pytest.mark.parametrize("name", sorted(name for name in made() if name.startswith("schemas/")))
def test_a_schema_is_one_of_2020_12_and_named_by_the_urn_that_our_events_carry(name: str) -> None:
    schema = json.loads(made()[name])
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == urn(Path(name).stem)
    assert all(schema[words] for words in ("title", "description"))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_member_says_what_it_means(event: Published) -> None:
    silent = [name for name, part in objects(event).items() if not part.get("description")]
    silent += [
        f"{name}.{member}"
        for name, part in objects(event).items()
        for member, schema in part["properties"].items()
        if not schema.get("description")
    ]
    assert silent == [], "give them words in cli/contracts/meanings.py"


def test_no_words_are_kept_for_what_is_gone() -> None:
    known = {name for event in EVENTS for name in objects(event)}
    for event in EVENTS:
        for name, part in objects(event).items():
            known |= {spelled for member in part["properties"] for spelled in (member, f"{name}.{member}")}
    assert set(MEANINGS) - known == set()


def test_every_door_has_its_types_and_its_reader_knows_them() -> None:
    doors = {
        one.topic: service
        for service in SERVICES
        for one in import_module(f"services.{service}.handlers").SUBSCRIPTIONS
        if isinstance(one, AtDoor)
    }
    written = [event for event in EVENTS if event.way is Way.INBOUND]
    assert {event.topic: event.service for event in written} == doors
    for event in written:
        if event.service == "intake":
            answer = read({}, event.type)
            assert not {problem.rule for problem in getattr(answer, "problems", ())} & {
                "type-unknown",
                "type-not-served-yet",
            }
        else:
            assert event.type in READ_AS_UPDATES


def test_the_document_for_partners_is_valid_by_asyncapis_own_schema() -> None:
    validator = Draft7Validator(json.loads(ASYNCAPI.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(document())] == []


@pytest.mark.parametrize("part", ["channels", "info", "asyncapi"])
def test_a_document_that_lacks_or_misspells_a_part_is_not_valid(part: str) -> None:
    validator = Draft7Validator(json.loads(ASYNCAPI.read_text(encoding="utf-8")))
    wrong = {("chanels" if name == part else name): value for name, value in document().items()}
    assert not validator.is_valid(wrong)


def test_every_reference_of_the_document_leads_somewhere_in_it() -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*(references(value) for value in node.values()))
        return set().union(*(references(item) for item in node)) if isinstance(node, list) else set()

    found = references(document())
    assert len(found) > 50
    for reference in found:
        here: Any = document()
        for step in reference.removeprefix("#/").split("/"):
            here = here[step.replace("~1", "/").replace("~0", "~")]


def test_a_partner_finds_its_four_topics_and_what_it_does_there_and_nothing_of_ours() -> None:
    topics = {topic.name.replace(".cna.", ".{partner}."): topic for topic in topics_of("cna")}
    channels = {channel["address"]: name for name, channel in document()["channels"].items()}
    assert channels.keys() == topics.keys()
    actions = {one["channel"]["$ref"].rpartition("/")[2]: one["action"] for one in document()["operations"].values()}
    for address, name in channels.items():
        assert actions[name] == ("send" if topics[address].kind is Kind.INBOUND else "receive")
        told = {event.type for event in EVENTS if event.topic == address}
        assert {
            document()["components"]["messages"][message]["name"]
            for message in document()["channels"][name]["messages"]
        } == told
    text = (FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")
    assert [event.type for event in EVENTS if event.way is Way.INTERNAL and event.type in text] == []


def test_every_example_of_the_document_is_valid_by_the_schema_beside_it() -> None:
    components = document()["components"]
    seen = 0
    for message in components["messages"].values():
        for example in message["examples"]:
            whole = {"$ref": message["payload"]["$ref"], "components": components}
            Draft202012Validator(whole).validate(example["payload"])
            Draft202012Validator(message["headers"]).validate(example["headers"])
            seen += 1
    assert seen >= len(components["messages"])


def test_topics_keep_as_long_as_the_agreement_says() -> None:
    days = load().topics.keep_days.partners
    for channel in document()["channels"].values():
        assert channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == days * 86_400_000


def test_every_rule_is_published_with_its_meaning() -> None:
    page = (FOLDER / "rules.md").read_text(encoding="utf-8")
    assert [rule for rule, words in RULES.items() if f"| `{rule}` | {words} |" not in page] == []
