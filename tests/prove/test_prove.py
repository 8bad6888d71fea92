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


def test_a_part_of_the_proofs_renews_its_own_row_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = tmp_path / "prove.md"
    monkeypatch.setattr(prove, "try_out", lambda proof, jobs: Run(proof, 0, "as it was", 0.1))
    monkeypatch.setattr("sys.argv", ["prove", "--page", str(there)])
    assert prove.main() == 0
    monkeypatch.setattr(prove, "try_out", lambda proof, jobs: Run(proof, 1, "worse", 0.1))
    monkeypatch.setattr("sys.argv", ["prove", "--page", str(there), "fuzz_door"])
    assert prove.main() == 1
    rows = [line for line in there.read_text().splitlines() if "`tests." in line]
    assert [("fuzz_door" in row, "FAILS: worse" in row, "holds: as it was" in row) for row in rows] == [
        (proof.module.endswith("fuzz_door"), proof.module.endswith("fuzz_door"), not proof.module.endswith("fuzz_door"))
        for proof in PROOFS
    ]


def test_a_row_of_another_size_is_none_of_this_proof() -> None:
    before = page([Run(PROOFS[0], 0, "all is well", 0.1)])
    assert "all is well" in page([], before)
    assert "all is well" not in page([], before.replace("100000", "10"))
