"""The public register's rows: classes are ranges, what is not said is left out, what is odd is set aside."""

from datetime import date
from typing import Any

import pytest

from cli.register import classes
from cli.register.classes import NotUnderstood
from cli.register.rows import NotAFile, read_table
from cli.register.startups import Unusable, Usable, newest_day, submissions, synthetic_code
from shared.contracts.tax_codes import fault
from tests.unit.cli.register_file import COLUMNS, register, row

DAY = date(2025, 5, 14)


def read(raw: bytes, *, synthetic: bool = True, observed: date = DAY) -> list[Usable | Unusable]:
    return list(submissions(read_table(raw), raw, observed, synthetic=synthetic))


def firm(**cells: str) -> dict[str, Any]:
    """What is submitted of one row."""
    (one,) = read(register([row(1, **cells)]))
    assert isinstance(one, Usable), one
    members: dict[str, Any] = one.data["firm"]
    return members


def reason(**cells: str) -> str:
    (one,) = read(register([row(1, **cells)]))
    assert isinstance(one, Unusable), one
    return one.reason


def test_a_row_becomes_a_submission() -> None:
    (one,) = read(register([row(1)]))
    assert isinstance(one, Usable)
    assert one.data == {
        "firm": {
            "codice_fiscale": "00000019992",
            "name": "prova 1 s.r.l.",
            "office": {"province": "MI", "comune": "MILANO"},
            "ateco": [{"code": "62.10.00", "edition": "2025"}],
            "status": "active",
            "started_on": "2021-04-23",
            "size": {"year": 2024, "turnover_eur": {"min": 100_001, "max": 500_000}, "staff": {"min": 5, "max": 9}},
        },
        "observed_at": "2025-05-14T00:00:00Z",
        "reference": "synthetic:1",
    }


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("", None),
        ("0-4", {"min": 0, "max": 4}),
        ("20-49", {"min": 20, "max": 49}),
        ("0-100.000 euro", {"min": 0, "max": 100_000}),
        ("5.000.001 - 10.000.000 euro", {"min": 5_000_001, "max": 10_000_000}),
        ("almeno 250", {"min": 250}),
        ("250+", {"min": 250}),
        ("più di 50.000.000 euro", {"min": 50_000_000}),
        ("oltre 50.000.000 euro", {"min": 50_000_000}),
    ],
)
def test_a_class_is_a_range(text: str, figure: dict[str, int] | None) -> None:
    assert classes.figure(text) == figure


@pytest.mark.parametrize("text", ["9-5", "5", "1.00-2.000", "Da 5 a 10mila euro", "many"])
def test_a_class_that_is_not_understood_is_not_guessed(text: str) -> None:
    with pytest.raises(NotUnderstood):
        classes.figure(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("621000", "62.10.00"),
        ("74140", "74.14.0"),
        ("471", "47.1"),
        ("77", "77"),
        ("62.10.00", "62.10.00"),
        ("NC", None),
    ],
)
def test_a_code_gets_its_dots(text: str, code: str | None) -> None:
    assert classes.ateco(text) == code


def test_what_the_register_does_not_say_is_left_out() -> None:
    found = firm(AtecoCode="NC", addetti="", Data_Inizio_Attivita="", **{"valore di produzione": ""})
    assert found.keys() == {"codice_fiscale", "name", "office", "status"}


def test_a_firm_in_liquidation_says_so() -> None:
    assert firm(Status="in liquidazione")["status"] == "in_liquidation"


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("Status", "sospesa"),
        ("AtecoCode", "62X"),
        ("addetti", "una decina"),
        ("valore di produzione", "tanto"),
        ("Data_Inizio_Attivita", "31/02/2021"),
        ("Data_Registro_Imprese", "2021-04-30"),
        ("Denominazione", " "),
        ("Provincia", ""),
    ],
)
def test_a_row_that_cannot_be_used_says_which_cell_and_why(column: str, text: str) -> None:
    assert reason(**{column: text}).startswith(column)


def test_a_row_with_too_few_fields_or_with_bytes_that_are_no_text_costs_itself_alone() -> None:
    raw = register([row(1)]) + b"corta,MI\r\n\r\n" + register([row(3, Denominazione="x")]).splitlines()[1] + b"\r\n"
    raw = raw.replace(b"x,MI", b"\xff\xfe,MI") + register([row(4)]).splitlines()[1]
    found = read(raw)
    assert [(type(one), one.row.number) for one in found] == [(Usable, 1), (Unusable, 2), (Unusable, 3), (Usable, 4)]
    assert [one.reason for one in found if isinstance(one, Unusable)] == [
        "has 2 fields, the header has 15",
        "holds bytes that are no UTF-8 text",
    ]


def test_the_same_file_gives_the_same_events_and_another_gives_others() -> None:
    raw, other = register([row(1), row(2)]), register([row(1), row(3)])
    once, again = read(raw), read(raw)
    assert once == again
    ids = [
        [one.id for one in some if isinstance(one, Usable)]
        for some in (once, read(other), read(raw, observed=date(2025, 6, 1)))
    ]
    assert len({id for some in ids for id in some}) == 6
    assert all(len(id) <= 64 for some in ids for id in some)


def test_synthetic_codes_hold_and_are_nobodys() -> None:
    codes = [synthetic_code(number) for number in (1, 988, 9_999_999)]
    assert [fault(code) for code in codes] == [None, None, None]
    assert {code[7:10] for code in codes} == {"999"}
    with pytest.raises(NotUnderstood):
        synthetic_code(10_000_000)


def test_a_file_without_tax_codes_needs_synthetic_ones() -> None:
    with pytest.raises(NotAFile, match="synthetic-tax-codes"):
        read(register([row(1)]), synthetic=False)


def test_a_file_with_tax_codes_is_read_with_them_and_a_row_without_one_is_set_aside() -> None:
    columns = ("codice fiscale", *COLUMNS)
    rows = [row(1, **{"codice fiscale": "12345670159"}), row(2)]
    first, second = read(register(rows, columns, ";"), synthetic=False)
    assert isinstance(first, Usable)
    assert (first.data["firm"]["codice_fiscale"], first.data["reference"]) == ("12345670159", "startup-register:1")
    assert isinstance(second, Unusable)
    assert second.reason == "it has no codice fiscale"


@pytest.mark.parametrize("raw", [b"", b"a,b\n1,2\n", b"Denominazione,Denominazione\n"])
def test_another_table_is_no_register(raw: bytes) -> None:
    with pytest.raises(NotAFile):
        read(raw)


def test_the_extract_is_as_old_as_its_newest_day_that_is_not_to_come() -> None:
    rows = [row(1, Data_Registro_Imprese="14/10/2024"), row(2, Data_Registro_Imprese="01/01/2090"), row(3)]
    assert newest_day(read_table(register(rows)), DAY) == date(2024, 10, 14)
