"""The agreement as values: who signed, which fronts, which segments, for how long, and how Kafka carries it.

`load` reads one version of the accord (`agreement/*.yml`) and either gives back a whole, consistent `Agreement` or
raises `Trouble` with the file, the line and the rule. Nothing is guessed: an unknown member, a member given twice, a
code that nobody defines are errors. Apart from reading that one file the module is pure; it asks no clock, dates come
in as arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.contracts.topics import is_code
from shared.errors import Trouble

CURRENT = Path(__file__).resolve().parents[1] / "agreement" / "2017.yml"
"""The version that holds unless a setting names another file."""

Location = tuple[str | int, ...]
"""Where in the document something stands: member names and list indices from the root."""

T = TypeVar("T")


def _partner_code(text: str) -> str:
    if not is_code(text):
        raise ValueError("a partner's code is 2 to 32 lower-case letters and digits, and no name of a service")
    return text


Text = Annotated[str, Field(min_length=1)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
PartnerCode = Annotated[str, AfterValidator(_partner_code)]
Many = Annotated[tuple[T, ...], Field(strict=False, min_length=1)]  # YAML has lists only


_RULES = {
    "missing": "has to be given",
    "extra_forbidden": "no such member; correct its name or leave it out",
    "model_type": "has to be a mapping of members",
    "tuple_type": "has to be a list",
}
"""Words for what pydantic says in terms of Python."""


class _Dangling(ValueError):
    """A reference that leads nowhere, or a code given twice; knows where it stands."""

    def __init__(self, location: Location, rule: str) -> None:
        super().__init__(rule)
        self.location = location


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Period(_Part):
    """A time in which the agreement holds; both days belong to it."""

    first: date = Field(alias="from")
    last: date = Field(alias="until")
    basis: Literal["signed", "assumed"]


class Term(_Part):
    signed: date
    periods: Many[Period]


class Front(_Part):
    number: int = Field(ge=1)
    code: Code
    title: Text
    owner: PartnerCode | None = None
    """The one partner responsible for every need on this front; None where membership and eligibility decide."""


class Imports(_Part):
    owner: PartnerCode
    front: Code


class Segment(_Part):
    code: Code
    title: Text
    fronts: Many[Code]
    """What a firm of this segment is offered without having asked, the most important first."""


class Signatory(_Part):
    code: PartnerCode
    name: Text
    represents: Text
    fronts: Many[Code]
    responsible_for: Text


class Keep(_Part):
    """How long a record can be read, in days."""

    partners: int = Field(ge=1)
    internal: int = Field(ge=1)


class Carriage(_Part):
    """How topics are laid out: partitions of the internal ones, keep, span of a segment in hours."""

    internal_partitions: int = Field(ge=1, le=1000)
    keep_days: Keep
    segment_hours: int = Field(ge=1)


class Quota(_Part):
    """What one partner may take of the broker; `request_percent` is of one broker thread's time."""

    producer_bytes_per_second: int = Field(ge=1)
    consumer_bytes_per_second: int = Field(ge=1)
    request_percent: int = Field(ge=1)


Coded = TypeVar("Coded", Front, Segment, Signatory)


class Agreement(_Part):
    """One version of the accord; `version` is stamped on every decision taken under it."""

    version: Text
    title: Text
    term: Term
    fronts: Many[Front]
    imports: Imports
    segments: Many[Segment]
    fallback: PartnerCode
    signatories: Many[Signatory]
    topics: Carriage
    quotas: Quota

    @property
    def partners(self) -> tuple[str, ...]:
        """The codes of all signatories, in the order of the document."""
        return tuple(signatory.code for signatory in self.signatories)

    def signatory(self, code: str) -> Signatory:
        """The signatory with this code; KeyError if there is none."""
        return _by_code(self.signatories, code)

    def front(self, code: str) -> Front:
        """The front with this code; KeyError if there is none."""
        return _by_code(self.fronts, code)

    def segment(self, code: str) -> Segment:
        """The segment with this code; KeyError if there is none (`out_of_target` is none of the agreement's)."""
        return _by_code(self.segments, code)

    def serves(self, partner: str, front: str) -> bool:
        """Whether this partner offers something on this front."""
        return front in self.signatory(partner).fronts

    def in_force(self, day: date) -> bool:
        """Whether new referrals may be opened on `day` (a day of the Europe/Rome calendar)."""
        return any(period.first <= day <= period.last for period in self.term.periods)

    @model_validator(mode="after")
    def _every_code_is_defined_once(self) -> Self:
        for problem in _dangling(self):
            raise problem
        return self


