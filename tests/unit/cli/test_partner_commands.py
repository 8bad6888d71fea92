"""The partner's and the operator's commands while there is no system: which exit code, which line."""

from pathlib import Path

import pytest

from cli.main import run


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home in which nothing was ever started."""
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path / "home"))
    return tmp_path


COMMANDS = ("publish", "watch", "answer", "held", "held list", "held show", "explain")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    assert f"Example: portolano {command.split()[0]}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "command",
    [
        "watch --partner cna",
        "answer --partner cna 0f3a accepted",
        "held list",
        "held show intake 1",
        "explain 01234567890",
        "explain 5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f",
    ],
)
def test_without_a_system_a_command_says_so_in_one_line_and_makes_nothing(
    command: str, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "portolano up" in said.err
    assert not (nowhere / "home").exists()


def test_publishing_without_a_system_is_told_after_the_file_was_read(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = nowhere / "firms.jsonl"
    file.write_text("{}\n")
    assert run(["publish", "--partner", "cna", str(file)]) == 3
    assert "portolano up" in capsys.readouterr().err


def test_a_line_that_is_not_json_is_wrong_use_and_names_file_and_line(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = nowhere / "firms.jsonl"
    file.write_text('{"firm": {}}\n{"firm": \n')
    assert run(["publish", "--partner", "cna", str(file)]) == 2
    assert f"{file}, line 2: not JSON" in capsys.readouterr().err


def test_an_empty_file_is_wrong_use(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = nowhere / "firms.jsonl"
    file.write_text("\n \n")
    assert run(["publish", "--partner", "cna", str(file)]) == 2
    assert "holds no line" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["publish --partner cnaa -", "watch --partner CNA", "answer --partner nobody 0f3a accepted"],
)
def test_an_unknown_partner_is_wrong_use_and_the_partners_are_named(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 2
    said = capsys.readouterr().err
    assert "there is no partner" in said
    assert "confartigianato" in said


def test_a_status_that_a_partner_cannot_say_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["answer", "--partner", "cna", "0f3a", "cancelled"]) == 2
    assert "cancellation_confirmed" in capsys.readouterr().err
