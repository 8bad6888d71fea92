"""The files of `contracts/`, made from the code; and what forbids to put them in place of those that stand there."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cli.contracts import asyncapi, envelopes
from cli.contracts.catalogue import Way, catalogue
from cli.contracts.compatibility import breaks
from cli.contracts.schemas import schema_of
from shared.agreement import load
from shared.contracts.rules import RULES

FOLDER = Path(__file__).resolve().parents[2] / "contracts"
WHAT_TO_DO = """\
A published type keeps what it promised. Either keep the member as it was and add an optional one beside it, or say \
the new thing under the next version: a new class whose type ends in the next number, told beside this one until \
nobody reads the old. A type that nobody outside has been given yet: make contracts ARGS="--unpublished TYPE"."""

Json = dict[str, Any]


def artefacts(golden: Mapping[str, list[Json]]) -> dict[str, str]:
    """Every file's text by its path in `contracts/`; `golden` are the golden events by type."""
    published = catalogue()
    schemas = {event.type: schema_of(event) for event in published}
    agreement = load()
    document = asyncapi.document(
        published,
        schemas,
        golden,
        partners=agreement.partners,
        retention_days=agreement.topics.keep_days.partners,
    )
    files = {_place(type): _as_json(schema) for type, schema in schemas.items()}
    files[_place("envelope.inbound.v1")] = _as_json(envelopes.structured(Way.INBOUND))
    files[_place("envelope.outbound.v1")] = _as_json(envelopes.binary())
    files[_place("envelope.internal.v1")] = _as_json(envelopes.structured(Way.INTERNAL))
    files["asyncapi.yaml"] = _as_yaml(document)
    files["rules.json"] = _as_json({"rules": [{"rule": rule, "meaning": words} for rule, words in RULES.items()]})
    files["rules.md"] = _rules_as_page()
    return files


def _place(type: str) -> str:
    return f"schemas/{type}.json"


def ways() -> dict[str, Way]:
    """The way of each schema that is published, envelopes included, by type."""
    found = {event.type: event.way for event in catalogue()}
    return found | {f"envelope.{way}.v1": way for way in Way}


def refusals(folder: Path, made: Mapping[str, str], unpublished: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """By type (or `rules`), what makes the newly made files break what the folder's promised; empty where nothing."""
    found: dict[str, list[str]] = {}
    way_of = ways()
    for path in sorted((folder / "schemas").glob("*.json")):
        type = path.stem
        if type in unpublished:
            continue
        if (text := made.get(_place(type))) is None:
            found[type] = ["the type is gone: what lies on the topics could not be read any more"]
        elif broken := breaks(json.loads(path.read_text(encoding="utf-8")), json.loads(text), way_of[type]):
            found[type] = broken
    if (folder / "rules.json").exists():
        before = {one["rule"] for one in json.loads((folder / "rules.json").read_text(encoding="utf-8"))["rules"]}
        if gone := sorted(before - RULES.keys()):
            found["rules"] = [f"{rule}: is gone, or has another name" for rule in gone]
    return found


def golden_events(folder: Path) -> dict[str, list[Json]]:
    """The golden events of a folder by type; each has `name`, `type`, `topic`, `headers` and `value`."""
    found: dict[str, list[Json]] = defaultdict(list)
    for path in sorted((folder / "golden").glob("*.json")):
        event = json.loads(path.read_text(encoding="utf-8"))
        found[event["type"]].append(event)
    return dict(found)


def _as_json(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


class _Whole(yaml.SafeDumper):
    """Writes everything where it stands: anchors are legal and unreadable."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Whole.add_representer(str, _as_block)


def _as_yaml(document: Json) -> str:
    head = "# Made by `make contracts` from the subscription tables and the contracts; edited there, not here.\n"
    text: str = yaml.dump(document, Dumper=_Whole, sort_keys=False, allow_unicode=True, width=110)
    return head + text


def _rules_as_page() -> str:
    lines = [
        "# The rules that a record can break",
        "",
        "Receipts name them in `problems` (the record was refused) and `warnings` (it was taken, but something in it",
        "was read otherwise or left out), each with a JSON pointer into `data` and words that say what to do. Rules",
        "are added, never renamed. The same list for machines: [rules.json](rules.json). Made by `make contracts`.",
        "",
        "| rule | what it says |",
        "|---|---|",
        *(f"| `{rule}` | {words.replace('|', chr(92) + '|')} |" for rule, words in RULES.items()),
    ]
    return "\n".join(lines) + "\n"
