"""Whom a partner takes without a membership: by artisan flag, sector (ATECO division), province and size. Pure.

A predicate that needs a fact which nobody knows fails as `unknown:<fact>`, unless another one fails for certain: what
is unknown is named only where knowing it could change the decision.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.referral.receipt import Predicate
from services.referral.size import possible_classes
from shared.agreement import Agreement, Criteria, Eligibility
from shared.contracts.firm import Activity, Edition, Place, Profile
from shared.contracts.tax_codes import LOMBARDY

_EDITIONS: tuple[Edition, ...] = ("2007", "2022", "2025")
_SPOKEN: tuple[Edition, ...] = ("2007", "2025")
"""What an activity without an edition may have been written in; the update of 2022 kept the divisions of 2007."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What eligibility asks of a firm. `artisan` and `province` are None where not known; `divisions` are (division,
    edition) pairs, each edition that a code may have been written in, none where no activity is known; `sizes` are the
    classes that are possible."""

    artisan: bool | None
    divisions: tuple[tuple[str, str], ...]
    province: str | None
    sizes: frozenset[str]


def facts_of(profile: Profile, criteria: Criteria) -> Facts:
    """The facts of a firm, with the province that counts while no need names a local unit."""
    return Facts(
        artisan=profile.artisan,
        divisions=tuple(_divisions(profile.ateco or ())),
        province=province_of(profile, None),
        sizes=possible_classes(profile.size, criteria),
    )


def province_of(profile: Profile, unit: str | None) -> str | None:
    """The seat's province; outside Lombardy that of the local unit that the need names (by comune, ISTAT code or
    province), else of the first one in Lombardy. None where no seat is known."""
    seat = profile.office
    if seat is None or seat.province in LOMBARDY:
        return seat.province if seat else None
    units = [place for place in profile.local_units or () if place.province in LOMBARDY]
    named = [place for place in units if unit is not None and unit.strip().casefold() in _names(place)]
    return next((place.province for place in (*named, *units)), seat.province)


def _names(place: Place) -> set[str]:
    return {name.casefold() for name in (place.comune, place.istat, place.province) if name}


def _divisions(activities: tuple[Activity, ...]) -> Iterator[tuple[str, str]]:
    """Of the main activities, where one is marked; of several editions of the same the newest."""
    main = [one for one in activities if one.main] or list(activities)
    newest = max((_EDITIONS.index(one.edition) for one in main if one.edition), default=None)
    for one in main:
        if newest is None or one.edition is None:
            yield from ((one.code[:2], edition) for edition in _SPOKEN)
        elif one.edition == _EDITIONS[newest]:
            yield one.code[:2], one.edition


def failing(takes: Eligibility, facts: Facts, agreement: Agreement) -> Predicate | None:
    """The predicate that keeps the firm out: the first that fails for certain, else the first that is unknown; None
    where the partner takes it."""
    unknown: Predicate | None = None
    for holds, fails, open_ in _asked(takes, facts, agreement):
        if holds is False:
            return fails
        if holds is None and unknown is None:
            unknown = open_
    return unknown


def _asked(
    takes: Eligibility, facts: Facts, agreement: Agreement
) -> Iterator[tuple[bool | None, Predicate, Predicate]]:
    """Each predicate that the partner asks: whether it holds (None: not known), and its names."""
    if takes.artisan is not None:
        holds = None if facts.artisan is None else facts.artisan is takes.artisan
        yield holds, Predicate.ARTISAN, Predicate.UNKNOWN_ARTISAN
    if takes.sectors:
        covered = {_covers(takes, *division, agreement) for division in facts.divisions}
        yield covered.pop() if len(covered) == 1 else None, Predicate.SECTOR, Predicate.UNKNOWN_SECTOR
    province = None if facts.province is None else facts.province in takes.provinces
    yield province, Predicate.PROVINCE, Predicate.UNKNOWN_PROVINCE
    if takes.sizes:
        within = {one in takes.sizes for one in facts.sizes}
        yield within.pop() if len(within) == 1 else None, Predicate.SIZE, Predicate.UNKNOWN_SIZE


def _covers(takes: Eligibility, division: str, edition: str, agreement: Agreement) -> bool:
    return any(agreement.sector(code).covers(division, edition) for code in takes.sectors)
