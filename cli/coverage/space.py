"""The cells: every kind of firm and need that the agreement's rules can tell apart. Pure.

A cell is (segment, front, direction, province, size, activity, artisan or not, memberships), each with "not known"
where a fact can be unknown. Values that no rule tells apart stand in one class, of which one is tried and all are
counted.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Generic, TypeVar

from services.referral.eligibility import Facts
from services.referral.size import CLASSES
from shared.agreement import Agreement
from shared.agreement.divisions import DIVISIONS
from shared.contracts.tax_codes import LOMBARDY

T = TypeVar("T")

UNKNOWN = "not known"
OUT_OF_TARGET = "out_of_target"


@dataclass(frozen=True, slots=True)
class Alike(Generic[T]):
    """Values that no rule tells apart: one to try, how many there are, and their names."""

    one: T
    count: int
    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of firms: what is known of each, how many cells it stands for, and its name."""

    facts: Facts
    count: int
    province: str
    name: str


@dataclass(frozen=True, slots=True)
class Space:
    """All dimensions. `needs` are (front, import); `memberships` are the bodies of which a firm is a verified member:
    none, one, or two."""

    segments: tuple[str, ...]
    needs: tuple[tuple[str, bool], ...]
    kinds: tuple[Kind, ...]
    memberships: tuple[tuple[str, ...], ...]

    @property
    def cells(self) -> int:
        firms = sum(kind.count for kind in self.kinds)
        return len(self.segments) * len(self.needs) * firms * len(self.memberships)


def space(agreement: Agreement) -> Space:
    """The cells of this agreement."""
    members = [one.code for one in agreement.signatories if one.members]
    return Space(
        segments=(*(segment.code for segment in agreement.segments), OUT_OF_TARGET),
        needs=tuple(product((front.code for front in agreement.fronts), (False, True))),
        kinds=tuple(_kinds(agreement)),
        memberships=((), *((code,) for code in members), *combinations(members, 2)),
    )


def _kinds(agreement: Agreement) -> Iterator[Kind]:
    takes = [one.takes for one in agreement.signatories if one.takes is not None]
    provinces: list[Alike[str | None]] = [Alike(None, 1, UNKNOWN)]
    for same in _alike(sorted(LOMBARDY), lambda code: tuple(code in one.provinces for one in takes), str):
        provinces.append(Alike(same.one, same.count, same.name))
    sizes = [Alike(frozenset(CLASSES), 1, UNKNOWN)]
    for same in _alike(CLASSES, lambda code: tuple(code in one.sizes for one in takes), str):
        sizes.append(Alike(frozenset({same.one}), same.count, same.name))
    every = [(division, edition) for edition, divisions in DIVISIONS.items() for division in divisions]
    activities: list[Alike[tuple[tuple[str, str], ...]]] = [Alike((), 1, UNKNOWN)]
    for like in _alike(every, lambda one: tuple(sector.covers(*one) for sector in agreement.sectors), "/".join):
        activities.append(Alike((like.one,), like.count, like.name))
    artisans: list[tuple[bool | None, str]] = [(None, UNKNOWN), (True, "yes"), (False, "no")]
    for province, size, activity, (artisan, said) in product(provinces, sizes, activities, artisans):
        yield Kind(
            Facts(artisan=artisan, divisions=activity.one, province=province.one, sizes=size.one),
            province.count * size.count * activity.count,
            province.name,
            f"province {province.name}, size {size.name}, activity {activity.name}, artisan {said}",
        )


def _alike(values: Iterable[T], told_apart_by: Callable[[T], Hashable], name: Callable[[T], str]) -> Iterator[Alike[T]]:
    classes: dict[Hashable, list[T]] = {}
    for value in values:
        classes.setdefault(told_apart_by(value), []).append(value)
    for same in classes.values():
        shown = " ".join(name(value) for value in same[:12])
        more = f" and {len(same) - 12} more" if len(same) > 12 else ""
        yield Alike(same[0], len(same), shown + more)