def load(path: Path = CURRENT) -> Agreement:
    """Read and check one version of the agreement; raises Trouble, one line: file, line, place, rule."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise Trouble(f"{path}: cannot read the agreement: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Trouble(f"{path}: the agreement is not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise Trouble(f"{path}{where}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise Trouble(f"{path}: not YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        raise Trouble(f"{path}: the agreement is empty")
    try:
        for location, node in _repeated_members(root):
            raise Trouble(f"{path}, line {_line(node)}: {_place(location)}: given twice; leave one of them")
        return Agreement.model_validate(yaml.SafeLoader("").construct_document(root))
    except ValidationError as refused:  # itself a ValueError, so it comes first
        raise Trouble(f"{path}, {_told(refused, root)}") from refused
    except (yaml.YAMLError, ValueError) as error:  # a value that YAML takes for a date and that is none, for example
        raise Trouble(f"{path}: a value cannot be read: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise Trouble(f"{path}: it contains itself (an alias inside its own anchor); write it out") from error


def _told(refused: ValidationError, root: yaml.Node) -> str:
    problems = refused.errors()
    first, cause = problems[0], problems[0].get("ctx", {}).get("error")
    location = cause.location if isinstance(cause, _Dangling) else first["loc"]
    rule = str(cause) if isinstance(cause, ValueError) else _RULES.get(first["type"], first["msg"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"line {_line(_nearest(root, location))}: {_place(location)}: {rule}{more}"


def _dangling(agreement: Agreement) -> Iterator[_Dangling]:
    partners, fronts = agreement.partners, tuple(front.code for front in agreement.fronts)
    yield from _twice("signatories", partners)
    yield from _twice("fronts", fronts)
    yield from _twice("fronts", tuple(front.number for front in agreement.fronts), member="number")
    yield from _twice("segments", tuple(segment.code for segment in agreement.segments))
    for name, index, offered in _offers(agreement):
        for position, code in enumerate(offered):
            yield from _absent((name, index, "fronts", position), code, fronts, "fronts")
            if code in offered[:position]:
                yield _Dangling((name, index, "fronts", position), f"{code!r} is given twice")
    for index, front in enumerate(agreement.fronts):
        if front.owner is not None:
            yield from _absent(("fronts", index, "owner"), front.owner, partners, "signatories")
            if not agreement.serves(front.owner, front.code):
                yield _Dangling(("fronts", index, "owner"), f"{front.owner!r} owns this front but does not serve it")
    yield from _absent(("imports", "owner"), agreement.imports.owner, partners, "signatories")
    yield from _absent(("imports", "front"), agreement.imports.front, fronts, "fronts")
    yield from _absent(("fallback",), agreement.fallback, partners, "signatories")
    ended = agreement.term.signed - timedelta(days=1)
    for index, period in enumerate(agreement.term.periods):
        if not ended < period.first <= period.last:
            yield _Dangling(("term", "periods", index), "periods run forward; none begins before the last has ended")
        ended = period.last


def _offers(agreement: Agreement) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for index, segment in enumerate(agreement.segments):
        yield "segments", index, segment.fronts
    for index, signatory in enumerate(agreement.signatories):
        yield "signatories", index, signatory.fronts


def _absent(location: Location, code: str, defined: Sequence[str], name: str) -> Iterator[_Dangling]:
    if code not in defined:
        yield _Dangling(location, f"{code!r} is not one of the {name}: {', '.join(defined)}")


def _twice(name: str, values: Sequence[str | int], member: str = "code") -> Iterator[_Dangling]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield _Dangling((name, index, member), f"{value!r} is given twice")


def _by_code(parts: Sequence[Coded], code: str) -> Coded:
    for part in parts:
        if part.code == code:
            return part
    raise KeyError(code)


def _repeated_members(node: yaml.Node, location: Location = ()) -> Iterator[tuple[Location, yaml.Node]]:
    """Members that stand twice in one mapping; YAML readers silently keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield (*location, name), key
            seen.add(name)
            yield from _repeated_members(value, (*location, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated_members(item, (*location, index))


def _nearest(node: yaml.Node, location: Location) -> yaml.Node:
    """The node at `location`, or the last one on the way that exists (where a member is missing)."""
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
        else:
            found = None
        if found is None:
            break
        node = found
    return node


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _place(location: Location) -> str:
    """`signatories[3].fronts[0]`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".") or "the document"
