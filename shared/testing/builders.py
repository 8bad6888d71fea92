"""Made-up partners' words for tests: each builder states only what matters, the rest is the plainest case."""

import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from stdnum import luhn

from shared.contracts.submissions import (
    ErasureRequest,
    Refusal,
    Revocation,
    Submission,
    Succession,
    Understood,
    read_submission,
)
from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUBMITTED, SUCCEEDED

ARRIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PARTNERS = frozenset({"regione", "unioncamere", "cna", "assolombarda", "aice", "sacesimest"})
FRONTS = frozenset({"institutional_support", "information", "assistance", "finance_and_insurance"})


def tax_code(n: int = 1) -> str:
    """The n-th synthetic codice fiscale of a company: office code 999, right check digit."""
    body = f"{n:07d}999"
    return body + luhn.calc_check_digit(body)


def submitted(firm: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    """Data of `firm.submitted`: a firm in Bergamo of which only the name is known."""
    known = {"codice_fiscale": tax_code(), "name": "Officine di Prova S.r.l.", "office": {"province": "BG"}}
    return deepcopy({"firm": known | (firm or {}), "observed_at": "2026-11-23T08:00:00Z"} | data)


def revoked(to: str = "any", **data: Any) -> dict[str, Any]:
    """Data of `consent.revoked`, of all purposes."""
    return {"codice_fiscale": tax_code(), "to": to, "revoked_at": "2026-11-23T08:00:00Z"} | data


def headers(kind: str = SUBMITTED, *, id: str = "e-1", source: str = "urn:cna:crm") -> list[tuple[str, bytes | None]]:
    """The headers of a CloudEvent in binary mode."""
    return [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_type", kind.encode()),
        ("ce_source", source.encode()),
        ("ce_id", id.encode()),
    ]


def read(data: Any, kind: str = SUBMITTED, *, id: str = "e-1") -> Understood | Refusal:
    """The record as the door reads it; `data` is JSON or its text."""
    return read_raw(data if isinstance(data, bytes) else json.dumps(data).encode(), headers(kind, id=id))


def read_raw(value: bytes | None, with_headers: Sequence[tuple[str, bytes | None]]) -> Understood | Refusal:
    return read_submission(value, with_headers, ARRIVED, partners=PARTNERS, fronts=FRONTS)


def submission(firm: dict[str, Any] | None = None, *, id: str = "e-1", **data: Any) -> Submission:
    """A submission that holds."""
    read_back = read(submitted(firm, **data), id=id)
    assert isinstance(read_back, Submission), read_back
    return read_back


def revocation(to: str = "any", *, id: str = "e-1", **data: Any) -> Revocation:
    """A revocation that holds."""
    read_back = read(revoked(to, **data), REVOKED, id=id)
    assert isinstance(read_back, Revocation), read_back
    return read_back


def succession(successor: str, *, id: str = "e-1", **data: Any) -> Succession:
    """A succession that holds; a correction of the first code unless said otherwise."""
    plain = {"codice_fiscale": tax_code(), "kind": "code_corrected", "at": "2026-11-23T08:00:00Z"}
    read_back = read(plain | {"successor": successor} | data, SUCCEEDED, id=id)
    assert isinstance(read_back, Succession), read_back
    return read_back


def erasure(requested_at: str = "2026-11-23T08:00:00Z", *, id: str = "e-1", **data: Any) -> ErasureRequest:
    """A request for erasure that holds."""
    plain = {"codice_fiscale": tax_code(), "requested_at": requested_at}
    read_back = read(plain | data, ERASURE_REQUESTED, id=id)
    assert isinstance(read_back, ErasureRequest), read_back
    return read_back
