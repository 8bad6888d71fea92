"""The firms of the demo: invented, seeded, each with the segment and the needs that must come of its facts. Pure.

What must come of a kind of firm is worked out here by hand from the definitions of the segments, so that the demo asks
the system a question to which it knows the answer. A firm's codice fiscale is well formed and marked as invented: a
running number, office 999, which no revenue office has, and the check digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from random import Random
from typing import TypeAlias

from stdnum import luhn

from cli.demo.names import TRADES, Trade, name_of, slug
from shared.agreement import Agreement

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | dict[str, Json] | None"

FIRST_NUMBER = 5_000_000
"""Running numbers of the demo's firms begin here; smaller ones belong to imported registers without tax codes."""
LAST_NUMBER = 9_999_999

PUBLISHERS = (
    "assolombarda", "cna", "confindustria", "aice", "confartigianato", "confapi", "unioncamere", "confcommercio",
    "claai", "assolombarda", "regione", "cna", "confindustria", "sacesimest", "confartigianato", "assocamerestero",
    "confapi", "confcommercio", "aice",
)  # fmt: skip
"""Who tells of the firms, in turn: all twelve, the associations more often."""

WITHOUT_MEMBERS = frozenset({"regione", "unioncamere", "assocamerestero", "sacesimest"})
_SECTORS = {
    "industry": {"assolombarda", "confindustria", "confapi"},
    "artisans": {"cna", "confartigianato", "claai"},
    "trade": {"aice", "confcommercio"},
}
_MILAN_AREA = ("MI", "MB", "LO", "PV")
_ELSEWHERE = ("BG", "BS", "CO", "CR", "LC", "MN", "SO", "VA")


