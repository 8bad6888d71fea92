"""What can be tried without a system: a file published dry, an import refused before it is sent, a partner's logins."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from cli.partner.logins import Logins, logins_of, note_logins
from deploy.local.home import Home
from shared.errors import Trouble
from tests.e2e.firms import submission, tax_code
from tests.unit.cli.register_file import register, row


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home in which nothing was ever started."""
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path / "home"))
    return tmp_path


def dry(nowhere: Path, capsys: pytest.CaptureFixture[str], *data: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    file = nowhere / "firms.jsonl"
    file.write_text("\n".join(map(json.dumps, data)))
    code = run(["publish", "--partner", "cna", str(file), "--dry-run", "--json"])
    assert not (nowhere / "home").exists(), "nothing is made by a look"
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_dry_run_shows_receipt_segment_and_needs_while_nothing_runs(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (tried,) = dry(nowhere, capsys, submission(1, needs=("training_and_orientation",)))
    assert (code, tried["accepted"], tried["dry_run"]) == (0, True, True)
    assert tried["segment"]["possible"] == ["light_presence"]
    assert "training_and_orientation" in [need["front"] for need in tried["needs"]]


def test_a_dry_run_names_every_problem_and_warning_at_once(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = submission(2, office={"province": "NA"}, codice_fiscale=tax_code(2)[:-1] + "X")
    doubtful = submission(3, moon="full", ateco=[{"code": "nothing"}])
    code, (refused, accepted) = dry(nowhere, capsys, wrong, doubtful)
    assert (code, refused["accepted"], accepted["accepted"]) == (1, False, True)
    assert {one["rule"] for one in refused["problems"]} == {"outside-lombardy", "codice-fiscale-invalid"}
    assert {one["rule"] for one in accepted["warnings"]} == {"unknown-member", "ateco-unresolved"}
    assert refused["segment"] is None


def test_a_dry_run_tells_what_the_stores_will_decide(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nameless = submission(4)
    del nameless["firm"]["name"]
    update = {
        "referral_id": "5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f",
        "status": "accepted",
        "at": nameless["observed_at"],
    }
    event = {"specversion": "1.0", "type": "it.portolano.referral.updated.v1", "data": update}
    code, tried = dry(nowhere, capsys, nameless, event)
    assert code == 0
    assert [len(one["conditions"]) for one in tried] == [1, 1]
    assert "name-required" in tried[0]["conditions"][0]


def test_a_dry_run_in_words_ends_by_saying_that_nothing_was_sent(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = nowhere / "firms.jsonl"
    file.write_text(json.dumps(submission(5)))
    assert run(["publish", "--partner", "cna", str(file), "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "would be accepted" in said.out
    assert "likely segment: classified, light presence" in said.out
    assert said.err == "1 read, 0 would be refused; a dry run: nothing was sent\n"


def test_import_is_called_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "--help"]) == 0
    assert "Example: portolano import" in " ".join(capsys.readouterr().out.split())
    assert run(["import-", "--help"]) == 2


@pytest.mark.parametrize(
    ("rows", "more", "code", "told"),
    [
        ([row(1)], ["--synthetic-tax-codes"], 3, "portolano up"),
        ([row(1)], [], 2, "carries no codice fiscale"),
        ([], ["--synthetic-tax-codes"], 2, "holds no row"),
        ([row(1)], ["--synthetic-tax-codes", "--observed", "2090-01-01"], 2, "still to come"),
        ([row(1)], ["--synthetic-tax-codes", "--side", "{file}"], 2, "must not be FILE itself"),
    ],
)
def test_an_import_that_cannot_be_sent_says_so_and_writes_nothing(
    nowhere: Path,
    capsys: pytest.CaptureFixture[str],
    rows: list[dict[str, str]],
    more: list[str],
    code: int,
    told: str,
) -> None:
    file = nowhere / "startups.csv"
    file.write_bytes(register(rows))
    given = [word.format(file=file) for word in more]
    assert run(["import", "--partner", "unioncamere", str(file), *given]) == code
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert [path.name for path in nowhere.iterdir()] == ["startups.csv"]


@pytest.mark.parametrize("command", ["partner rotate cna", "partner rotate cna --finish", "held redrive intake 1"])
def test_what_changes_something_says_in_one_line_that_there_is_no_system(
    command: str, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not (nowhere / "home").exists()


@pytest.mark.parametrize("command", ["held redrive", "held discard", "partner rotate", "partner config"])
def test_every_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    assert f"Example: portolano {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["held redrive intake", "held discard intake 1", "partner rotate nobody"])
def test_half_a_command_is_wrong_use(command: str) -> None:
    assert run(command.split()) == 2


def test_a_partner_logs_in_by_its_code_until_its_password_is_rotated(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert logins_of(home, "cna") == Logins(current="cna")
    home.kafka_password("cna")
    note_logins(home, "cna", Logins(current="cna.b", leaving="cna"))
    assert logins_of(home, "cna") == Logins(current="cna.b", leaving="cna")
    assert logins_of(home, "claai") == Logins(current="claai")


def test_a_note_of_logins_that_names_somebody_else_is_not_believed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.kafka_password("cna")
    note_logins(home, "cna", Logins(current="aice"))
    with pytest.raises(Trouble, match="none of cna's"):
        logins_of(home, "cna")
