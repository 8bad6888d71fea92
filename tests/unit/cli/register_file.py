"""A file of the register's form, made up: no row of it is anybody's."""

import csv
import io
from collections.abc import Iterable, Mapping

COLUMNS = (
    "Denominazione",
    "Provincia",
    "Comune",
    "AtecoCode",
    "Settore",
    "Status",
    "TipoSocieta",
    "Data_Registro_Imprese",
    "Data_Inizio_Attivita",
    "valore di produzione",
    "addetti",
    "valore di capitale",
    "AltoValoreTecnologico",
    "SpeseRnD",
    "PossessoBrevetti",
)


def row(n: int, **cells: str) -> dict[str, str]:
    """The n-th firm, an ordinary one but for these cells."""
    ordinary = {
        "Denominazione": f"prova {n} s.r.l.",
        "Provincia": "MI",
        "Comune": "MILANO",
        "AtecoCode": "621000",
        "Settore": "SERVIZI",
        "Status": "attiva",
        "TipoSocieta": "startup",
        "Data_Registro_Imprese": "30/04/2021",
        "Data_Inizio_Attivita": "23/04/2021",
        "valore di produzione": "100.001 - 500.000 euro",
        "addetti": "5-9",
        "valore di capitale": "Da 10 a 50mila euro",
        "AltoValoreTecnologico": "NO",
        "SpeseRnD": "SI",
        "PossessoBrevetti": "no data",
    }
    return {**ordinary, **cells}


def register(rows: Iterable[Mapping[str, str]], columns: tuple[str, ...] = COLUMNS, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, columns, delimiter=delimiter, extrasaction="ignore")
    lines.writeheader()
    lines.writerows(rows)
    return text.getvalue().encode()
