"""A row of the register of innovative start-ups as the data of `firm.submitted`. Pure: neither clock nor chance.

What the register does not say is left out and never guessed: it names no legal form apart from the firm's name, no
exports, no consents; its macro-sector `INDUSTRIA/ARTIGIANATO` is no entry in the Albo of artisans; the value of capital
is no balance sheet. Which year its classes are of is not in the file: they are taken as those of the year before the
extract, the last one that can have been closed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from stdnum import luhn

from cli.register.classes import NotUnderstood, ateco, day, figure, is_absent, status
from cli.register.rows import NotAFile, Row, Table

FORMAT = "startup-register"
_MAPPING = "1"
"""Goes into the ids: rows that are understood otherwise one day are other events, not the same id with other words."""
_NAME, _PROVINCE, _COMUNE, _ATECO, _STATUS = "Denominazione", "Provincia", "Comune", "AtecoCode", "Status"
_ENTERED, _STARTED = "Data_Registro_Imprese", "Data_Inizio_Attivita"
_PRODUCTION, _STAFF = "valore di produzione", "addetti"
COLUMNS = (_NAME, _PROVINCE, _COMUNE, _ATECO, _STATUS, _ENTERED, _STARTED, _PRODUCTION, _STAFF)
TAX_CODES = ("codice fiscale", "codice_fiscale", "codicefiscale")
"""Names under which a copy of the register may carry the code, in small letters; the open one carries none."""
_MOST_ROWS = 9_999_999


@dataclass(frozen=True, slots=True)
class Usable:
    """A row that becomes a submission: the event's id, and its data."""

    row: Row
    id: str
    data: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that cannot be sent, and why."""

    row: Row
    reason: str


def submissions(table: Table, raw: bytes, observed: date, *, synthetic: bool) -> Iterator[Usable | Unusable]:
    """Each row as a submission observed on that day, or as what is wrong with it. Raises `NotAFile`.

    Ids follow from the file's bytes, the day and the row's number, and so does everything that is sent: an import that
    is repeated sends the same records. With `synthetic`, firms get codes made of their row's number (`synthetic_code`).
    """
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise NotAFile(f"it lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
    column = next((name for name in table.columns if name.lower() in TAX_CODES), None)
    if column is None and not synthetic:
        raise NotAFile("it carries no codice fiscale; for a trial, --synthetic-tax-codes makes codes")
    seed = sha256(b"\0".join((FORMAT.encode(), _MAPPING.encode(), str(observed).encode(), b"%d" % synthetic, raw)))
    prefix = f"register-{seed.hexdigest()[:24]}"
    for row in table.rows:
        try:
            if row.fault is not None:
                raise NotUnderstood(row.fault)
            code = synthetic_code(row.number) if synthetic or column is None else row.cells[column]
            reference = f"synthetic:{row.number}" if synthetic else f"{FORMAT}:{row.number}"
            yield Usable(row, f"{prefix}-{row.number}", _submission(row, code, reference, observed))
        except NotUnderstood as reason:
            yield Unusable(row, str(reason))


def synthetic_code(number: int) -> str:
    """A codice fiscale that no firm has: seven digits of the row's number, office 999, check digit.

    Office 999 is not assigned to provinces' offices, so the code is well-formed and nobody's. The submission is marked
    as well: its reference is `synthetic:<row>`.
    """
    if not 0 < number <= _MOST_ROWS:
        raise NotUnderstood(f"a code holds row numbers up to {_MOST_ROWS}")
    body = f"{number:07d}999"
    return body + str(luhn.calc_check_digit(body))


def newest_day(table: Table, today: date) -> date | None:
    """The newest day that a row names and that is not still to come: the extract cannot be older."""
    days: list[date] = []
    for row in table.rows:
        for column in (_ENTERED, _STARTED):
            try:
                found = day(row.cells.get(column, ""))
            except NotUnderstood:
                continue
            if found is not None and found <= today:
                days.append(found)
    return max(days, default=None)


def _submission(row: Row, code: str, reference: str, observed: date) -> dict[str, Any]:
    cells = row.cells
    if is_absent(code):
        raise NotUnderstood("it has no codice fiscale")
    if is_absent(cells[_NAME]):
        raise NotUnderstood(f"{_NAME} is empty: a firm is submitted with its name")
    if is_absent(cells[_PROVINCE]):
        raise NotUnderstood(f"{_PROVINCE} is empty: without its seat a firm is not known to be Lombard")
    activity = _cell(row, _ATECO, ateco)
    started = _cell(row, _STARTED, day)
    _cell(row, _ENTERED, day)  # not sent; but a row whose days cannot be read has slipped by a column
    size = {"turnover_eur": _cell(row, _PRODUCTION, figure), "staff": _cell(row, _STAFF, figure)}
    firm = {
        "codice_fiscale": code,
        "name": " ".join(cells[_NAME].split()),
        "office": _stated({"province": cells[_PROVINCE].upper(), "comune": cells[_COMUNE] or None}),
        "ateco": [{"code": activity, "edition": "2025"}] if activity else None,
        "status": _cell(row, _STATUS, status),
        "started_on": started.isoformat() if started else None,
        "size": {"year": observed.year - 1, **_stated(size)} if any(size.values()) else None,
    }
    observed_at = datetime(observed.year, observed.month, observed.day).isoformat() + "Z"
    return {"firm": _stated(firm), "observed_at": observed_at, "reference": reference}


def _cell(row: Row, column: str, understand: Any) -> Any:
    try:
        return understand(row.cells[column])
    except NotUnderstood as reason:
        raise NotUnderstood(f"{column}: {reason}") from None


def _stated(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
