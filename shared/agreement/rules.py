"""What no part of the agreement can see by itself: codes that lead nowhere, codes given twice, claims that collide."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from shared.agreement.document import Location
from shared.agreement.services import Service
from shared.agreement.whole import Agreement


class Breach(NamedTuple):
    """A rule that is broken, and where."""

    location: Location
    rule: str


def breaches(agreement: Agreement) -> Iterator[Breach]:
    """Every one of them."""
    yield from _twice("signatories", agreement.partners)
    yield from _twice("fronts", [front.code for front in agreement.fronts])
    yield from _twice("fronts", [front.number for front in agreement.fronts], member="number")
    yield from _twice("segments", [segment.code for segment in agreement.segments])
    yield from _twice("sectors", [sector.code for sector in agreement.sectors])
    yield from _twice("services", [service.code for service in agreement.services])
    yield from _twice("targets", [target.figure for target in agreement.targets], member="figure")
    yield from _term(agreement)
    yield from _owners(agreement)
    for index, segment in enumerate(agreement.segments):
        yield from _fronts(("segments", index, "fronts"), segment.fronts, agreement)
    for index in range(len(agreement.sectors)):
        yield from _twice(
            ("sectors", index, "editions"), [one.edition for one in agreement.sectors[index].editions], member="edition"
        )
    yield from _signatories(agreement)
    yield from _services(agreement)
    yield from _markets(agreement)


def _term(agreement: Agreement) -> Iterator[Breach]:
    ended = agreement.term.signed - timedelta(days=1)
    for index, period in enumerate(agreement.term.periods):
        if not ended < period.first <= period.last:
            yield Breach(("term", "periods", index), "periods run forward; none begins before the last has ended")
        ended = period.last
    if agreement.valid_from < agreement.term.signed:
        yield Breach(("valid_from",), "no version is followed before the agreement was signed")


def _owners(agreement: Agreement) -> Iterator[Breach]:
    owned = dict[str, str]()
    for index, front in enumerate(agreement.fronts):
        if front.owner is None:
            continue
        place: Location = ("fronts", index, "owner")
        yield from _charge(place, front.owner, (front.code,), agreement)
        if owned.setdefault(front.code, front.owner) != front.owner:
            yield Breach(place, f"{front.code} is owned by {owned[front.code]!r} already; one partner is responsible")
    yield from _charge(("imports", "owner"), agreement.imports.owner, (agreement.imports.front,), agreement)
    yield from _fronts(("imports", "front"), agreement.imports.front, agreement)
    yield from _charge(("in_market", "executor"), agreement.in_market.executor, agreement.in_market.fronts, agreement)
    yield from _fronts(("in_market", "fronts"), agreement.in_market.fronts, agreement)
    yield from _absent(("fallback",), agreement.fallback, agreement.partners, "signatories")


def _charge(place: Location, partner: str, fronts: Sequence[str], agreement: Agreement) -> Iterator[Breach]:
    """Who is charged with something is a signatory and serves the fronts on which it arises."""
    yield from _absent(place, partner, agreement.partners, "signatories")
    for front in fronts:
        if partner in agreement.partners and not agreement.serves(partner, front):
            yield Breach(place, f"{partner!r} does not serve {front!r}")


def _signatories(agreement: Agreement) -> Iterator[Breach]:
    sectors = [sector.code for sector in agreement.sectors]
    inside = {signatory.code: signatory.nested_in for signatory in agreement.signatories}
    for index, signatory in enumerate(agreement.signatories):
        yield from _fronts(("signatories", index, "fronts"), signatory.fronts, agreement)
        if signatory.nested_in is not None:
            place: Location = ("signatories", index, "nested_in")
            yield from _absent(place, signatory.nested_in, agreement.partners, "signatories")
            if signatory.nested_in == signatory.code or inside.get(signatory.nested_in) is not None:
                yield Breach(place, "a body is nested once, in another that is in none itself")
        if signatory.takes is None:
            continue
        takes: Location = ("signatories", index, "takes")
        if not signatory.members:
            yield Breach(takes, f"{signatory.code!r} has no members, so no firm is its to take for what the firm is")
        yield from _each((*takes, "sectors"), signatory.takes.sectors, sectors, "sectors")
        for name in ("provinces", "sizes"):
            codes = getattr(signatory.takes, name)
            yield from _each((*takes, name), codes, codes, name)


def _services(agreement: Agreement) -> Iterator[Breach]:
    segments = [segment.code for segment in agreement.segments]
    for index, service in enumerate(agreement.services):
        place: Location = ("services", index)
        if service.last is not None and service.last < service.first:
            yield Breach((*place, "until"), "it ends before it begins")
        if service.last is not None and service.last < agreement.valid_from:
            continue  # an earlier version's: what it was for need not be there any more
        yield from _each((*place, "segments"), service.segments, segments, "segments")
        yield from _each((*place, "markets"), service.markets, service.markets, "markets")
        yield from _absent((*place, "front"), service.front, [front.code for front in agreement.fronts], "fronts")
        yield from _absent((*place, "partner"), service.partner, agreement.partners, "signatories")
        if service.partner in agreement.partners and not _may_offer(service, agreement):
            yield Breach((*place, "front"), f"{service.partner!r} does not serve {service.front!r}")


def _may_offer(service: Service, agreement: Agreement) -> bool:
    """A front that the partner serves; import is the import owner's on every front."""
    if service.import_ == "only" and service.partner == agreement.imports.owner:
        return True
    return service.front not in [one.code for one in agreement.fronts] or agreement.serves(
        service.partner, service.front
    )


def _markets(agreement: Agreement) -> Iterator[Breach]:
    ended = None
    for index, one in enumerate(agreement.strategic_markets):
        place: Location = ("strategic_markets", index)
        yield from _each((*place, "markets"), one.markets, one.markets, "markets")
        if (one.last is not None and one.last < one.first) or (index and (ended is None or one.first <= ended)):
            yield Breach(place, "lists run forward; none begins before the last has ended")
        ended = one.last


def _fronts(place: Location, given: str | tuple[str, ...], agreement: Agreement) -> Iterator[Breach]:
    fronts = [front.code for front in agreement.fronts]
    if isinstance(given, str):
        yield from _absent(place, given, fronts, "fronts")
    else:
        yield from _each(place, given, fronts, "fronts")


def _each(place: Location, codes: Sequence[str], defined: Sequence[str], name: str) -> Iterator[Breach]:
    for position, code in enumerate(codes):
        yield from _absent((*place, position), code, defined, name)
        if code in codes[:position]:
            yield Breach((*place, position), f"{code!r} is given twice")


def _absent(place: Location, code: str, defined: Sequence[str], name: str) -> Iterator[Breach]:
    if code not in defined:
        yield Breach(place, f"{code!r} is not one of the {name}: {', '.join(defined)}")


def _twice(place: str | Location, values: Sequence[str | int], member: str = "code") -> Iterator[Breach]:
    for index, value in enumerate(values):
        if value in values[:index]:
            where = (place,) if isinstance(place, str) else place
            yield Breach((*where, index, member), f"{value!r} is given twice")
