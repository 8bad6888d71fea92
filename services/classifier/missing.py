"""The smallest set of facts that settles a segment, and which of them to ask first. Pure.

A set settles where no two completions that agree on it differ in their segment. Facts vary independently, so if two
sets settle, what they have in common does: whatever only one of them asks for, the other one does without. There is one
smallest set, therefore, and no tie: the facts of which each can change the segment while all the others stay as they
are. A fact outside the window is tried against every case of the others; a fact of the window by what is left open when
it alone is not answered.
"""

import enum
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from services.classifier.segments import BIT, NO, YES, Cases, possible, segment, trades
from services.classifier.shape import Open, Shape, Steps, reached
from services.classifier.size import Measures, is_sme, sme
from services.classifier.trade import outcomes, residues


class Member(enum.IntEnum):
    """What can be asked, in the agreed order."""

    SHARE = enum.auto()
    MARKETS = enum.auto()
    SINCE = enum.auto()
    PRESENCE = enum.auto()
    INVEST = enum.auto()
    STAFF = enum.auto()
    TURNOVER = enum.auto()
    BALANCE = enum.auto()
    HOLDINGS = enum.auto()
    PUBLIC = enum.auto()


class Fact(NamedTuple):
    """One thing to ask. `place` is the year of the window, 0 the last one; 0 for what has no year there."""

    member: Member
    place: int = 0


class Ignorance(NamedTuple):
    """All that is open about a firm: the cases, and what is behind those of the window and of the size."""

    cases: Cases
    shape: Shape
    steps: Steps
    measures: Measures
    large_firms: bool


SIZE = (Member.STAFF, Member.TURNOVER, Member.BALANCE, Member.HOLDINGS, Member.PUBLIC)
"""The members behind `Measures`, in its order."""


@lru_cache(maxsize=65536)
def missing(of: Ignorance) -> tuple[Fact, ...]:
    """The facts to ask for, the most telling first; none where the segment is settled. Remembered."""
    if len(possible(of.cases, of.large_firms)) == 1:
        return ()
    return tuple(sorted(smallest(of), key=lambda fact: (-telling(fact, of), fact)))


def smallest(of: Ignorance) -> tuple[Fact, ...]:
    """The facts that settle the segment whatever they turn out to be, none of them in vain; in order."""
    cases = of.cases
    found: list[Fact] = []
    groups = (cases.years, cases.abroad, cases.invest, cases.sme)
    tells = _tells(cases, of.large_firms)
    facts = (Fact(Member.SINCE),), (Fact(Member.PRESENCE),), (Fact(Member.INVEST),), _about_size(of.measures)
    for group, values, about in zip(tells, groups, facts, strict=True):
        if group and len(values) > 1:
            found += about
    return (*_about_trade(of.shape, of.steps, _classes(cases, of.large_firms)), *found)


@lru_cache(maxsize=65536)
def _tells(cases: Cases, large_firms: bool) -> tuple[bool, bool, bool, bool]:
    """For years, abroad, invest and sme: whether it can change the segment while everything else stays as it is."""
    groups = (list(trades(cases.trade)), cases.years, cases.abroad, cases.invest, cases.sme)
    made = {values: segment(*values, means=cases.means, large_firms=large_firms) for values in product(*groups)}
    tells = []
    for group in range(1, 5):
        seen: dict[tuple[object, ...], str] = {}
        tells.append(
            any(seen.setdefault((*values[:group], *values[group + 1 :]), code) != code for values, code in made.items())
        )
    return tells[0], tells[1], tells[2], tells[3]


@lru_cache(maxsize=1024)
def _about_size(measures: Measures) -> tuple[Fact, ...]:
    """The measures that can each change whether the firm is an SME."""
    found = []
    for place, values in enumerate(measures):
        without, with_it = (
            [is_sme(*some) for some in product(*measures[:place], (answer,), *measures[place + 1 :])]
            for answer in (False, True)
        )
        if len(values) > 1 and without != with_it:
            found.append(Fact(SIZE[place]))
    return tuple(found)


@lru_cache(maxsize=65536)
def _classes(cases: Cases, large_firms: bool) -> tuple[int, ...]:
    """The trades of these cases, as sets of those that no answer to anything else tells apart."""
    found: dict[tuple[str, ...], int] = {}
    others = list(product(cases.years, cases.abroad, cases.invest, cases.sme))
    for trade in trades(cases.trade):
        made = tuple([segment(trade, *values, means=cases.means, large_firms=large_firms) for values in others])
        found[made] = found.get(made, 0) | BIT[trade]
    return tuple(found.values())


