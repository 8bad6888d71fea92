"""The register's words for figures, days and codes, as the contract says them. Pure.

The register gives classes and no figures (staff `5-9`, production `100.001 - 500.000 euro`); they do not split where
the EU definition does, so a class becomes a range, with an open end where the register has one. What is not understood
raises `NotUnderstood`: a word that is new in the register must not be passed over in silence.
"""

import re
from datetime import date

Range = dict[str, int]

_BETWEEN = re.compile(r"(\d[\d.]*)\s*-\s*(\d[\d.]*)")
_FROM = re.compile(
    r"(?:(?P<least>almeno|da|>=)\s*)?(?:(?P<above>oltre|più di|piu'? di|maggiore di|superiore a|>)\s*)?"
    r"(?P<bound>\d[\d.]*)\s*(?P<plus>\+|e oltre|ed oltre|e più|e piu'?)?"
)
_NUMBER = re.compile(r"\d+|\d{1,3}(\.\d{3})+")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_CODE = re.compile(r"\d{2,6}", re.ASCII)
_STATUS = {
    "attiva": "active",
    "in liquidazione": "in_liquidation",
    "cessata": "ceased",
    "cancellata": "ceased",
}
_NOT_GIVEN = frozenset({"", "nc", "n.c.", "nd", "n.d.", "no data", "-"})


class NotUnderstood(ValueError):
    """A cell says something that the register was not known to say; the message quotes it."""


def figure(text: str) -> Range | None:
    """A class of staff or of euro as `{min?, max?}`, both included; None where the register gives none."""
    if is_absent(text):
        return None
    words = re.sub(r"\s*(euro|eur|€|addetti)\s*", " ", text.lower()).strip()
    if (between := _BETWEEN.fullmatch(words)) is not None:
        low, high = _number(between[1], text), _number(between[2], text)
        if low <= high:
            return {"min": low, "max": high}
    elif (above := _FROM.fullmatch(words)) is not None and (above["least"] or above["above"] or above["plus"]):
        return {"min": _number(above["bound"], text)}
    raise NotUnderstood(f"{text!r} is no class of figures")


def day(text: str) -> date | None:
    """`30/04/2021` as a date; None where the register gives none."""
    if is_absent(text):
        return None
    matched = _DAY.fullmatch(text)
    try:
        if matched is not None:
            return date(int(matched[3]), int(matched[2]), int(matched[1]))
    except ValueError:
        pass
    raise NotUnderstood(f"{text!r} is no day (day/month/year)")


def ateco(text: str) -> str | None:
    """`621000` as `62.10.00`, `471` as `47.1`; None for `NC` (non classificata)."""
    if is_absent(text):
        return None
    digits = text.replace(".", "")
    if _CODE.fullmatch(digits) is None:
        raise NotUnderstood(f"{text!r} is no ATECO code of two to six digits")
    return ".".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def status(text: str) -> str | None:
    """The contract's word for the register's; None where the register gives none."""
    if is_absent(text):
        return None
    try:
        return _STATUS[" ".join(text.lower().split())]
    except KeyError:
        raise NotUnderstood(f"{text!r} is no status that is known here") from None


def is_absent(text: str) -> bool:
    return text.strip().lower() in _NOT_GIVEN


def _number(digits: str, said: str) -> int:
    """`100.001` with Italian points between the thousands."""
    if _NUMBER.fullmatch(digits) is None:
        raise NotUnderstood(f"{said!r} is no class of figures")
    return int(digits.replace(".", ""))
