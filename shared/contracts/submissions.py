"""A record of a firms topic, read: what it says, or a `Refusal` with all its problems. Total.

It knows no store; what depends on earlier records (a first submission's name, a firm that the partner never spoke of,
an id used before) is asked later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared.contracts import tax_codes
from shared.contracts.documents import Json
from shared.contracts.envelope import Broken, Envelope, Headers, read_envelope
from shared.contracts.firm import SuccessionKind
from shared.contracts.inbound import Admitted, admit
from shared.contracts.kinds import Vocabulary
from shared.contracts.rules import Problem, bounded, problem
from shared.contracts.submitted import (
    ERASURE_REQUESTED,
    REVOKED,
    SUBMITTED,
    SUCCEEDED,
    Assertion,
    ErasureRequestedData,
    RevokedData,
    SubmittedData,
    SucceededData,
    assertion_of,
)

DATA: Mapping[str, type[BaseModel]] = {
    SUBMITTED: SubmittedData,
    SUCCEEDED: SucceededData,
    REVOKED: RevokedData,
    ERASURE_REQUESTED: ErasureRequestedData,
}
"""The types that are read on a firms topic, each with the form of its data."""
AHEAD = timedelta(minutes=10)
"""How far a partner's clock may be ahead of the broker's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A `firm.submitted` that holds by itself."""

    envelope: Envelope
    assertion: Assertion
    warnings: tuple[Problem, ...]

    @property
    def codice_fiscale(self) -> str:
        return self.assertion.firm.codice_fiscale


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """A `firm.succeeded` that holds by itself: from `at` on, `successor` is the code that stands for the firm."""

    envelope: Envelope
    codice_fiscale: str
    successor: str
    kind: SuccessionKind
    at: datetime
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A `consent.revoked` that holds by itself. `to` is a code or "any"; no purpose means every purpose."""

    envelope: Envelope
    codice_fiscale: str
    to: str
    purpose: str | None
    revoked_at: datetime
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """A `firm.erasure-requested` that holds by itself."""

    envelope: Envelope
    codice_fiscale: str
    requested_at: datetime
    warnings: tuple[Problem, ...]


Understood = Submission | Succession | Revocation | ErasureRequest
"""A record that holds by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that is refused by itself. `content_hash` is there where envelope and JSON hold.

    `unnamed` is the code of a firm that is submitted without a name: one more problem, if it is a first submission.
    """

    problems: tuple[Problem, ...]
    id: str | None = None
    source: str | None = None
    content_hash: bytes | None = None
    unnamed: str | None = None


def read_submission(
    value: bytes | None,
    headers: Headers,
    appended_at: datetime,
    *,
    partners: frozenset[str],
    fronts: frozenset[str],
) -> Understood | Refusal:
    """Read a record of a firms topic. `appended_at` is the broker's clock (UTC); the codes are the agreement's."""
    envelope = read_envelope(value, headers)
    vocabulary = Vocabulary(partners, fronts, appended_at + AHEAD)
    problems: list[Problem] = []
    unnamed = None
    if isinstance(envelope, Broken):
        problems += envelope.problems
        if envelope.type is not None and envelope.type not in DATA:
            problems.append(_type_unknown(envelope.type))
        elif envelope.type is not None and envelope.data is not None:
            admitted, more = _admit(envelope.type, envelope.data, vocabulary)
            problems += more
            unnamed = _unnamed(admitted)
        return Refusal(problems=bounded(problems), id=envelope.id, source=envelope.source, unnamed=unnamed)
    if envelope.type in DATA:
        admitted, problems = _admit(envelope.type, envelope.data, vocabulary)
        if admitted.value is not None and not problems:
            return _understood(envelope, admitted.value, bounded((*envelope.warnings, *admitted.warnings)))
        unnamed = _unnamed(admitted)
    else:
        problems.append(_type_unknown(envelope.type))
    return Refusal(
        problems=bounded(problems),
        id=envelope.id,
        source=envelope.source,
        content_hash=envelope.content_hash,
        unnamed=unnamed,
    )