@lru_cache(maxsize=65536)
def _about_trade(shape: Shape, by: Steps, classes: tuple[int, ...]) -> tuple[Fact, ...]:
    """The facts of the window that can each lead from one class to another."""
    if len(classes) == 1:
        return ()
    facts = [Fact(Member.SHARE, place) for place, year in enumerate(shape.years) if year.share_is_open]
    facts += [Fact(Member.MARKETS, place) for place, year in enumerate(shape.years) if year.markets_are_open]
    return tuple(fact for fact in facts if not _settle(shape, by, classes, [one for one in facts if one != fact]))


def _settle(shape: Shape, by: Steps, classes: tuple[int, ...], facts: list[Fact]) -> bool:
    """Whether the answers to these facts leave nothing open beyond one class, whatever they are."""
    shares = tuple(fact.place for fact in facts if fact.member is Member.SHARE)
    # The markets of a year that may be without exports tell nothing where nobody asks for its share: it may have none.
    markets = tuple(
        fact.place
        for fact in facts
        if fact.member is Member.MARKETS and (fact.place in shares or len(shape.years[fact.place].signs) == 1)
    )
    return all(any(not left & ~one for one in classes) for left in residues(shape, by, shares, markets))


def telling(fact: Fact, of: Ignorance) -> float:
    """How many completions the answer to this question alone would settle, as a part of all (0–1).

    Counted over one value for each side of a threshold; facts are independent, so each answer has as many completions
    as any other.
    """
    left = list(_left(fact, of))
    return sum(len(possible(cases, of.large_firms)) == 1 for cases in left) / len(left)


def _left(fact: Fact, of: Ignorance) -> Iterator[Cases]:
    """The cases that each answer leaves."""
    cases = of.cases
    match fact.member:
        case Member.SHARE:
            for share in _shares(of.shape.years[fact.place], of.steps):
                yield cases._replace(trade=outcomes(_with_share(of.shape, of.steps, fact.place, share), of.steps))
        case Member.MARKETS:
            for count in (0, *of.steps.markets):
                yield cases._replace(trade=outcomes(_with_markets(of.shape, of.steps, fact.place, count), of.steps))
        case Member.SINCE:
            yield from (cases._replace(years=answer) for answer in (NO, YES))
        case Member.PRESENCE:
            yield from (cases._replace(abroad=frozenset({answer})) for answer in sorted(cases.abroad))
        case Member.INVEST:
            yield from (cases._replace(invest=answer) for answer in (NO, YES))
        case Member.STAFF | Member.TURNOVER | Member.BALANCE | Member.HOLDINGS | Member.PUBLIC:
            place = SIZE.index(fact.member)
            for answer in (NO, YES):
                values = (*of.measures[:place], answer, *of.measures[place + 1 :])
                yield cases._replace(sme=sme(Measures(*values)))


def _shares(year: Open, by: Steps) -> Iterator[int]:
    """No exports, if that can be, and the least share on each side of a threshold that the year can have."""
    if False in year.signs:
        yield 0
    if True in year.signs:
        yield max(year.low, 1)
        yield from (share for share in by.shares if year.low < share <= year.high)


def _with_share(shape: Shape, by: Steps, place: int, share: int) -> Shape:
    """The window once this year's share is known."""
    positive, bit = share > 0, 1 << place
    year = Open((positive,), 0, 0, shape.years[place].listed)
    sold = shape.sold + sum(count for years, count in shape.atoms if positive and years & bit)
    kept = ((years & ~bit, count) for years, count in shape.atoms if not (positive and years & bit))
    return shape._replace(
        years=(*shape.years[:place], year, *shape.years[place + 1 :]),
        base=shape.base + share,
        last=reached(share, by.shares, 1) if place == 0 else shape.last,
        sold=min(sold, by.markets[-1]),
        atoms=tuple(sorted((years, count) for years, count in kept if years)),
    )


def _with_markets(shape: Shape, by: Steps, place: int, count: int) -> Shape:
    """The window once this year's markets are known to be so many, none of them listed before."""
    year = shape.years[place]
    shape = shape._replace(years=(*shape.years[:place], year._replace(listed=True), *shape.years[place + 1 :]))
    if len(year.signs) == 1:
        return shape._replace(sold=min(shape.sold + count, by.markets[-1]))
    return shape._replace(atoms=tuple(sorted((*shape.atoms, (1 << place, count)))))
