"""A record of a firms topic, read: a `Submission`, a `Revocation`, or a `Refusal` with all its problems. Total.

It knows no store; what depends on earlier records (a first submission's name, a firm that the partner never spoke of,
an id used before) is asked later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.contracts import tax_codes
from shared.contracts.documents import Json, pointer
from shared.contracts.envelope import Broken, Envelope, Headers, read_envelope
from shared.contracts.inbound import Admitted, admit
from shared.contracts.kinds import Vocabulary
from shared.contracts.rules import Problem, problem
from shared.contracts.submitted import (
    ERASURE_REQUESTED,
    REVOKED,
    SUBMITTED,
    SUCCEEDED,
    Assertion,
    RevokedData,
    SubmittedData,
    assertion_of,
)

NOT_SERVED_YET = frozenset({SUCCEEDED, ERASURE_REQUESTED})
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
class Revocation:
    """A `consent.revoked` that holds by itself. `to` is a code or "any"; no purpose means every purpose."""

    envelope: Envelope
    codice_fiscale: str
    to: str
    purpose: str | None
    revoked_at: datetime
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that is refused by itself. `content_hash` is there where envelope and JSON hold."""

    problems: tuple[Problem, ...]
    id: str | None = None
    source: str | None = None
    content_hash: bytes | None = None


def read_submission(
    value: bytes | None,
    headers: Headers,
    appended_at: datetime,
    *,
    partners: frozenset[str],
    fronts: frozenset[str],
) -> Submission | Revocation | Refusal:
    """Read a record of a firms topic. `appended_at` is the broker's clock (UTC); the codes are the agreement's."""
    envelope = read_envelope(value, headers)
    vocabulary = Vocabulary(partners, fronts, appended_at + AHEAD)
    if isinstance(envelope, Broken):
        problems = list(envelope.problems)
        if envelope.type is not None:
            problems += _of_type(envelope.type)
        if envelope.data is not None and envelope.type == SUBMITTED:
            problems += _submitted(envelope.data, vocabulary)[1]
        elif envelope.data is not None and envelope.type == REVOKED:
            problems += admit(RevokedData, envelope.data, vocabulary, lenient=False).problems
        return Refusal(problems=_once(problems), id=envelope.id, source=envelope.source)
    if envelope.type == SUBMITTED:
        admitted, found = _submitted(envelope.data, vocabulary)
        if admitted.value is not None and not found:
            return Submission(
                envelope=envelope,
                assertion=assertion_of(admitted.value),
                warnings=(*envelope.warnings, *admitted.warnings, *_doubts(admitted.value)),
            )
        problems = list(found)
    elif envelope.type == REVOKED:
        revoked = admit(RevokedData, envelope.data, vocabulary, lenient=False)
        if (data := revoked.value) is not None:
            return Revocation(
                envelope=envelope,
                codice_fiscale=data.codice_fiscale,
                to=data.to,
                purpose=data.purpose,
                revoked_at=data.revoked_at,
                warnings=(*envelope.warnings, *revoked.warnings),
            )
        problems = list(revoked.problems)
    else:
        problems = _of_type(envelope.type)
    return Refusal(problems=_once(problems), id=envelope.id, source=envelope.source, content_hash=envelope.content_hash)


def _of_type(kind: str) -> list[Problem]:
    if kind in (SUBMITTED, REVOKED):
        return []
    if kind in NOT_SERVED_YET:
        return [problem("type-not-served-yet", f"{kind} is part of the contract; it is not served yet: send it later")]
    return [problem("type-unknown", f"type {kind[:64]!r} is not read on a firms topic: {SUBMITTED} is, for one")]


def _submitted(data: Mapping[str, Json], vocabulary: Vocabulary) -> tuple[Admitted[SubmittedData], list[Problem]]:
    admitted = admit(SubmittedData, data, vocabulary, lenient=True)
    said = admitted.left.get("firm")
    return admitted, [*admitted.problems, *(_of_the_whole(said) if isinstance(said, dict) else ())]


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


def _doubts(data: SubmittedData) -> Iterator[Problem]:
    if not tax_codes.office_is_known(data.firm.codice_fiscale):
        told = f"the office code {data.firm.codice_fiscale[7:10]} is not a known one: please check the code"
        yield problem("codice-fiscale-office-unknown", told, pointer("firm", "codice_fiscale"))


def _once(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
