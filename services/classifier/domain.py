"""What is made of a firm: its segment with everything that is still open, and its needs. Pure."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from services.classifier import facts, size
from services.classifier.contradictions import contradictions
from services.classifier.facts import Window
from services.classifier.missing import Ignorance, missing
from services.classifier.questions import ask
from services.classifier.segments import EITHER, OUT_OF_TARGET, Cases, possible
from services.classifier.shape import shape_of, steps
from services.classifier.trade import outcomes
from shared.agreement import Agreement, Criteria, Presumptions
from shared.contracts.classifier import FirmAssessed, Missing, Need, Segment
from shared.contracts.firm import Profile
from shared.contracts.intake import FirmRegistered

NO_NEEDS = ("in_liquidation", "ceased")
"""Such firms are registered and get nothing: nobody could help them abroad."""


class Placed(NamedTuple):
    """Where a firm stands, and what to ask it where that is not settled, the most telling question first."""

    segment: Segment
    missing: tuple[Missing, ...]


def assess(firm: FirmRegistered, agreement: Agreement) -> FirmAssessed:
    """The firm's assessment under this agreement; the same firm under the same agreement gives the same."""
    segment, missing = place(firm, agreement)
    return FirmAssessed(
        firm_id=firm.firm_id,
        version=firm.version,
        profile=firm.profile,
        publishers=firm.publishers,
        memberships=firm.memberships,
        consents=firm.consents,
        segment=segment,
        needs=needs_of(firm, segment, agreement),
        missing=missing,
        not_members=firm.not_members,
    )


def place(firm: FirmRegistered, agreement: Agreement) -> Placed:
    """The segment, or those that the known facts allow with what would settle it."""
    profile, criteria = firm.profile, agreement.criteria
    seen = facts.window(profile, firm.observed_at)
    known = ignorance(profile, seen, criteria)
    codes = possible(known.cases, known.large_firms)
    ranked = [code for code in codes if code != OUT_OF_TARGET]
    value = codes[0] if len(codes) == 1 else None
    segment = Segment(
        status="provisional" if value is None else "out_of_target" if value == OUT_OF_TARGET else "classified",
        value=value,
        possible=codes,
        lowest=ranked[0] if ranked else None,
        highest=ranked[-1] if ranked else None,
        presumptions=tuple(presumed(profile, known, codes, criteria)),
        warnings=tuple(contradictions(profile, seen, criteria.sme)),
        agreement=agreement.version,
    )
    return Placed(segment, () if value is not None else ask(missing(known), profile, seen, criteria))


def ignorance(profile: Profile, seen: Window, criteria: Criteria) -> Ignorance:
    """What is known of the firm, and so what is not, after the presumptions."""
    exports, intents = profile.exports, profile.intents
    by = steps(criteria.thresholds)
    years = facts.years_of(exports, seen)
    shape = shape_of(years, facts.added(exports, seen, years), by)
    measures = size.measure(profile.size, criteria.presumptions, criteria.sme)
    cases = Cases(
        trade=outcomes(shape, by),
        years=facts.experience(exports, seen, criteria),
        abroad=facts.abroad(profile.presence_abroad, criteria),
        invest=facts.stated(intents.invest_abroad if intents is not None else None),
        sme=size.sme(measures),
        means=intents is None or intents.consolidate is not False,
    )
    return Ignorance(cases, shape, by, measures, criteria.large_firms)


def presumed(profile: Profile, known: Ignorance, codes: tuple[str, ...], criteria: Criteria) -> Iterator[str]:
    """The presumptions that mattered: without them the possible segments would be others."""
    cases, granted = known.cases, criteria.presumptions
    # A presumption about the size can only narrow down whether the firm is an SME.
    if len(cases.sme) == 1 and possible(cases._replace(sme=EITHER), known.large_firms) != codes:
        for name, without in _size_presumptions(granted):
            left = cases._replace(sme=size.sme(size.measure(profile.size, without, criteria.sme)))
            if possible(left, known.large_firms) != codes:
                yield name
    if granted.no_presence and profile.presence_abroad is None:
        left = cases._replace(abroad=facts.ANYWHERE)
        if possible(left, known.large_firms) != codes:
            yield "no_presence"


@lru_cache(maxsize=64)
def _size_presumptions(granted: Presumptions) -> tuple[tuple[str, Presumptions], ...]:
    """Those about the size that are granted, each with what is granted without it."""
    names = ("autonomous", "single_year", "small_staff")
    return tuple((name, granted.model_copy(update={name: False})) for name in names if getattr(granted, name))


def needs_of(firm: FirmRegistered, segment: Segment, agreement: Agreement) -> tuple[Need, ...]:
    """What the firm declared, and what every segment that it can be in would give."""
    profile = firm.profile
    if profile.status in NO_NEEDS:
        return ()
    declared_by = {one.key: one.by for one in firm.declarations}
    needs: dict[tuple[str, bool, str | None], Need] = {}
    for declared in profile.needs or ():
        needs[declared.key] = Need(
            front=declared.front,
            import_=bool(declared.import_),
            market=declared.market,
            declared=True,
            unit=declared.unit,
            declared_at=declared.declared_at,
            declared_by=declared_by.get(declared.key, ()),
        )
    for front in given_by_all(segment.possible, agreement):
        need = Need(front=front, import_=False, declared=False)
        needs.setdefault(need.key, need)
    if profile.imports is not None and profile.imports.strategic:
        need = Need(front=agreement.imports.front, import_=True, declared=False)
        needs.setdefault(need.key, need)
    return tuple(needs.values())


def given_by_all(codes: tuple[str, ...], agreement: Agreement) -> tuple[str, ...]:
    """Fronts that each of these segments gives by default, in the order of the first; out of target gives none."""
    if not codes or OUT_OF_TARGET in codes:
        return ()
    first, *others = (agreement.segment(code).fronts for code in codes)
    return tuple(front for front in first if all(front in fronts for fronts in others))
