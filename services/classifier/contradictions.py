"""What a profile says against itself. Figures beat `mode`, `started_on` beats figures; nothing is corrected. Pure."""

from collections.abc import Iterator

from services.classifier.facts import Window, bounds, export_years, is_stated
from shared.agreement import Sme
from shared.contracts.firm import ExportYear, Figure, Profile


def contradictions(profile: Profile, seen: Window, by: Sme) -> Iterator[str]:
    """Each in words, with the member that it is about."""
    exports = profile.exports
    years = export_years(exports)
    for year in years:
        share, eur = bounds(year.share), bounds(year.eur)
        if (year.share is not None and year.eur is not None) and (
            (share[1] <= 0 and eur[0] > 0) or (eur[1] <= 0 and share[0] > 0)
        ):
            yield f"exports {year.year}: share and amount disagree about being zero"
        if profile.started_on is not None and year.year < profile.started_on.year and max(share[0], eur[0]) > 0:
            yield f"exports {year.year}: sales before the start of business"
    if exports is not None:
        sold = [year.year for year in years if max(_least(year.share), _least(year.eur)) > 0]
        if exports.mode in ("direct", "occasional") and _all_zero(years, seen):
            yield f"exports: mode is {exports.mode}, the figures of all years are zero"
        if exports.mode == "none" and any(year in seen.years for year in sold):
            yield "exports: mode is none, the figures are not zero"
        if exports.since is not None and sold and exports.since > min(sold):
            yield "exports: since is later than a year with exports"
    if profile.artisan and profile.size is not None and _least(profile.size.staff) >= by.medium.staff_below:
        yield f"size: an artisan firm with {by.medium.staff_below} or more staff"


def _all_zero(years: tuple[ExportYear, ...], seen: Window) -> bool:
    stated = {year.year: year for year in years if is_stated(year)}
    return bool(seen.years) and all(year in stated and _most(stated[year]) <= 0 for year in seen.years)


def _least(figure: Figure | None) -> float:
    return bounds(figure)[0] if figure is not None else 0.0


def _most(year: ExportYear) -> float:
    """The most that a year can have exported; a figure that is not given counts as none."""
    return max((bounds(figure)[1] for figure in (year.share, year.eur) if figure is not None), default=0.0)
