"""A JSON Schema (draft 2020-12) for the data of each event type, from the class that the code itself uses.

Three things are put right that the generators cannot know: what each member means (`meanings`), that a time is written
as RFC 3339 has it, and that what we write never holds null: a member that we do not know is absent.
"""

import inspect
from datetime import datetime
from typing import Any, get_args, get_type_hints

import msgspec
from pydantic import BaseModel

from cli.contracts.catalogue import Published
from cli.contracts.meanings import CODES, meaning
from shared.contracts import firm
from shared.contracts.base import Event

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NEVER_TOLD = {("FirmForPartner", "declared_memberships"), ("FirmForPartner", "preferred_partner")}
"""Members that a class inherits and that are emptied before it is said."""


def urn(type: str) -> str:
    """The `$id` of a type's schema: what `ce_dataschema` of our events names."""
    return f"urn:portolano:schemas:{type}"


def schema_of(event: Published) -> Schema:
    """The schema of the event's data; definitions that it needs stand under `$defs`, sorted by name."""
    inbound = issubclass(event.shape, BaseModel)
    raw = event.shape.model_json_schema() if issubclass(event.shape, BaseModel) else _of_structs(event.shape)
    found: dict[str, Schema] = {name.lstrip("_"): part for name, part in raw.pop("$defs", {}).items()}
    if raw.keys() == {"$ref"}:
        raw = found.pop(raw["$ref"].rpartition("/")[2])
    root = event.shape.__name__.lstrip("_")
    definitions = {name: _described(name, found[name]) for name in sorted(found)}
    head = {"$schema": DIALECT, "$id": urn(event.type), "title": event.title, "description": event.description}
    body = _described(root, raw)
    whole = {**head, **{k: v for k, v in body.items() if k not in head}}
    if definitions:
        whole["$defs"] = {name: definitions[name] for name in sorted(_used(whole, definitions))}
    tidied = _tidied(whole, null_is_said=inbound)
    assert isinstance(tidied, dict)
    return tidied


def _of_structs(event: type[Event]) -> Schema:
    schema = msgspec.json.schema(event)
    for struct in _structs(event):
        definition = schema["$defs"].get(struct.__name__)
        if definition is None:
            continue
        hints = get_type_hints(struct)
        for field in msgspec.structs.fields(struct):
            if datetime in (hints[field.name], *get_args(hints[field.name])):
                _as_time(definition["properties"][field.encode_name])
        for owner, name in NEVER_TOLD:
            if owner == struct.__name__:
                del definition["properties"][name]
    return dict(schema)


def _structs(shape: object) -> set[type[msgspec.Struct]]:
    """The struct classes that a type is made of, itself among them."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[object] = [shape]
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one not in found:
            found.add(one)
            waiting += get_type_hints(one).values()
    return found


def _as_time(member: Schema) -> None:
    for branch in (member, *member.get("anyOf", ())):
        if branch.get("type") == "string":
            branch["format"] = "date-time"


def _described(name: str, definition: Schema) -> Schema:
    """The definition with its words: its own docstring or that of the class that it becomes, and each member's."""
    own = definition.get("description") or inspect.getdoc(getattr(firm, name, None)) or meaning(name)
    words = {"description": " ".join(own.split())} if own else {}
    described = {"title": name, **words, **{k: v for k, v in definition.items() if k not in ("title", "description")}}
    described["properties"] = {
        member: _member(name, member, schema) for member, schema in definition.get("properties", {}).items()
    }
    return described


def _member(owner: str, name: str, schema: Schema) -> Schema:
    words = meaning(f"{owner}.{name}") or meaning(name)
    codes = CODES.get(f"{owner}.{name}")
    kept = {k: v for k, v in schema.items() if k != "title"}
    if codes is not None:
        for branch in (kept, *kept.get("anyOf", ())):
            if branch.get("type") == "string":
                branch["enum"] = sorted(codes)
    return {**({"description": words} if words else {}), **kept}


def _tidied(node: Any, *, null_is_said: bool) -> Any:
    """References without underscores, enums with their type, numbers as people write them; null only where said."""
    match node:
        case dict():
            node = {k: _tidied(v, null_is_said=null_is_said) for k, v in node.items()}
            if isinstance(node.get("$ref"), str):
                node["$ref"] = node["$ref"].replace("/_", "/")
            if "enum" in node and all(isinstance(code, str) for code in node["enum"]):
                node = {**node, "type": "string", "enum": sorted(node["enum"])}
            if {"type": "integer"} in node.get("anyOf", ()) and {"type": "number"} in node["anyOf"]:
                node["anyOf"] = [branch for branch in node["anyOf"] if branch != {"type": "integer"}]
            if "default" in node and node["default"] is None:
                del node["default"]
                if not null_is_said:
                    node = _never_null(node)
            return node
        case list():
            return [_tidied(item, null_is_said=null_is_said) for item in node]
        case float() if node.is_integer():
            return int(node)
        case _:
            return node


def _never_null(member: Schema) -> Schema:
    rest = [branch for branch in member.get("anyOf", ()) if branch != {"type": "null"}]
    if not rest:
        return member
    outer = {k: v for k, v in member.items() if k != "anyOf"}
    return {**outer, **rest[0]} if len(rest) == 1 else {**outer, "anyOf": rest}


def _used(node: object, definitions: dict[str, Schema]) -> set[str]:
    """The names of the definitions that can be reached from here."""
    found: set[str] = set()
    waiting: list[object] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str):
                name = reference.rpartition("/")[2].lstrip("_")
                if name not in found:
                    found.add(name)
                    waiting.append(definitions[name])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found
