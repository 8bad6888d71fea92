"""From files to values: one version of the agreement, or all of them, whole or refused.

Whatever is wrong is told at once, one line each: file, line, place, rule. Nothing is guessed: an unknown member, a
member given twice, a code that nobody defines are errors.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.agreement.document import Document, Location, Problem, read, refuse
from shared.agreement.rules import breaches
from shared.agreement.whole import Agreement, Versions
from shared.errors import Trouble

PLACE = Path(__file__).resolve().parents[2] / "agreement"
"""Where the versions are kept, and what the partners offer."""

CURRENT = PLACE / "2017.yml"
"""The first version, as it was signed."""

SERVICES = "services.yml"

_RULES = {
    "missing": "has to be given",
    "extra_forbidden": "no such member; correct its name or leave it out",
    "model_type": "has to be a mapping of members",
    "tuple_type": "has to be a list",
    "invalid_key": "has to be a name; YAML takes on, off, yes and no for true and false",
}
"""Words for what pydantic says in terms of Python."""


def load(path: Path = PLACE) -> Agreement:
    """Read and check one version; of a directory, the one that is followed last. Raises Trouble, a line per problem.

    What the partners offer stands beside it, in `services.yml`. A candidate that brings no such file of its own is read
    with the project's.
    """
    return load_versions(path).versions[-1]


def load_versions(place: Path = PLACE) -> Versions:
    """Read and check all versions in a directory, or the one in a file. Raises Trouble, a line per problem."""
    directory = place if place.is_dir() else place.parent
    files = sorted(set(place.glob("*.yml")) - {place / SERVICES}) if place.is_dir() else [place]
    beside = directory / SERVICES
    offered, problems = read(beside if beside.exists() else PLACE / SERVICES)
    found: list[tuple[Agreement, Document]] = []
    for file in files:
        document, wrong = read(file)
        problems += wrong
        if document is not None:
            agreement, wrong = _version(document, offered)
            problems += wrong
            found += [(agreement, document)] if agreement is not None else []
    found.sort(key=lambda one: one[0].valid_from)
    problems += _collisions(found)
    refuse(problems)
    if not found:
        raise Trouble(f"{place}: no version of the agreement stands here")
    return Versions(tuple(agreement for agreement, _ in found))


def _version(document: Document, offered: Document | None) -> tuple[Agreement | None, list[Problem]]:
    """The version as far as it can be made, and all that is wrong with it; codes are looked at once every value fits.
    `offered` is None where that could not be read, which is told."""
    problems = list[Problem]()
    value = document.value
    if not isinstance(value, dict):
        return None, [document.problem((), _RULES["model_type"])]
    value = dict(value)
    if value.pop("services", None) is not None:
        problems.append(document.problem(("services",), f"services stand in {SERVICES}"))
    value["services"], wrong = _offers(offered)
    problems += wrong

    def problem(location: Location, rule: str) -> Problem:
        holder = offered if location[:1] == ("services",) and offered is not None else document
        return holder.problem(location, rule)

    agreement, refused = _validated(value)
    problems += [problem(location, rule) for location, rule in refused]
    if agreement is not None:
        problems += [problem(breach.location, breach.rule) for breach in breaches(agreement)]
    return agreement, problems


def _offers(offered: Document | None) -> tuple[object, list[Problem]]:
    """What stands under `services`, and whether anything stands beside it."""
    if offered is None:
        return [], []
    if not isinstance(offered.value, dict):
        return [], [offered.problem((), _RULES["model_type"])]
    others = [name for name in offered.value if name != "services"]
    return offered.value.get("services"), [offered.problem((str(name),), _RULES["extra_forbidden"]) for name in others]


def _validated(value: dict[str, object]) -> tuple[Agreement | None, list[tuple[Location, str]]]:
    """The values; where nothing is wrong but members that nobody knows, those without them, so that the rest is
    checked too."""
    try:
        return Agreement.model_validate(value), []
    except ValidationError as refused:
        errors = refused.errors()
    told = [(error["loc"], _rule(error)) for error in errors]
    if any(error["type"] != "extra_forbidden" for error in errors):
        return None, told
    try:
        return Agreement.model_validate(_without(value, [error["loc"] for error in errors])), told
    except ValidationError:
        return None, told


def _rule(error: ErrorDetails) -> str:
    cause = error.get("ctx", {}).get("error")
    return str(cause) if isinstance(cause, ValueError) else _RULES.get(error["type"], error["msg"])


def _without(value: object, locations: list[Location]) -> object:
    """The same without the members at these locations."""
    if not locations:
        return value
    if isinstance(value, dict):
        gone = {location[0] for location in locations if len(location) == 1}
        inside = {key: [one[1:] for one in locations if one[0] == key and len(one) > 1] for key in value}
        return {key: _without(member, inside[key]) for key, member in value.items() if key not in gone}
    if isinstance(value, list):
        return [_without(item, [one[1:] for one in locations if one[0] == n]) for n, item in enumerate(value)]
    return value


def _collisions(found: list[tuple[Agreement, Document]]) -> Iterator[Problem]:
    """Versions that claim the same days, or the same name; in the order of their first days."""
    for place, (version, document) in enumerate(found):
        for other, before in found[:place]:
            if other.version == version.version:
                yield document.problem(
                    ("version",), f"{version.version!r} is the version in {before.path.name} already"
                )
            if other.valid_from == version.valid_from:
                rule = f"{other.version} in {before.path.name} is followed from that day too; a day has one version"
                yield document.problem(("valid_from",), rule)
