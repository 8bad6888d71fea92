"""What may change in a published schema within its version, and what asks for the next version.

A partner that writes by yesterday's schema is still read (`inbound`): everything that was allowed stays allowed. A
reader that was built on yesterday's schema still reads (`outbound`, `internal`), and we still read what lies on the
topics: types and codes stay as they are, members are neither taken away nor made optional, new ones are optional. Words
may be made clearer. That a member's *meaning* stays cannot be seen in a schema; the golden events hold it as far as it
can be held.

Pure, and on purpose narrow: it judges the keywords that our schemas use. Any other keyword that differs is a finding,
since nobody has thought about it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.contracts.catalogue import Way

Schema = Mapping[str, Any]

WORDS = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "examples"})
_LOWEST, _HIGHEST = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
_EXACT = ("pattern", "format")
JUDGED = WORDS | {*_LOWEST, *_HIGHEST, *_EXACT} | {"$ref", "type", "enum", "const", "anyOf", "oneOf"}
JUDGED |= {"properties", "required", "items"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing at one place that the narrower schema allows and the wider does not; None where it says nothing."""

    place: str
    keyword: str
    narrow: object
    wide: object


def breaks(before: Schema, now: Schema, way: Way) -> list[str]:
    """What makes `now` another version than `before`, each with its place; empty where it is still the same version."""
    found = [f"{place}: is gone, or has another name" for place in _taken_away(before, now)]
    for lost in _Cover(before, now).missing():
        found.append(f"{lost.place}: {lost.keyword} was {_said(lost.narrow)}, is {_said(lost.wide)}: {_REFUSED}")
    for new in () if way is Way.INBOUND else _Cover(now, before).missing():
        found.append(f"{new.place}: {new.keyword} was {_said(new.wide)}, is {_said(new.narrow)}: {_UNKNOWN}")
    return sorted(dict.fromkeys(found))


_REFUSED = "what was valid is not any more"
_UNKNOWN = "who reads by the schema as it was could meet what it does not know"


def _said(value: object) -> str:
    return "not given" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)


def _taken_away(before: Schema, now: Schema) -> list[str]:
    gone = members(before) - members(now)
    return sorted(place for place in gone if not any(place.startswith(f"{other}/") for other in gone))


def members(schema: Schema) -> set[str]:
    """Every member by its place (`/firm/size/staff`; `[]` stands for the items of a list), references followed."""
    found: set[str] = set()
    waiting: list[tuple[str, Schema, tuple[str, ...]]] = [("", schema, ())]
    while waiting:
        place, node, on_the_way = waiting.pop()
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference not in on_the_way:
                waiting.append((place, resolved(schema, node), (*on_the_way, reference)))
            continue
        for name, member in node.get("properties", {}).items():
            found.add(f"{place}/{name}")
            waiting.append((f"{place}/{name}", member, on_the_way))
        if "items" in node:
            waiting.append((f"{place}/[]", node["items"], on_the_way))
        waiting += [(place, branch, on_the_way) for branch in (*node.get("anyOf", ()), *node.get("oneOf", ()))]
    return found


def resolved(root: Schema, node: Schema) -> Schema:
    """The definition that the node refers to, or the node itself."""
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    definition: Schema = root["$defs"][reference.removeprefix("#/$defs/")]
    return definition


class _Cover:
    """Whether everything that `narrow` allows is allowed by `wide` too. Members that neither names are open."""

    def __init__(self, narrow: Schema, wide: Schema, compared: Iterable[tuple[str, str]] = ()) -> None:
        self._narrow, self._wide = narrow, wide
        self._compared = set(compared)

    def missing(self) -> list[Difference]:
        """Each thing that `narrow` allows and `wide` does not."""
        return list(self._compare("", self._narrow, self._wide))

    def _compare(self, place: str, narrow: Schema, wide: Schema) -> Iterator[Difference]:
        if "$ref" in narrow and "$ref" in wide:
            pair = narrow["$ref"], wide["$ref"]
            if pair in self._compared:
                return  # told where it was met first; a definition may also hold itself
            self._compared.add(pair)
        narrow, wide = resolved(self._narrow, narrow), resolved(self._wide, wide)
        for keyword in sorted((narrow.keys() | wide.keys()) - JUDGED):
            if narrow.get(keyword) != wide.get(keyword):
                yield Difference(place or "/", f"{keyword} (not judged)", narrow.get(keyword), wide.get(keyword))
        branches = _branches(narrow), _branches(wide)
        if len(branches[0]) > 1 or len(branches[1]) > 1:
            yield from self._branches(place, *branches)
            return
        if branches != ([narrow], [wide]):  # a choice of one
            yield from self._compare(place, branches[0][0], branches[1][0])
            return
        yield from _of_values(place or "/", narrow, wide)
        yield from self._of_members(place, narrow, wide)
        if "items" in wide:
            yield from self._compare(f"{place}/[]", narrow.get("items", {}), wide["items"])

    def _branches(self, place: str, narrow: list[Schema], wide: list[Schema]) -> Iterator[Difference]:
        for branch in narrow:
            # Trials of their own: what one candidate has compared says nothing about another.
            trials = [
                list(_Cover(self._narrow, self._wide, self._compared)._compare(place, branch, candidate))
                for candidate in wide
            ]
            yield from min(trials, key=lambda found: _misfit(found, place))

    def _of_members(self, place: str, narrow: Schema, wide: Schema) -> Iterator[Difference]:
        for name in sorted({*wide.get("required", ())} - {*narrow.get("required", ())}):
            yield Difference(f"{place}/{name}", "required", "no", "yes")
        others = wide.get("properties", {})
        for name, member in narrow.get("properties", {}).items():
            if name in others:
                yield from self._compare(f"{place}/{name}", member, others[name])


def _misfit(found: list[Difference], place: str) -> tuple[int, int]:
    """How ill a branch fits: differences at the place itself (another type) count before those further in."""
    return sum(one.place == (place or "/") for one in found), len(found)


def _branches(node: Schema) -> list[Schema]:
    return list(node.get("anyOf") or node.get("oneOf") or [node])


def _of_values(place: str, narrow: Schema, wide: Schema) -> Iterator[Difference]:
    types = _types(narrow), _types(wide)
    wanted = {*types[1], *(("integer",) if "number" in types[1] else ())}
    if types[1] and not (types[0] and wanted.issuperset(types[0])):
        yield Difference(place, "type", types[0] or None, types[1])
        return  # nothing else of the two can be compared
    codes = _codes(narrow), _codes(wide)
    if codes[1] is not None:
        for code in sorted((codes[0] or {"of any kind"}) - codes[1]):
            yield Difference(place, f"code {code}", "allowed", "not allowed")
    for keyword in (*_LOWEST, *_HIGHEST):
        own, other = narrow.get(keyword), wide.get(keyword)
        if other is not None and (own is None or (own < other if keyword in _LOWEST else own > other)):
            yield Difference(place, keyword, own, other)
    for keyword in _EXACT:
        if wide.get(keyword) is not None and narrow.get(keyword) != wide[keyword]:
            yield Difference(place, keyword, narrow.get(keyword), wide[keyword])


def _types(node: Schema) -> tuple[str, ...]:
    given = node.get("type", ())
    return (given,) if isinstance(given, str) else tuple(given)


def _codes(node: Schema) -> set[str] | None:
    if "const" in node:
        return {str(node["const"])}
    return {str(code) for code in node["enum"]} if "enum" in node else None
