"""Results on stdout, readable by machines and harmless to a terminal."""

import io
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from cli import output


def test_a_document_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass
    class Firm:
        id: UUID
        at: datetime
        log: Path

    output.emit(Firm(UUID(int=1), datetime(2026, 11, 23, tzinfo=UTC), Path("var/log")))
    assert capsys.readouterr().out == (
        '{"id":"00000000-0000-0000-0000-000000000001","at":"2026-11-23T00:00:00Z","log":"var/log"}\n'
    )


def test_json_survives_a_terminal_without_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.emit({"name": "Società Agricola 𝄞"})
    assert json.loads(raw.getvalue()) == {"name": "Società Agricola 𝄞"}


def test_a_table_aligns_words_left_and_numbers_right(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["part", "lag"], [["kafka", 7], ["intake", 1200], ["notifier", None]])
    assert capsys.readouterr().out == "part       lag\nkafka        7\nintake    1200\nnotifier     –\n"


def test_a_firms_name_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["name"], [["Rossi\x1b[2J\u202e\r\nSrl"]])
    assert capsys.readouterr().out == "name\nRossi [2J   Srl\n"


def test_the_state_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path))
    assert output.home() == tmp_path


def test_the_state_lies_in_the_checkout_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTOLANO_HOME", raising=False)
    assert output.home() == Path(output.__file__).parents[1] / "var"
