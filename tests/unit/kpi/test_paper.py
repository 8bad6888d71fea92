"""The sheet of figures: words in both languages, marks for what is withheld, targets beside the figures."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.kpi.figures import Asked, Period
from cli.kpi.paper import document, show
from cli.kpi.words import ENGLISH, ITALIAN
from cli.main import run
from shared.agreement.targets import Target
from tests.unit.kpi.test_figures import ACCORD, BEGIN, figures, task

ASKED = Asked(by=("partner",), period=Period(), partner=None, now=BEGIN, agreement=ACCORD)
SECTIONS = list(
    figures(
        [task(n, "accepted") for n in range(30)] + [task(n, "rejected:no_capacity", partner="aice") for n in (40, 41)],
        None,
        None,
        "partner",
    ).values()
)


def test_every_name_has_a_word_in_italian() -> None:
    names = {name for one in SECTIONS for row in one.rows for name in (*row.by, *row.counts, *row.figures)}
    assert names - set(ITALIAN) == set()
    assert set(ENGLISH) - set(ITALIAN) == set()
    assert {target.figure for target in ACCORD.targets} - set(ITALIAN) == set()


def test_what_is_withheld_has_a_star_and_what_is_all_withheld_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(SECTIONS, ASKED, "it")
    told = capsys.readouterr().out
    section = told.split("bisogni affidati ai partner\n")[1].split("\n\n")[0].splitlines()
    assert section[1].split() == ["tutti", "32", "*", "*", "0", "0", "0", "–", "–", "0,0%"]
    assert not any(line.startswith("aice") for line in section)
    assert "al massimo 3,0" in told


def test_the_moment_is_that_of_romes_clocks_as_the_days_are(capsys: pytest.CaptureFixture[str]) -> None:
    show(SECTIONS, replace(ASKED, now=datetime(2026, 12, 9, 23, 2, 49, tzinfo=UTC)), "en")
    assert "as things stand on 2026-12-10 00:02:49 (Rome)" in capsys.readouterr().out


def test_targets_stand_beside_the_figures_of_the_whole() -> None:
    target = Target.model_validate({"figure": "rerouted_share", "at_most": 0.1, "basis": "assumed"})
    asked = replace(ASKED, agreement=ACCORD.model_copy(update={"targets": (target,)}))
    (told,) = document(SECTIONS, asked)["targets"]
    assert (told["value"], told["kept"]) == (0.0, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--by", "moon"], "--by moon: one of segment, front, province, partner, month is wanted"),
        (["--by", "front,partner,month"], "--by takes 2 of them at once"),
        (["--from", "yesterday"], "--from yesterday: a day such as 2026-01-31 is wanted"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "--from 2026-02-01 comes after --to 2026-01-01"),
        (["--partner", "nobody"], "there is no partner 'nobody'; the partners are regione, "),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["kpi", *arguments]) == 2
    assert told in capsys.readouterr().err
