"""What is made of a firm: its segment with everything that is still open, and its needs. Pure."""

from collections.abc import Iterable

from services.classifier import facts, size
from services.classifier.segments import OUT_OF_TARGET, RANKED, possible
from shared.agreement import Agreement
from shared.contracts.classifier import FirmAssessed, Need, Segment
from shared.contracts.firm import ExportYear, Figure, Profile
from shared.contracts.intake import FirmRegistered

NO_NEEDS = ("in_liquidation", "ceased")
"""Such firms are registered and get nothing: nobody could help them abroad."""


def assess(firm: FirmRegistered, agreement: Agreement) -> FirmAssessed:
    """The firm's assessment under this agreement; the same firm under the same agreement gives the same."""
    segment = place(firm, agreement)
    return FirmAssessed(
        firm_id=firm.firm_id,
        version=firm.version,
        profile=firm.profile,
        publishers=firm.publishers,
        memberships=firm.memberships,
        consents=firm.consents,
        segment=segment,
        needs=needs_of(firm.profile, segment, agreement),
    )


def place(firm: FirmRegistered, agreement: Agreement) -> Segment:
    """The segment, or those that the known facts allow."""
    profile = firm.profile
    seen = facts.window(profile, firm.observed_at)
    verdict = size.judge(profile.size)
    codes = possible(facts.cases(profile, seen, verdict.sme))
    ranked = [code for code in codes if code in RANKED]
    value = codes[0] if len(codes) == 1 else None
    return Segment(
        status="provisional" if value is None else "out_of_target" if value == OUT_OF_TARGET else "classified",
        value=value,
        possible=codes,
        lowest=ranked[0] if ranked else None,
        highest=ranked[-1] if ranked else None,
        presumptions=verdict.presumptions,
        warnings=tuple(contradictions(profile, seen)),
        agreement=agreement.version,
    )


def contradictions(profile: Profile, seen: facts.Window) -> Iterable[str]:
    """What the profile says against itself. Figures beat `mode`, `started_on` beats figures; nothing is corrected."""
    exports = profile.exports
    years = (exports.years or ()) if exports else ()
    for year in years:
        share, eur = facts.bounds(year.share), facts.bounds(year.eur)
        if (year.share is not None and year.eur is not None) and (
            (share[1] <= 0 and eur[0] > 0) or (eur[1] <= 0 and share[0] > 0)
        ):
            yield f"exports {year.year}: share and amount disagree about being zero"
        if profile.started_on is not None and year.year < profile.started_on.year and max(share[0], eur[0]) > 0:
            yield f"exports {year.year}: sales before the start of business"
    sold = [year.year for year in years if max(_least(year.share), _least(year.eur)) > 0]
    stated = {year.year: year for year in years if year.share is not None or year.eur is not None}
    all_zero = bool(seen.years) and all(year in stated and _most(stated[year]) <= 0 for year in seen.years)
    if exports is not None and exports.mode in ("direct", "occasional") and all_zero:
        yield f"exports: mode is {exports.mode}, the figures of all years are zero"
    if exports is not None and exports.mode == "none" and any(year in seen.years for year in sold):
        yield "exports: mode is none, the figures are not zero"
    if exports is not None and exports.since is not None and sold and exports.since > min(sold):
        yield "exports: since is later than a year with exports"
    if profile.artisan and profile.size is not None and facts.bounds(profile.size.staff)[0] >= size.STAFF:
        yield "size: an artisan firm with 250 or more staff"


def _least(figure: Figure | None) -> float:
    return facts.bounds(figure)[0]


def _most(year: ExportYear) -> float:
    """The most that a year can have exported; a figure that is not given counts as none."""
    return max((facts.bounds(figure)[1] for figure in (year.share, year.eur) if figure is not None), default=0.0)


def needs_of(profile: Profile, segment: Segment, agreement: Agreement) -> tuple[Need, ...]:
    """What the firm declared, and what every segment that it can be in would give."""
    if profile.status in NO_NEEDS:
        return ()
    needs: dict[tuple[str, bool, str | None], Need] = {}
    for declared in profile.needs or ():
        needs[declared.key] = Need(
            front=declared.front,
            import_=bool(declared.import_),
            market=declared.market,
            declared=True,
            unit=declared.unit,
            declared_at=declared.declared_at,
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
