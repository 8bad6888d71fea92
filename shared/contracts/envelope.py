"""The envelope at the door: a CloudEvent in binary or structured mode, or everything that is wrong with it.

Pure and total. The mode is decided by `content-type` alone, as the CloudEvents binding for Kafka has it. Nothing is
believed: headers may be null, no text, or there twice; the value may be missing, no JSON, or JSON of two meanings.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.contracts import documents
from shared.contracts.documents import Json
from shared.contracts.rules import Problem, problem
from shared.contracts.times import rfc3339

LARGEST = 256 * 1024
"""The largest value of a record that is read, in bytes."""
MOST_HEADERS = 256
"""Headers of a record that are read."""

Headers = Sequence[tuple[str, bytes | None]]

_STRUCTURED = "application/cloudevents+json"
_JSON = re.compile(r"application/json|text/json|application/(?!cloudevents)[\w.-]+\+json", re.ASCII)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_LONGEST = {"id": 64, "source": 256, "type": 256}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A CloudEvent whose envelope holds; its data is an object and means one thing.

    `content_hash` is SHA-256 over the type, a line feed, and the canonical JSON (RFC 8785) of data: two records with
    the same one say the same.
    """

    id: str
    source: str
    type: str
    time: datetime | None
    traceparent: str | None
    data: dict[str, Json]
    content_hash: bytes
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that is refused for its envelope or its JSON, with whatever could be read of it."""

    problems: tuple[Problem, ...]
    id: str | None = None
    source: str | None = None
    type: str | None = None
    data: dict[str, Json] | None = None


def read_envelope(value: bytes | None, headers: Headers) -> Envelope | Broken:
    """Read one record. Never raises."""
    content_type, problems = _content_type(headers)
    if len(headers) > MOST_HEADERS:
        problems.append(problem("too-many-headers", f"the record has more than {MOST_HEADERS} headers: send fewer"))
    if value is None:
        problems.append(problem("no-value", "the record has no value: send the event as JSON"))
    elif len(value) > LARGEST:
        problems.append(problem("record-too-large", f"the value has {len(value)} bytes: at most {LARGEST} are read"))
    structured = content_type == _STRUCTURED
    if content_type is not None and not structured and (_JSON.fullmatch(content_type) is None):
        served = f"content-type {content_type[:64]!r} is not served: application/json or {_STRUCTURED}"
        problems.append(problem("content-type-not-served", served))
        value = None
    document = documents.Document(None)
    if value is not None and (structured or len(value) <= LARGEST):
        document = documents.read(value)
        problems += document.problems
    attributes: dict[str, Json] = {}
    data: Json = None
    more: list[Problem] = []
    if structured and document.value is None and (value is None or document.problems):
        pass  # nothing was read, and it is said why
    elif structured:
        attributes, data, more = _structured(document)
    else:
        attributes, more = _binary(headers)
        data = document.value
    problems += more
    if value is not None and not isinstance(data, dict) and not any(p.rule in _SAYS_WHY for p in problems):
        problems.append(problem("wrong-type", "data is a JSON object: send the type's members in it"))
    readable = _readable(attributes)
    if not structured or isinstance(document.value, dict):  # else its attributes could not be looked for
        problems += _wrong(attributes, readable)
    found = data if isinstance(data, dict) else None
    if problems or found is None:
        return Broken(tuple(problems), readable.get("id"), readable.get("source"), readable.get("type"), found)
    time, warnings = _time(attributes)
    kind = readable["type"]
    return Envelope(
        id=readable["id"],
        source=readable["source"],
        type=kind,
        time=time,
        traceparent=_traceparent(attributes, headers),
        data=found,
        content_hash=sha256(kind.encode() + b"\n" + document.canonical(found)).digest(),
        warnings=warnings,
    )


_SAYS_WHY = {"not-utf8", "not-json", "json-too-deep", "envelope-broken", "record-too-large"}
"""Rules that explain already why there is no data."""


def _content_type(headers: Headers) -> tuple[str | None, list[Problem]]:
    """The media type without parameters, in lower case; None where there is none. Two of them decide nothing."""
    values = [value for name, value in headers if name.lower() == "content-type" and value is not None]
    if len(set(values)) > 1:
        return None, [problem("header-repeated", "content-type stands in the record twice: the mode is not clear")]
    if not values:
        return None, []
    return values[0].decode("utf-8", "replace").partition(";")[0].strip().lower().replace("\0", "\ufffd"), []


def _binary(headers: Headers) -> tuple[dict[str, Json], list[Problem]]:
    attributes: dict[str, Json] = {}
    problems: list[Problem] = []
    names = Counter(name for name, _ in headers if name.startswith("ce_"))
    for name, value in headers:
        if name not in names:
            continue
        if names[name] > 1:
            # Which of the two holds nobody can say, so neither does.
            problems.append(problem("header-repeated", f"{_named(name)} stands in the record {names[name]} times"))
            names[name] = 0
        elif names[name] == 1:
            text = _text(value)
            if text is None and name.removeprefix("ce_") in _CORE:
                problems.append(problem("header-not-text", f"{_named(name)} is null or not UTF-8"))
            attributes[name.removeprefix("ce_")] = text
    return attributes, problems


_CORE = ("specversion", "id", "source", "type", "time")


def _structured(document: documents.Document) -> tuple[dict[str, Json], Json, list[Problem]]:
    event = document.value
    if not isinstance(event, dict):
        return {}, None, [problem("envelope-broken", "structured mode: the value is one JSON object, the CloudEvent")]
    attributes = {name: value for name, value in event.items() if name not in ("data", "data_base64")}
    problems = []
    if "data_base64" in event:
        problems.append(problem("envelope-broken", "data_base64 is not read: send data as JSON"))
    kind = attributes.get("datacontenttype")
    if isinstance(kind, str) and _JSON.fullmatch(kind.partition(";")[0].strip().lower()) is None:
        problems.append(problem("content-type-not-served", "datacontenttype is not application/json"))
    return attributes, event.get("data"), problems


def _wrong(attributes: Mapping[str, Json], readable: Mapping[str, str]) -> Iterator[Problem]:
    version = attributes.get("specversion")
    if version != "1.0":
        said = "is missing" if version is None else "is another"
        yield problem("specversion-not-served", f"specversion {said}: it must be 1.0")
    for name, longest in _LONGEST.items():
        if name not in readable:
            yield problem(f"{name}-invalid", f"{name} is required: text of 1 to {longest} printable characters")


def _readable(attributes: Mapping[str, Json]) -> dict[str, str]:
    """id, source and type, as far as they are what they must be."""
    return {
        name: value
        for name, longest in _LONGEST.items()
        if isinstance(value := attributes.get(name), str) and 0 < len(value) <= longest and value.isprintable()
    }


def _time(attributes: Mapping[str, Json]) -> tuple[datetime | None, tuple[Problem, ...]]:
    given = attributes.get("time")
    time = rfc3339(given) if isinstance(given, str) else None
    if given is None or time is not None:
        return time, ()
    return None, (problem("time-invalid", "the envelope's time is not a date-time of RFC 3339: it was ignored"),)


def _traceparent(attributes: Mapping[str, Json], headers: Headers) -> str | None:
    plain = [_text(value) for name, value in headers if name == "traceparent"]
    for candidate in (*plain, attributes.get("traceparent")):
        if isinstance(candidate, str) and _TRACEPARENT.fullmatch(candidate):
            return candidate
    return None


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _named(name: str) -> str:
    """A header's name as it may be repeated to its sender: printable and short."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:64])
