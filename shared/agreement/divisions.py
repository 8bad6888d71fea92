"""The divisions of ATECO, the first two digits of a code, by edition. They are those of NACE: Rev. 2 for the edition
of 2007 (Regulation 1893/2006), Rev. 2.1 for that of 2025 (Regulation 2023/137), which no longer has division 45."""

import re
from collections.abc import Iterable
from types import MappingProxyType
from typing import Literal

Edition = Literal["2007", "2025"]

_GAPS = {4, 34, 40, 44, 48, 54, 57, 67, 76, 83, 89}
_ALL = [number for number in range(1, 100) if number not in _GAPS]

DIVISIONS = MappingProxyType(
    {
        "2007": tuple(f"{number:02}" for number in _ALL),
        "2025": tuple(f"{number:02}" for number in _ALL if number != 45),
    }
)
"""Edition -> its divisions, ascending."""

_GIVEN = re.compile(r"(\d\d)(?:-(\d\d))?")


def expand(given: Iterable[str], edition: str) -> list[str]:
    """The divisions that are meant by "46", "10-33"; ValueError for one that the edition does not have, or twice."""
    known, found = DIVISIONS[edition], set[str]()
    for text in given:
        read = _GIVEN.fullmatch(text)
        if read is None:
            raise ValueError(f"{text!r} is no division: two digits in quotes, or a range of them, are wanted")
        first, last = read[1], read[2] or read[1]
        for end in (first, last):
            if end not in known:
                raise ValueError(f"the edition of {edition} has no division {end}")
        meant = {division for division in known if first <= division <= last}
        if not meant:
            raise ValueError(f"{text!r} runs backwards")
        if again := sorted(meant & found):
            raise ValueError(f"division {again[0]} is given twice")
        found |= meant
    return sorted(found)
