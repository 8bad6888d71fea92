"""The merged profile leaf by leaf, with whose word each leaf is. Pure.

Leaves are those by which the profile is merged: years of exports, presences by (country, kind), needs by (front,
import, market), `exports.mode` and `exports.since` each by itself, otherwise whole members. A leaf names the partners
whose assertion says exactly that, and those that say something else.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.explain.casework import what
from cli.explain.journey import Leaf
from shared.contracts.firm import Profile

Members = Mapping[str, Any]
"""A firm as JSON: the members of the contract that are stated."""


_ORDER = Profile.__struct_fields__


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


def told(value: Any) -> str:
    """A value of the profile in words: `yes`, `10 to 49`, `province BG, comune Bergamo`."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case dict() | list() if not value:
            return "none"
        case dict() if value.keys() <= {"min", "max"}:
            if "max" not in value:
                return f"at least {told(value['min'])}"
            return (
                f"{told(value['min'])} to {told(value['max'])}" if "min" in value else f"at most {told(value['max'])}"
            )
        case dict():
            return ", ".join(f"{name.replace('_', ' ')} {_within(part)}" for name, part in value.items())
        case list():
            return "; ".join(told(part) for part in value)
        case _:
            return str(value)


def _within(value: Any) -> str:
    """A value inside another: nested ones in brackets, lists with commas."""
    match value:
        case dict() if value and not value.keys() <= {"min", "max"}:
            return f"({told(value)})"
        case [*parts] if parts:
            return ", ".join(_within(part) for part in parts)
        case _:
            return told(value)
