"""`make prove` runs every program beside it, and a difference in one of them cannot be overlooked."""

from pathlib import Path

import pytest

import tests.prove.__main__ as prove
from tests.prove.__main__ import PROOFS, Proof, Run, page, try_out


def test_every_program_in_this_directory_is_run() -> None:
    here = Path(__file__).parent
    programs = {
        f"tests.prove.{path.stem}" for path in here.glob("*.py") if 'if __name__ == "__main__"' in path.read_text()
    }
    assert programs - {"tests.prove.__main__", "tests.prove.test_prove"} <= {proof.module for proof in PROOFS}
    assert len({proof.module for proof in PROOFS}) == len(PROOFS)


def test_a_proof_is_a_program_whose_last_line_is_its_result() -> None:
    run = try_out(Proof("", "tests.prove.interleavings", ("--scenarios", "3", "--orders", "4")), jobs=1)
    assert (run.code, run.result) == (0, "12 interleavings, 0 scenarios that differ")


def test_a_proof_that_fails_is_seen_on_the_page_and_in_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing = Proof("A file that is not there is JSON", "json.tool", ("no-such-file",))
    monkeypatch.setattr(prove, "PROOFS", (failing, Proof("This is a program", "this")))
    monkeypatch.setattr("sys.argv", ["prove", "--page", str(tmp_path / "prove.md")])
    assert prove.main() == 1
    lines = (tmp_path / "prove.md").read_text().splitlines()
    assert [("FAILS" in line, "holds" in line) for line in lines if " `" in line and "|" in line] == [
        (True, False),
        (False, True),
    ]


def test_what_could_not_be_tried_is_not_called_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "try_out", lambda proof, jobs: Run(proof, 3, "", 0.1))
    monkeypatch.setattr("sys.argv", ["prove", "parser"])
    assert prove.main() == 3
    assert "not tried" in page([Run(PROOFS[0], 3, "", 0.1)])


def test_a_part_of_the_proofs_does_not_replace_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(prove, "try_out", lambda proof, jobs: Run(proof, 0, "all is well", 0.1))
    monkeypatch.setattr("sys.argv", ["prove", "--page", str(tmp_path / "prove.md"), "fuzz"])
    assert prove.main() == 0
    assert not (tmp_path / "prove.md").exists()
