"""Data from strangers into values: all problems at once, and as much taken as can be.

A model (pydantic) says what is right. What is wrong in an *optional* member does not refuse the record: the smallest
optional thing around it is left out, with a warning, and the rest is looked at again. A list whose length or emptiness
means something (`markets`, `presence_abroad`) is left out as a whole, since without one of its items it would say
something else; so is `size` without a readable `holdings`, which would make a group's firm look like one on its own.

Before that the data is prepared: null is absent, an empty range says nothing, members that the contract does not know
are named and dropped, countries of the European Union's own code are corrected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.countries import CORRECTED
from shared.contracts.documents import Json, pointer
from shared.contracts.kinds import LONGEST_LIST, Vocabulary
from shared.contracts.rules import RULES, Problem, problem

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]

MEANT_AS_A_WHOLE = frozenset({"markets", "presence_abroad", "holdings"})
"""Lists that say something else without one of their items."""
NEVER_ALONE = frozenset({"holdings"})
"""Members that take what they stand in with them."""
HARD = frozenset({"too-many-items", "time-in-future", "country-is-italy"})
"""Rules that refuse wherever they are broken."""
_FIGURES = frozenset({"staff", "turnover_eur", "balance_sheet_eur", "share", "eur", "public_share"})


@dataclass(frozen=True, slots=True)
class Admitted(Generic[M]):
    """`value` is None exactly where there are problems. `left` is the data as it was understood, for further rules."""

    value: M | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    left: dict[str, Any]


def admit(model: type[M], data: Mapping[str, Json], vocabulary: Vocabulary, *, lenient: bool) -> Admitted[M]:
    """Understand `data` as `model`. Not lenient: whatever is wrong refuses. Never raises."""
    try:
        # Most data hold as they are; only what does not is prepared and looked at member by member.
        value = model.model_validate(data, context=vocabulary, extra="forbid")
    except ValidationError:
        return _admit_in_parts(model, data, vocabulary, lenient=lenient)
    return Admitted(value, (), (), dict(data))


def _admit_in_parts(model: type[M], data: Mapping[str, Json], vocabulary: Vocabulary, *, lenient: bool) -> Admitted[M]:
    warnings: list[Problem] = []
    left = _prepared(data, model, (), warnings)
    found: dict[tuple[str, str], Problem] = {}
    while True:
        try:
            value = model.model_validate(left, context=vocabulary)
        except ValidationError as refused:
            errors = refused.errors(include_url=False, include_input=False)
        else:
            return Admitted(None if found else value, tuple(found.values()), tuple(warnings), left)
        out: dict[Path, Problem] = {}
        for error in errors:
            path = _path(left, error)
            told = _told(left, path, error)
            victim = _victim(path, model) if lenient and told.rule not in HARD else None
            if victim is None:
                found.setdefault((told.pointer, told.rule), told)
            else:
                out.setdefault(victim, told)
        if not out:
            return Admitted(None, tuple(found.values()), tuple(warnings), left)
        for victim, told in out.items():
            warnings.append(problem(told.rule, f"{told.message}; {_pointer(left, victim)} was left out", told.pointer))
        for victim in sorted(out, key=_from_the_end, reverse=True):
            _leave_out(left, victim)


class _Listed(list[Any]):
    """A list that knows where its items stood before some were left out."""

    def __init__(self, items: Sequence[Any]) -> None:
        super().__init__(items)
        self.stood = list(range(len(items)))


def _prepared(data: Mapping[str, Json], model: type[BaseModel], path: Path, warnings: list[Problem]) -> dict[str, Any]:
    known = _members(model)
    prepared: dict[str, Any] = {}
    for name, value in data.items():
        here = (*path, name)
        if name not in known:
            told = "the contract has no such member: it was ignored"
            warnings.append(problem("unknown-member", told, pointer(*here)[:256]))
        elif value is not None and not (name in _FIGURES and _says_nothing(value)):
            prepared[name] = _prepared_value(value, known[name], here, warnings)
    return prepared


def _prepared_value(value: Json, model: type[BaseModel] | None, path: Path, warnings: list[Problem]) -> Any:
    match value:
        case dict():
            return value if model is None else _prepared(value, model, path, warnings)
        case list():
            items = value[: LONGEST_LIST + 1]  # one too many is told as well as a thousand
            return _Listed([_prepared_value(item, model, (*path, n), warnings) for n, item in enumerate(items)])
        case "EL" | "UK" if path[-1] in ("country", "market") or (len(path) > 1 and path[-2] == "markets"):
            corrected = CORRECTED[value]
            warnings.append(problem("country-corrected", f"{value} was read as {corrected}", pointer(*path)))
            return corrected
        case _:
            return value


def _says_nothing(value: Json) -> bool:
    return isinstance(value, dict) and all(bound is None for bound in value.values())


@cache
def _members(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """The model's members by their names in JSON, each with the model that it is made of, if any."""
    return {field.alias or name: next(_models_in(field.annotation), None) for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


@cache
def _required(model: type[BaseModel]) -> frozenset[str]:
    """The names that are required somewhere in the model; none of them is optional elsewhere (a test holds this)."""
    own = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
    return frozenset(own.union(*(_required(part) for part in _members(model).values() if part is not None)))


def _victim(path: Path, model: type[BaseModel]) -> Path | None:
    """The smallest optional thing around what is wrong; None where nothing around it is optional."""
    for end in range(len(path), 0, -1):
        step = path[end - 1]
        if isinstance(step, int):
            if path[end - 2] not in MEANT_AS_A_WHOLE:
                return path[:end]
        elif step not in _required(model) and step not in NEVER_ALONE:
            return path[:end]
    return None


def _leave_out(data: dict[str, Any], path: Path) -> None:
    holder: Any = data
    for step in path[:-1]:
        if isinstance(holder, dict) and step not in holder:
            return  # something around it is left out already
        holder = holder[step]
    last = path[-1]
    if not isinstance(last, int):
        holder.pop(last, None)
        return
    del holder[last]
    del holder.stood[last]
    if not holder:
        # Nothing is left of it, and an empty list would be a statement.
        _leave_out(data, path[:-1])


def _from_the_end(path: Path) -> tuple[tuple[int, str], ...]:
    """Order in which indices stay right while items go: later items first."""
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in path)


