"""A file of the register's form through the whole system: each row ends in one receipt or one line of the side file."""

import asyncio
import csv
import json
from pathlib import Path

from cli.register.startups import synthetic_code
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.e2e.test_commands import lines, portolano
from tests.unit.cli.register_file import register, row

IMPORT = "import --partner unioncamere --synthetic-tax-codes"


async def test_every_row_ends_in_one_receipt_or_in_one_line_of_the_side_file(system: System, tmp_path: Path) -> None:
    file = tmp_path / "startups.csv"
    rows = [row(n) for n in range(1, 41)]
    rows[4] = row(5, AtecoCode="62X")
    rows[9] = row(10, Provincia="NA", Comune="NAPOLI")
    rows[19] = row(20, AtecoCode="999999")
    rows[29] = row(30, Status="in liquidazione", AtecoCode="NC", addetti="", **{"valore di produzione": ""})
    file.write_bytes(register(rows))
    first = await asyncio.to_thread(portolano, system.home, IMPORT, str(file), "--json")
    assert first.returncode == 1, "one of them is refused"
    (told,) = lines(first)
    assert told["outcomes"] == {"refused": 1, "registered": 38}
    assert (told["rows"], told["set_aside"], told["unanswered"]) == (40, 1, 0)
    assert told["problems"] == {"outside-lombardy": 1}
    assert told["warnings"] == {"ateco-unresolved": 1}
    assert f"{file}, row 10: /firm/office" in first.stderr
    (aside,) = csv.DictReader((await asyncio.to_thread(Path(told["side_file"]).read_text)).splitlines())
    assert (aside["row"], aside["Denominazione"]) == ("5", "prova 5 s.r.l.")
    assert "AtecoCode" in aside["reason"]

    again = await asyncio.to_thread(portolano, system.home, IMPORT, str(file))
    assert again.returncode == 1
    assert [line.split() for line in again.stdout.splitlines()[1:]] == [
        ["refused", "1"],
        ["repeated", "38"],
        ["set", "aside", "1"],
        ["all", "40"],
    ]
    report = await at_rest(system)
    assert report.clean, report.told()
    story = await asyncio.to_thread(portolano, system.home, f"explain {synthetic_code(30)} --json")
    journey = json.loads(story.stdout)
    assert journey["assertions"][0]["reference"] == "synthetic:30"
    assert "needs" not in journey, "a firm in liquidation gets none"