def _understood(envelope: Envelope, data: BaseModel, warnings: tuple[Problem, ...]) -> Understood:
    match data:
        case SubmittedData():
            warnings += tuple(_doubts({"/firm/codice_fiscale": data.firm.codice_fiscale}))
            return Submission(envelope=envelope, assertion=assertion_of(data), warnings=warnings)
        case SucceededData():
            warnings += tuple(_doubts({"/codice_fiscale": data.codice_fiscale, "/successor": data.successor}))
            return Succession(
                envelope=envelope,
                codice_fiscale=data.codice_fiscale,
                successor=data.successor,
                kind=data.kind,
                at=data.at,
                warnings=warnings,
            )
        case RevokedData():
            return Revocation(
                envelope=envelope,
                codice_fiscale=data.codice_fiscale,
                to=data.to,
                purpose=data.purpose,
                revoked_at=data.revoked_at,
                warnings=warnings,
            )
        case ErasureRequestedData():
            return ErasureRequest(
                envelope=envelope,
                codice_fiscale=data.codice_fiscale,
                requested_at=data.requested_at,
                warnings=warnings,
            )
        case _:
            raise TypeError(f"{type(data).__name__} is the data of no type that is read here")


def _type_unknown(kind: str) -> Problem:
    return problem("type-unknown", f"type {kind[:64]!r} is not read on a firms topic; read are {', '.join(DATA)}")


def _admit(kind: str, data: Mapping[str, Json], vocabulary: Vocabulary) -> tuple[Admitted[Any], list[Problem]]:
    """The data of a known type. A submission is taken as far as it can be; the others as they are or not at all."""
    admitted = admit(DATA[kind], data, vocabulary, lenient=kind == SUBMITTED)
    said = admitted.left.get("firm")
    more: Iterable[Problem] = ()
    if kind == SUBMITTED and isinstance(said, dict):
        more = _of_the_whole(said)
    elif isinstance(admitted.value, SucceededData) and admitted.value.successor == admitted.value.codice_fiscale:
        told = "a firm does not succeed itself: give the code that stands for it now"
        more = (problem("wrong-value", told, "/successor"),)
    return admitted, [*admitted.problems, *more]


def _unnamed(admitted: Admitted[Any]) -> str | None:
    said = admitted.left.get("firm")
    if not isinstance(said, dict) or "name" in said or not isinstance(said.get("codice_fiscale"), str):
        return None
    code = tax_codes.normalised(said["codice_fiscale"])
    return code if tax_codes.fault(code) is None else None


def _of_the_whole(said: Mapping[str, Any]) -> Iterator[Problem]:
    """Rules over several members; `said` may still be wrong in its parts."""
    office, units = said.get("office"), said.get("local_units")
    places = [place for place in (office, *(units if isinstance(units, list) else ())) if isinstance(place, dict)]
    provinces = [place["province"].upper() for place in places if isinstance(place.get("province"), str)]
    if provinces and not tax_codes.LOMBARDY.intersection(provinces):
        told = f"no seat and no local unit in Lombardy ({', '.join(sorted(tax_codes.LOMBARDY))})"
        yield problem("outside-lombardy", told, "/firm/office" if office else "/firm/local_units")
    exports = said.get("exports")
    years = exports.get("years") if isinstance(exports, dict) else None
    seen: set[int] = set()
    for entry in years if isinstance(years, list) else ():
        year = entry.get("year") if isinstance(entry, dict) else None
        if isinstance(year, int):
            if year in seen:
                yield problem("year-repeated", f"{year} is given twice: give each year once", "/firm/exports/years")
            seen.add(year)
    size = said.get("size")
    if isinstance(size, dict) and size.get("autonomous") is True and size.get("holdings"):
        told = "a firm with holdings is not autonomous: leave one of the two out"
        yield problem("autonomous-with-holdings", told, "/firm/size/autonomous")


def _doubts(codes: Mapping[str, str]) -> Iterator[Problem]:
    """What is odd about tax codes that hold, by the pointer under which each was sent."""
    for place, code in codes.items():
        if not tax_codes.office_is_known(code):
            told = f"the office code {code[7:10]} is not a known one: please check the code"
            yield problem("codice-fiscale-office-unknown", told, place)
