"""Every command where no system was ever started: one line that says how to have one, and nothing is made by asking."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli import main

SOME_ID = "7c0e4a52-5a0a-4f1e-8a52-0d9e4f7b1c11"
ASKING = {
    "answer": f"answer --partner cna {SOME_ID} accepted",
    "assign": f"assign {SOME_ID} cna --reason why --dry-run",
    "audit": "audit",
    "cancel": f"cancel {SOME_ID} --reason firm_request --dry-run",
    "correct": f"correct {SOME_ID} --reason why --second-person anna.r --dry-run",
    "explain": "explain 01234567890",
    "fairness": "fairness",
    "feeds accept": "feeds accept partners.cna.firms.v1 --reason why",
    "feeds grow": "feeds grow 24",
    "feeds republish": "feeds republish intake.firms.v1",
    "feeds restate": "feeds restate intake",
    "feeds show": "feeds show",
    "held discard": "held discard intake 1 --reason why",
    "held list": "held list",
    "held redrive": "held redrive intake 1",
    "held show": "held show intake 1",
    "kpi": "kpi",
    "partner config": "partner config cna",
    "partner rotate": "partner rotate cna",
    "provision": "provision",
    "publish": "publish --partner cna FIRMS",
    "recover": "recover intake",
    "status": "status",
    "top": "top --once",
    "watch": "watch --partner cna",
    "whatif": "whatif agreement/2017.yml",
}
"""One call of each that asks a system."""
NOT_ASKING = {"coverage": "reads the agreement alone", "down": "ends what runs; nothing does"}
MAKING = {"up", "demo"}
FIRST_ITS_FILE = {"import"}


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands that do something, as they are typed."""
    if not isinstance(command, click.Group):
        yield " ".join(words)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*words, name))


def test_every_command_is_here() -> None:
    assert set(leaves(main.portolano)) == {*ASKING, *NOT_ASKING, *MAKING, *FIRST_ITS_FILE}


@pytest.mark.parametrize("words", ASKING.values(), ids=ASKING)
def test_a_command_that_asks_says_how_to_start_a_system_and_makes_none(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, firms = tmp_path / "home", tmp_path / "firms.jsonl"
    firms.write_text("{}\n", encoding="utf-8")
    monkeypatch.setenv("PORTOLANO_HOME", str(home))
    code = main.run(words.replace("FIRMS", str(firms)).split())
    said = capsys.readouterr().err.splitlines()
    assert (code, len(said)) == (3, 1), said
    assert "`portolano up`" in said[0]
    assert [str(one) for one in home.rglob("*")] == []


@pytest.mark.parametrize("words", NOT_ASKING)
def test_a_command_that_asks_nobody_is_done_and_makes_none_either(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path / "home"))
    assert main.run([words]) == 0
    assert list(tmp_path.rglob("*")) == []
