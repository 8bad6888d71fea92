"""One profile from what all partners say, leaf by leaf. Pure, and the same whatever came first.

Each leaf is taken from the assertion with the newest `observed_at` that states it, ties to the greater (partner, id).
Leaves are exports by year, presence abroad by (country, kind), needs by (front, import, market), `exports.mode` and
`exports.since` each by itself, and otherwise the members of the profile. The business register's word on registry
members beats a newer one. An empty list speaks for its publisher alone: it holds only where nobody lists anything.

Every leaf keeps who said it and when: `Merged.sources` names the leaves that each assertion gives.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from shared.contracts.documents import pointer
from shared.contracts.firm import REGISTER, DeclaredNeed, Exports, Profile
from shared.contracts.intake import Declaration
from shared.contracts.submitted import Assertion

T = TypeVar("T")

REGISTRY_MEMBERS = ("name", "legal_form", "office", "ateco", "artisan", "status", "rea", "started_on")
_BY_LEAF = ("codice_fiscale", "exports", "presence_abroad", "needs")
_WHOLE = tuple(name for name in Profile.__struct_fields__ if name not in _BY_LEAF)


@dataclass(frozen=True, slots=True)
class Asserted:
    """What one partner says of the firm now, and the submission in which it said so."""

    partner: str
    submission_id: str
    assertion: Assertion

    @property
    def rank(self) -> tuple[datetime, str, str]:
        """Who wins a leaf: the newest observation, then the greater partner and id."""
        return self.assertion.observed_at, self.partner, self.submission_id


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An assertion that gives the profile some leaves: who said them, when they were observed, in which submission.

    `leaves` are pointers into the profile in which a listed leaf goes by its key and not by its place:
    `/exports/years/2025`, `/presence_abroad/DE/stake`, `/needs/assistance/export/DE`.
    """

    partner: str
    submission_id: str
    observed_at: datetime
    leaves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The profile, where each of its leaves comes from, and the observation on which its exports are judged.

    That is the newest among the assertions that give it a leaf of exports; where none does, the newest of all.
    `sources` are sorted by partner and submission; an assertion that gives nothing is not among them.
    """

    profile: Profile
    observed_at: datetime
    sources: tuple[Source, ...]


def merge(asserted: Iterable[Asserted], codice_fiscale: str | None = None) -> Merged:
    """The profile of all assertions, of which there is at least one, under this code or the one that they give."""
    order = sorted(asserted, key=lambda one: one.rank)
    leaves: Leaves = {}
    members: dict[str, Any] = {name: _whole(name, order, leaves) for name in _WHOLE}
    exports = _exports(order, leaves)
    profile = Profile(
        codice_fiscale=codice_fiscale or order[-1].assertion.firm.codice_fiscale,
        exports=exports,
        presence_abroad=_listed(
            order,
            leaves,
            ("presence_abroad",),
            lambda firm: firm.presence_abroad,
            lambda item: (item.country, item.kind),
        ),
        needs=_listed(order, leaves, ("needs",), lambda firm: firm.needs, _named),
        **members,
    )
    observed = [one.assertion.observed_at for place, one in leaves.items() if place[0] == "exports"]
    return Merged(profile, max(observed, default=order[-1].assertion.observed_at), _sources(order, leaves))


def declarations(asserted: Iterable[Asserted]) -> tuple[Declaration, ...]:
    """Who declares each need of the profile, whoever's word its leaf is; in the order of the profile's needs."""
    found: dict[tuple[str, ...], tuple[DeclaredNeed, set[str]]] = {}
    for one in asserted:
        for need in one.assertion.firm.needs or ():
            found.setdefault(_named(need), (need, set()))[1].add(one.partner)
    return tuple(
        Declaration(front=need.front, import_=bool(need.import_), market=need.market, by=tuple(sorted(by)))
        for need, by in (found[key] for key in sorted(found))
    )


Leaves = dict[tuple[str, ...], Asserted]
"""Which assertion gives the leaf at this place."""


@lru_cache(maxsize=4096)
def _pointer(place: tuple[str, ...]) -> str:
    """Places are made of names, years and codes: a few hundred for all firms."""
    return pointer(*place)


def _sources(order: list[Asserted], leaves: Leaves) -> tuple[Source, ...]:
    given: dict[tuple[str, str], list[str]] = {}
    for place, one in leaves.items():
        given.setdefault((one.partner, one.submission_id), []).append(_pointer(place))
    return tuple(
        Source(
            partner=one.partner,
            submission_id=one.submission_id,
            observed_at=one.assertion.observed_at,
            leaves=tuple(sorted(given[one.partner, one.submission_id])),
        )
        for one in sorted(order, key=lambda one: (one.partner, one.submission_id))
        if (one.partner, one.submission_id) in given
    )


def _whole(name: str, order: list[Asserted], leaves: Leaves) -> Any:
    """The value of a member that is a leaf by itself; a list that says something beats an empty one."""
    telling = [one for one in order if getattr(one.assertion.firm, name) is not None]
    if not telling:
        return None
    if len(telling) > 1:
        telling = [one for one in telling if getattr(one.assertion.firm, name) != ()] or telling
        if name in REGISTRY_MEMBERS:
            telling = [one for one in telling if one.partner == REGISTER] or telling
    leaves[(name,)] = telling[-1]
    return getattr(telling[-1].assertion.firm, name)


def _exports(order: list[Asserted], leaves: Leaves) -> Exports | None:
    years = _listed(
        order,
        leaves,
        ("exports", "years"),
        lambda firm: firm.exports.years if firm.exports else None,
        lambda year: (str(year.year),),
    )
    singles: dict[str, Any] = {"mode": None, "since": None}
    for name in singles:
        for one in order:
            value = getattr(one.assertion.firm.exports, name, None)
            if value is not None:
                singles[name] = value
                leaves["exports", name] = one
    if years is None and singles["mode"] is None and singles["since"] is None:
        return None
    return Exports(years=years, mode=singles["mode"], since=singles["since"])


def _listed(
    order: list[Asserted],
    leaves: Leaves,
    place: tuple[str, ...],
    items_of: Callable[[Profile], tuple[T, ...] | None],
    key_of: Callable[[T], tuple[str, ...]],
) -> tuple[T, ...] | None:
    """The items of a list whose leaves go by keys, sorted by them; None where nobody states the list at all."""
    items: dict[tuple[str, ...], T] = {}
    empty: Asserted | None = None
    for one in order:
        stated = items_of(one.assertion.firm)
        if stated == ():
            empty = one
        for item in stated or ():
            key = key_of(item)
            items[key], leaves[place + key] = item, one
    if items or empty is None:
        return tuple(items[key] for key in sorted(items)) or None
    leaves[place] = empty
    return ()


def _named(need: DeclaredNeed) -> tuple[str, ...]:
    """The key of a need, in words; one without a market stands before those with one."""
    front, import_, market = need.key
    return (front, "import" if import_ else "export", *((market,) if market else ()))
