"""Ties are drawn equally, and anybody can compute every one of them again from the published file."""

import csv
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from cli.fairness.draws import HEADINGS, Draw, fairness, rows, upper_tail
from cli.main import run
from services.referral.receipt import Decision, Rule
from services.referral.routing import route
from shared.contracts.firm import Profile
from tests.architecture.tree import ROOT
from tests.unit.referral.builders import ACCORD, firm, question

FIRMS = [str(uuid5(UUID(int=0), f"tied firm {number}")) for number in range(1200)]
"""Fixed before the first run and never redrawn."""

KINDS: tuple[tuple[str, Profile], ...] = (
    ("assistance", firm(artisan=True)),
    ("information", firm(artisan=True, province="MI")),
    ("assistance", firm(province="BG")),
    ("training_and_orientation", firm(province="LO")),
)


def decided(number: int) -> Decision:
    front, profile = KINDS[number % len(KINDS)]
    return route(question(front, profile=profile, firm_id=FIRMS[number]), ACCORD)


def drawn() -> list[Draw]:
    return [draw_of(FIRMS[number], decided(number)) for number in range(len(FIRMS))]


def draw_of(firm_id: str, decision: Decision) -> Draw:
    assert decision.rule is Rule.TIE
    assert decision.tie is not None
    assert decision.partner is not None
    return Draw(
        firm_id=firm_id,
        members=decision.tie.members,
        staying=decision.tie.staying,
        partner=decision.partner,
        hash=decision.tie.hash,
    )


def test_twelve_hundred_tied_firms_are_shared_equally() -> None:
    found = fairness(drawn())
    assert [group.draws for group in found.groups] == [300] * 4
    assert found.freedom == 1 + 2 + 1 + 1
    assert found.p >= 0.001, found


def test_unequal_shares_are_seen() -> None:
    loaded = [replace(one, partner=min(one.members)) if n % 3 == 0 else one for n, one in enumerate(drawn())]
    assert fairness(loaded).p < 0.001


def test_the_same_draw_for_another_need_counts_once_and_one_without_choice_not_at_all() -> None:
    one, other, *_ = drawn()
    stays = replace(other, staying=(other.partner,))
    assert [group.draws for group in fairness([one, one, stays]).groups] == [1]


@pytest.mark.parametrize(
    ("chi_square", "freedom", "p"),
    [  # percentage points of the chi-square distribution as printed in tables
        (3.841459, 1, 0.05),
        (10.827566, 1, 0.001),
        (5.991465, 2, 0.05),
        (20.515006, 5, 0.001),
        (18.307038, 10, 0.05),
        (37.697298, 15, 0.001),
        (0, 3, 1.0),
    ],
)
def test_the_probability_is_that_of_the_tables(chi_square: float, freedom: int, p: float) -> None:
    assert upper_tail(chi_square, freedom) == pytest.approx(p, rel=1e-5)


def outsiders_lines(tmp_path: Path) -> Path:
    """Exactly the lines of the page."""
    page = (ROOT / "docs" / "verify-ties.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(lines.splitlines()) <= 22
    script = tmp_path / "verify.py"
    script.write_text(lines, encoding="utf-8")
    return script


def verified(script: Path, draws: list[Draw]) -> subprocess.CompletedProcess[str]:
    file = script.with_name("ties.csv")
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([HEADINGS, *rows(draws)])
    return subprocess.run([sys.executable, "-I", str(script), str(file)], capture_output=True, text=True, check=False)


def test_an_outsider_computes_every_tie_again(tmp_path: Path) -> None:
    script = outsiders_lines(tmp_path)
    staying = [
        draw_of(id_, route(question(profile=firm(), firm_id=id_, serving=frozenset({"confapi", "cna"})), ACCORD))
        for id_ in FIRMS[:50]
    ]
    assert {one.partner for one in staying} == {"confapi"}
    right = verified(script, drawn() + staying)
    assert (right.returncode, right.stdout.splitlines()[-1]) == (0, "1250 ties, 0 wrong"), right.stderr
    group = next(one for one in fairness(drawn()).groups if one.members == ("confapi", "confindustria"))
    assert f"confapi {group.won[0]}, confindustria {group.won[1]}" in right.stdout
    assert verified(script, []).stdout == "0 ties, 0 wrong\n"


def test_an_outsider_finds_a_tie_that_was_not_drawn(tmp_path: Path) -> None:
    script = outsiders_lines(tmp_path)
    first, *others = drawn()
    other = next(code for code in first.members if code != first.partner)
    wrong = verified(script, [replace(first, partner=other), *others])
    assert wrong.returncode == 1
    assert f"line 2: {first.partner} should have it, not {other}" in wrong.stdout


def test_a_list_that_cannot_be_written_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def read(*_: object, **__: object) -> list[Draw]:
        return []

    monkeypatch.setattr("cli.commands.fairness._read", read)
    file = tmp_path / "gone" / "ties.csv"
    assert run(["fairness", "--ties", str(file)]) == 1
    said = f"cannot write {file}: No such file or directory; name another file with --ties\n"
    assert capsys.readouterr().err == said
