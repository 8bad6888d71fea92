"""Contenders take turns, a run goes on where it was broken off, and other sizes are kept apart."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import results
from bench.plan import Size, steps
from bench.results import Measured, Results
from shared.errors import Trouble

SMALL = Size(rounds=2, firms=10, rows=("raw", "portolano", "typical"))


def test_what_stands_last_in_a_round_stands_first_in_the_next() -> None:
    assert [row for _, row in steps(SMALL, ())] == ["raw", "portolano", "typical", "typical", "portolano", "raw"]


def test_a_run_goes_on_behind_what_is_there() -> None:
    done = {(1, "raw"), (1, "portolano"), (2, "typical")}
    assert list(steps(SMALL, done)) == [(1, "typical"), (2, "portolano"), (2, "raw")]


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    found = results.resume(path, SMALL)
    found.measured.append(Measured(round=1, row="raw", at="2026-11-23T08:00:00+00:00", figures={"firms": 10}))
    results.write(path, found)
    assert results.resume(path, replace(SMALL, rounds=5)) == found
    assert results.resume(path, SMALL).done() == {(1, "raw")}


def test_figures_of_another_size_are_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(path, results.resume(path, SMALL))
    with pytest.raises(Trouble, match="remove it, or name another with --results"):
        results.resume(path, replace(SMALL, firms=11))


def test_a_file_that_holds_no_results_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[]")
    with pytest.raises(Trouble, match=r"results\.json holds no results"):
        results.read(path)
    with pytest.raises(Trouble, match="does not exist"):
        results.read(tmp_path / "none.json")


def test_a_figure_is_found_by_round() -> None:
    at = "2026-11-23T08:00:00+00:00"
    measured = [Measured(round=n, row="raw", at=at, figures={"firms_per_second": 10.0 * n}) for n in (2, 1)]
    found = Results(size={}, measured=[*measured, Measured(round=3, row="mails", at=at)])
    assert found.figure("raw", "firms_per_second") == {1: 10.0, 2: 20.0}
    assert found.figure("mails", "firms_per_second") == {}
