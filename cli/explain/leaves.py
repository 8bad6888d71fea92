"""The merged profile leaf by leaf, with whose word each leaf is. Pure.

Leaves are those by which the profile is merged: years of exports, presences by (country, kind), needs by (front,
import, market), `exports.mode` and `exports.since` each by itself, otherwise whole members. A leaf names the partners
whose assertion says exactly that, and those that say something else.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cli.explain.casework import what
from cli.explain.journey import Leaf
from cli.explain.words import Words
from shared.contracts.firm import Profile

Members = Mapping[str, Any]
"""A firm as JSON: the members of the contract that are stated."""


_ORDER = Profile.__struct_fields__
_CODED = frozenset({"status", "exports, mode", "kind"})
"""Names of leaves, and of members inside them, whose text is one of the contract's codes."""


def leaves(profile: Members, said: Mapping[str, Members]) -> tuple[Leaf, ...]:
    """The leaves of the profile in the contract's order; `said` is what each partner states now."""
    by_partner = {partner: dict(_leaves(members)) for partner, members in said.items()}
    return tuple(
        Leaf(
            name,
            value,
            said_by=tuple(partner for partner, own in sorted(by_partner.items()) if own.get(name) == value),
            otherwise=tuple(
                partner for partner, own in sorted(by_partner.items()) if name in own and own[name] != value
            ),
        )
        for name, value in _leaves(profile)
    )


def _leaves(members: Members) -> Iterator[tuple[str, Any]]:
    for name in _ORDER:
        value = members.get(name)
        match name:
            case _ if value is None or name == "codice_fiscale":
                pass
            case "exports":
                for year in value.get("years") or ():
                    yield f"exports of {year.get('year')}", {key: one for key, one in year.items() if key != "year"}
                if value.get("years") == []:
                    yield "exports", []
                yield from ((f"exports, {part}", value[part]) for part in ("mode", "since") if part in value)
            case "presence_abroad" if value:
                for one in value:
                    share = {key: part for key, part in one.items() if key == "share"}
                    yield (
                        f"abroad, {one.get('kind', '?')} in {one.get('country', '?')}".replace("_", " "),
                        share or True,
                    )
            case "needs" if value:
                for need in value:
                    more = {key: part for key, part in need.items() if key not in ("front", "import", "market")}
                    told = what(str(need.get("front")), bool(need.get("import")), need.get("market"))
                    yield f"asks for {told}", more or True
            case _:
                yield name.replace("_", " "), value


def spoken(name: str, words: Words) -> str:
    """A leaf's name in these words; the journey itself names it in English."""
    if (year := re.fullmatch(r"exports of (\S+)", name)) is not None:
        return words.say("exports_of", year=year[1])
    if (part := re.fullmatch(r"exports, (\w+)", name)) is not None:
        return words.say("exports_part", part=words.code(part[1]))
    if (presence := re.fullmatch(r"abroad, (.+) in (\S+)", name)) is not None:
        kind = presence[1].replace(" ", "_")
        # The firm's seat is called `office` as well.
        return words.say("abroad", kind=words.code("office_abroad" if kind == "office" else kind), country=presence[2])
    if (need := re.fullmatch(r"asks for (.+)", name)) is not None:
        return words.say("asks_for", what=words.what(need[1]))
    return words.code(name.replace(" ", "_"))


def value_of(leaf: Leaf, words: Words) -> str:
    """A leaf's value; a code is put into words only where the contract has codes, never a text of a person's."""
    if leaf.name in _CODED and isinstance(leaf.value, str):
        return words.code(leaf.value)
    return told(leaf.value, words)


def told(value: Any, words: Words) -> str:
    """A value of the profile in words: `yes`, `10 to 49`, `province BG, comune Bergamo`."""
    match value:
        case bool():
            return words.say("yes" if value else "no")
        case float() if value.is_integer():
            return str(int(value))
        case dict() | list() if not value:
            return words.say("none")
        case {"min": low, "max": high} if len(value) == 2:
            return words.say("between", low=told(low, words), high=told(high, words))
        case {"min": low} if len(value) == 1:
            return words.say("at_least", bound=told(low, words))
        case {"max": high} if len(value) == 1:
            return words.say("at_most", bound=told(high, words))
        case dict():
            return ", ".join(f"{words.code(name)} {_within(name, part, words)}" for name, part in value.items())
        case list():
            return "; ".join(told(part, words) for part in value)
        case _:
            return str(value)


def _within(name: str, value: Any, words: Words) -> str:
    """A value inside another: nested ones in brackets, lists with commas."""
    match value:
        case dict() if value and not value.keys() <= {"min", "max"}:
            return f"({told(value, words)})"
        case [*parts] if parts:
            return ", ".join(_within(name, part, words) for part in parts)
        case str() if name in _CODED:
            return words.code(value)
        case _:
            return told(value, words)