class Kind(StrEnum):
    """What is known of a firm's business abroad; each kind has one right assessment."""

    NO_EXPORTS = "no exports"
    LIGHT = "light exports"
    CONSOLIDATING = "steady exports"
    EXPERIENCED = "a subsidiary abroad"
    EXPORTS_UNKNOWN = "exports unknown"
    MARKETS_UNKNOWN = "markets unknown"
    SIZE_UNKNOWN = "size unknown"
    LARGE = "too large"
    IN_LIQUIDATION = "in liquidation"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the classifier must say: its status, the segment where one is settled, and which are left possible."""

    status: str
    possible: tuple[str, ...]

    @property
    def segment(self) -> str | None:
        return self.possible[0] if self.status == "classified" else None


EXPECTED = {
    Kind.NO_EXPORTS: Assessment("classified", ("no_experience",)),
    Kind.LIGHT: Assessment("classified", ("light_presence",)),
    Kind.CONSOLIDATING: Assessment("classified", ("consolidating",)),
    Kind.EXPERIENCED: Assessment("classified", ("highly_experienced",)),
    # Nothing abroad and no wish to invest there: whatever the figures are, it is not the fourth.
    Kind.EXPORTS_UNKNOWN: Assessment("provisional", ("no_experience", "light_presence", "consolidating")),
    # 15 % of the turnover each year, but in how many countries?
    Kind.MARKETS_UNKNOWN: Assessment("provisional", ("light_presence", "consolidating")),
    Kind.SIZE_UNKNOWN: Assessment("provisional", ("no_experience", "out_of_target")),
    Kind.LARGE: Assessment("out_of_target", ("out_of_target",)),
    Kind.IN_LIQUIDATION: Assessment("classified", ("light_presence",)),
}


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A need as the demo counts it; markets are left open by all firms of the cast."""

    front: str
    import_: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One firm as it is, whoever tells of it. `place` is its place in the cast, from 0; what chance decides depends on
    that and the seed alone, so that the same cast under other numbers does the same. `consents`: codes, "any", or
    nothing. `member_since`: of the publisher. `claims`: a body of which the firm says that it is a member, and which
    never answers when it is asked. `withdraws`: the firm takes its consents back once the partners are at work.
    """

    place: int
    number: int
    codice_fiscale: str
    name: str
    legal_form: str
    province: str
    publisher: str
    trade: Trade
    artisan: bool
    kind: Kind
    declared: tuple[Need, ...]
    consents: tuple[str, ...]
    member_since: date | None
    english: bool
    reachable: bool
    """Whether a mailbox is known."""
    claims: str | None = None
    withdraws: bool = False

    @property
    def short(self) -> str:
        """The name without its legal form."""
        return self.name.removesuffix(f" {self.legal_form}")

    @property
    def assessment(self) -> Assessment:
        return EXPECTED[self.kind]


def codice_fiscale(number: int) -> str:
    """The eleven digits of invented firm `number`: number, office 999, check digit (Luhn)."""
    digits = f"{number:07d}999"
    return digits + str(luhn.calc_check_digit(digits))


def needs_of(company: Company, agreement: Agreement) -> frozenset[Need]:
    """The needs that must come: what every possible segment offers, joined with what the firm declared."""
    if company.kind is Kind.IN_LIQUIDATION:
        return frozenset()
    fronts = {segment.code: set(segment.fronts) for segment in agreement.segments}
    offered = set.intersection(*(fronts.get(code, set()) for code in company.assessment.possible))
    return frozenset({Need(front) for front in offered} | set(company.declared))


def invent(
    place: int,
    number: int,
    kind: Kind,
    publisher: str,
    chance: Random,
    *,
    declared: Sequence[Need] = (),
    consents: Sequence[str] = (),
) -> Company:
    """A firm of that kind. `consents` are settled here by chance unless they are given."""
    sector = next((name for name, bodies in _SECTORS.items() if publisher in bodies), None)
    sector = sector or chance.choice(sorted(_SECTORS))
    trade = chance.choice(TRADES[sector])
    name, form = name_of(place, sector, trade, chance)
    where = {"assolombarda": _MILAN_AREA, "confindustria": _ELSEWHERE}.get(publisher, _MILAN_AREA + _ELSEWHERE)
    if sector == "artisans" and publisher != "claai":
        # In MI and MB a third body is among equals, on some fronts: who is drawn would hang on the order of the needs.
        where = tuple(province for province in where if province not in ("MI", "MB"))
    since = date(chance.randint(1998, 2024), chance.randint(1, 12), 1)
    ways = (("any",), (publisher,), tuple(dict.fromkeys((publisher, "sacesimest"))))
    drawn = chance.choices(ways, (80, 12, 8))[0]
    return Company(
        place=place,
        number=number,
        codice_fiscale=codice_fiscale(number),
        name=name,
        legal_form=form,
        province=chance.choice(where),
        publisher=publisher,
        trade=trade,
        artisan=sector == "artisans" and kind is not Kind.LARGE,
        kind=kind,
        declared=tuple(declared),
        consents=tuple(consents) or drawn,
        member_since=None if publisher in WITHOUT_MEMBERS else since,
        english=chance.random() < 0.15,
        reachable=chance.random() < 0.9,
    )


def facts_of(company: Company, year: int) -> dict[str, Json]:
    """`firm` of a submission made in `year`, in the form of the contract: what its publisher knows of it."""
    firm: dict[str, Json] = {
        "codice_fiscale": company.codice_fiscale,
        "name": company.name,
        "legal_form": company.legal_form,
        "office": {"province": company.province},
        "ateco": [{"code": company.trade.ateco, "edition": "2025", "main": True}],
        "artisan": company.artisan,
        "status": "in_liquidation" if company.kind is Kind.IN_LIQUIDATION else "active",
    }
    if company.kind is not Kind.SIZE_UNKNOWN:
        firm["size"] = _size(company, year - 1)
    firm |= _abroad(company.kind, year)
    if company.declared:
        firm["needs"] = [_declaration(need) for need in company.declared]
    if any(need.import_ for need in company.declared):
        firm["imports"] = {"strategic": True}
    if company.claims is not None:
        firm["declared_memberships"] = [company.claims]
    if company.reachable:
        language = "en" if company.english else "it"
        firm["contacts"] = {"pec": f"{slug(company.name)}-{company.number}@pec.example", "language": language}
    return firm


def exports_of(kind: Kind, year: int) -> dict[str, Json] | None:
    """`exports` of the three years before `year`, newest first; None where nothing is known of them."""
    shares, markets = _SHARES.get(kind, ()), _MARKETS.get(kind)
    if not shares:
        return None
    years: list[Json] = []
    for back, share in enumerate(shares, 1):
        one: dict[str, Json] = {"year": year - back, "share": share}
        if markets is not None:
            one["markets"] = list(markets)
        years.append(one)
    return {"years": years, "mode": "direct" if shares[0] else "none"}


_SHARES: dict[Kind, tuple[float, ...]] = {
    Kind.NO_EXPORTS: (0, 0, 0),
    Kind.LIGHT: (0.06, 0.04, 0.02),
    Kind.CONSOLIDATING: (0.28, 0.24, 0.22),
    Kind.EXPERIENCED: (0.62, 0.58, 0.55),
    Kind.MARKETS_UNKNOWN: (0.15, 0.15, 0.15),
    Kind.SIZE_UNKNOWN: (0, 0, 0),
    Kind.LARGE: (0, 0, 0),
    Kind.IN_LIQUIDATION: (0.05, 0.05, 0.05),
}
_MARKETS: dict[Kind, tuple[str, ...]] = {
    Kind.LIGHT: ("CH", "FR"),
    Kind.CONSOLIDATING: ("DE", "FR", "ES", "PL"),
    Kind.EXPERIENCED: ("DE", "FR", "US", "JP", "AE", "BR", "CN"),
    Kind.IN_LIQUIDATION: ("CH",),
}


def _abroad(kind: Kind, year: int) -> dict[str, Json]:
    told: dict[str, Json] = {}
    exports = exports_of(kind, year)
    if exports is not None:
        told["exports"] = exports
    if kind is Kind.EXPERIENCED:
        told["presence_abroad"] = [{"country": "US", "kind": "subsidiary", "share": 1}]
        told["intents"] = {"invest_abroad": True}
    else:
        told["presence_abroad"] = []
        told["intents"] = {"invest_abroad": False}
    return told


def _size(company: Company, year: int) -> dict[str, Json]:
    if company.kind is Kind.LARGE:
        staff, turnover = 430, 120_000_000
    elif company.artisan:
        staff, turnover = 4 + company.place % 11, 900_000
    elif company.kind in (Kind.CONSOLIDATING, Kind.EXPERIENCED):
        staff, turnover = 60 + company.place % 120, 24_000_000
    else:
        staff, turnover = 12 + company.place % 30, 4_500_000
    return {
        "year": year,
        "staff": staff,
        "turnover_eur": turnover,
        "balance_sheet_eur": turnover * 7 // 10,
        "autonomous": True,
    }


def _declaration(need: Need) -> dict[str, Json]:
    return {"front": need.front, "import": need.import_} if need.import_ else {"front": need.front}
