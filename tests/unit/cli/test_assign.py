"""`portolano assign`, `cancel` and `correct` before they reach a store: wrong use, and a system that is not there."""

from pathlib import Path

import pytest

from cli.main import run

ID = "5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home in which nothing was ever started."""
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["assign", ID, "cna", "--reason", "why"], 3, "portolano up"),
        (["assign", ID, "cna"], 2, "--reason"),
        (["assign", ID, "cna", "--reason", " \t"], 2, "1 to 500 characters"),
        (["assign", ID, "cna", "--reason", "x" * 501], 2, "1 to 500 characters"),
        (["assign", ID, "--reason", "why"], 2, "PARTNER"),
        (["assign", "no-id", "cna", "--reason", "why"], 1, "there is no need no-id"),
        (["cancel", ID, "--reason", "firm_request"], 3, "portolano up"),
        (["cancel", ID, "--reason", "firm_ceased"], 2, "partner_left"),
        (["cancel", ID], 2, "--reason"),
        (["cancel", "no-id", "--reason", "duplicate"], 1, "there is no referral no-id"),
        (["correct", ID, "--reason", "typed twice", "--second-person", "a colleague"], 3, "portolano up"),
        (["correct", ID, "--reason", "typed twice"], 2, "--second-person"),
        (["correct", ID, "--second-person", "a colleague"], 2, "--reason"),
        (["correct", ID, "--reason", "typed twice", "--second-person", "\x07 "], 2, "1 to 64 characters"),
        (["correct", "no-id", "--reason", "r", "--second-person", "s"], 1, "there is no referral no-id"),
    ],
)
def test_what_a_person_cannot_order_is_told_in_one_line(
    words: list[str], code: int, told: str, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == code
    said = capsys.readouterr()
    assert told in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert not (nowhere / "home").exists(), "nothing is made by a command that does nothing"