def _path(data: Mapping[str, Any], error: ErrorDetails) -> Path:
    """Where in the data the error is; the names that pydantic gives to the members of a union are no steps."""
    here: Any = data
    path: list[str | int] = []
    for step in error["loc"]:
        if isinstance(step, int) if isinstance(here, list) else isinstance(here, dict) and step in here:
            here = here[step]
            path.append(step)
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    return tuple(path)


def _pointer(data: Mapping[str, Any], path: Path) -> str:
    """The pointer into what was sent, whatever was left out since."""
    here: Any = data
    steps: list[str | int] = []
    for step in path:
        if isinstance(step, int):
            steps.append(here.stood[step])
            here = here[step]
        else:
            steps.append(step)
            here = here.get(step)
    return pointer(*steps)


def _told(data: Mapping[str, Any], path: Path, error: ErrorDetails) -> Problem:
    """The error as a problem. The words lean on the pointer, which names the member."""
    place, kind = _pointer(data, path), error["type"]
    if kind == "missing":
        return problem("missing", "this member is required: give it a value", place)
    if kind in RULES:
        return problem(kind, error["msg"], place)
    if kind == "too_long" and error["ctx"]["field_type"] == "List":
        return problem("too-many-items", f"the list has more than {LONGEST_LIST} items: send fewer", place)
    if kind in _WORDS:
        return problem("wrong-type" if kind.endswith("_type") else "wrong-value", _WORDS[kind].format_map(error), place)
    wanted = error["msg"].removeprefix("Input should be ")
    return problem("wrong-type" if kind.endswith("_type") else "wrong-value", f"{wanted} is wanted", place)


_WORDS = {
    "bool_type": "true or false is wanted",
    "float_type": "a number is wanted",
    "int_type": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "list_type": "a list is wanted",
    "model_type": "an object is wanted",
    "string_pattern_mismatch": "it is not of the form that the contract gives",
    "string_type": "text is wanted",
    # What pydantic says of text whose length is looked at after a rule of ours.
    "too_long": "at most {ctx[max_length]} characters are wanted",
    "too_short": "it is empty: leave it out where it is not known",
}
