"""One profile from what all partners say, leaf by leaf. Pure, and the same whatever came first.

Each leaf is taken from the assertion with the newest `observed_at` that states it, ties to the greater (partner, id).
Leaves are exports by year, presence abroad by (country, kind), needs by (front, import, market), `exports.mode` and
`exports.since` each by itself, and otherwise the members of the profile. The business register's word on registry
members beats a newer one. An empty list speaks for its publisher alone: it holds only where nobody lists anything.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from shared.contracts.firm import Exports, Profile
from shared.contracts.submitted import Assertion

T = TypeVar("T")

REGISTER = "unioncamere"
"""The chambers keep the business register."""
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


@dataclass(frozen=True, slots=True)
class Merged:
    """The profile, and the observation on which its exports are judged.

    That is the newest among the assertions that give it a leaf of exports; where none does, the newest of all.
    """

    profile: Profile
    observed_at: datetime


def merge(asserted: Iterable[Asserted]) -> Merged:
    """The profile of all assertions, of which there is at least one."""
    order = sorted(asserted, key=lambda one: one.rank)
    members: dict[str, Any] = {name: _whole(name, order) for name in _WHOLE}
    exports, observed = _exports(order)
    profile = Profile(
        codice_fiscale=order[-1].assertion.firm.codice_fiscale,
        exports=exports,
        presence_abroad=_listed(order, lambda firm: firm.presence_abroad, lambda item: (item.country, item.kind))[0],
        needs=_listed(order, lambda firm: firm.needs, lambda item: (item.front, *_shown(item.key)))[0],
        **members,
    )
    return Merged(profile, max(observed, default=order[-1].assertion.observed_at))


def _whole(name: str, order: list[Asserted]) -> Any:
    """The value of a member that is a leaf by itself; a list that says something beats an empty one."""
    stated = [(one.partner, value) for one in order if (value := getattr(one.assertion.firm, name)) is not None]
    if name in REGISTRY_MEMBERS:
        stated = [(partner, value) for partner, value in stated if partner == REGISTER] or stated
    values = [value for _, value in stated]
    return next((value for value in reversed(values) if value != ()), values[-1] if values else None)


def _exports(order: list[Asserted]) -> tuple[Exports | None, list[datetime]]:
    years, sources = _listed(order, lambda firm: firm.exports.years if firm.exports else None, lambda year: year.year)
    observed = [one.assertion.observed_at for one in sources]
    singles: dict[str, Any] = {"mode": None, "since": None}
    for name in singles:
        for one in reversed(order):
            value = getattr(one.assertion.firm.exports, name, None)
            if value is not None:
                singles[name] = value
                observed.append(one.assertion.observed_at)
                break
    if years is None and singles["mode"] is None and singles["since"] is None:
        return None, []
    return Exports(years=years, mode=singles["mode"], since=singles["since"]), observed


def _listed(
    order: list[Asserted], items_of: Callable[[Profile], tuple[T, ...] | None], key_of: Callable[[T], Hashable]
) -> tuple[tuple[T, ...] | None, list[Asserted]]:
    """The items by their keys, sorted, with the assertions that gave them; None where nobody states the list at all."""
    leaves: dict[Any, tuple[T, Asserted]] = {}
    empty: list[Asserted] = []
    for one in order:
        items = items_of(one.assertion.firm)
        if items == ():
            empty = [one]
        for item in items or ():
            leaves[key_of(item)] = (item, one)
    if not leaves:
        return (() if empty else None), empty
    kept = [leaves[key] for key in sorted(leaves)]
    return tuple(item for item, _ in kept), [source for _, source in kept]


def _shown(key: tuple[str, bool, str | None]) -> tuple[bool, str]:
    """Direction and market of a need, so that keys can be sorted."""
    return key[1], key[2] or ""
