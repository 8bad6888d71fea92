"""What invented firms are called: a trade, a family that does not exist, a legal form. Pure.

Families are put together from halves that no Lombard surname has in this pairing; mailboxes end in `.example`, which
leads nowhere (RFC 2606).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

_FIRST_HALVES = ("Bramb", "Colz", "Ferragl", "Gavard", "Lomazz", "Morbign", "Quarz", "Sedrin", "Tremez", "Valsass")
_SECOND_HALVES = (
    "aschelli",
    "edroni",
    "ighetti",
    "ontelli",
    "uccardi",
    "anvini",
    "erlotti",
    "isconti",
    "oldrini",
    "ulzani",
)
_FORMS = {"industry": ("S.r.l.", "S.p.A."), "artisans": ("S.n.c.", "S.a.s.", "S.r.l."), "trade": ("S.r.l.", "S.a.s.")}


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business: what its firms are called, and its ATECO code (edition 2025)."""

    called: str
    ateco: str


TRADES: dict[str, Sequence[Trade]] = {
    "industry": (
        Trade("Meccanica", "25.53"),
        Trade("Tessitura", "13.20"),
        Trade("Macchine", "28.41"),
        Trade("Strumenti", "26.51"),
        Trade("Illuminazione", "27.40"),
        Trade("Materie Plastiche", "22.26"),
        Trade("Cosmetica", "20.42"),
    ),
    "artisans": (
        Trade("Mobilificio", "31.00"),
        Trade("Oreficeria", "32.12"),
        Trade("Pelletteria", "15.12"),
        Trade("Sartoria", "14.21"),
        Trade("Caseificio", "10.51"),
        Trade("Carpenteria", "25.99"),
    ),
    "trade": (
        Trade("Commercio Alimentari", "46.39"),
        Trade("Cantine", "11.02"),
        Trade("Moda", "47.71"),
        Trade("Rappresentanze", "46.17"),
    ),
}


def name_of(place: int, sector: str, trade: Trade, chance: Random) -> tuple[str, str]:
    """A name and its legal form. A hundred firms in a row are of different families."""
    first = _FIRST_HALVES[place % len(_FIRST_HALVES)]
    second = _SECOND_HALVES[(place // len(_FIRST_HALVES) + place) % len(_SECOND_HALVES)]
    form = chance.choice(_FORMS[sector])
    return f"{trade.called} {first}{second} {form}", form


def slug(name: str) -> str:
    """The name as part of a mail domain: `tessitura-brambaschelli`."""
    return "-".join(word.lower() for word in name.split() if "." not in word)
