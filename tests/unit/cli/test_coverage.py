"""The agreement leaves no need without a partner, and the proof of that can fail."""

import json
from collections import Counter
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from cli.coverage.idle import Idle, idle
from cli.coverage.proof import Proof, prove
from cli.coverage.space import space
from cli.main import run
from services.referral.eligibility import Facts
from services.referral.routing import Question, route
from services.referral.size import CLASSES
from shared.agreement import CURRENT, Agreement, load
from shared.agreement.divisions import DIVISIONS
from shared.contracts.tax_codes import LOMBARDY
from tests.unit.referral.builders import FIRM, NOW, consent

ACCORD = load()
DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def proof() -> Proof:
    return prove(ACCORD, DAY)


def without(step: str) -> Agreement:
    order = tuple(one for one in ACCORD.routing.order if one != step)
    return ACCORD.model_copy(update={"routing": ACCORD.routing.model_copy(update={"order": order})})


def test_every_cell_of_the_agreement_has_one_responsible_partner_or_a_named_tie(proof: Proof) -> None:
    assert list(proof.gaps.values()) == []
    assert proof.complete
    assert all(holder.partners for holder in proof.held)


def test_every_cell_has_a_service(proof: Proof) -> None:
    assert proof.unserved() == []


def test_no_cell_is_counted_twice_or_left_out(proof: Proof) -> None:
    assert sum(proof.held.values()) == proof.space.cells
    assert proof.space.cells == 5 * 10 * (13 * 5 * (len(DIVISIONS["2007"]) + len(DIVISIONS["2025"]) + 1) * 3) * 37


def ask(facts: Facts) -> tuple[str, ...]:
    question = Question(
        firm_id=FIRM,
        front="information",
        import_=False,
        facts=facts,
        consents=(consent(),),
        memberships=(),
        excluded=frozenset(),
        rerouted=0,
        at=NOW,
        day=DAY,
    )
    decision = route(question, ACCORD)
    return decision.tie.members if decision.tie else (decision.partner or "",)


def test_firms_that_stand_in_one_class_go_the_same_way() -> None:
    """One by one, without classes: firms that are no artisans, everything else known of them."""
    one_by_one: Counter[tuple[str, ...]] = Counter()
    for province, size, edition in product(sorted(LOMBARDY), CLASSES, DIVISIONS):
        for division in DIVISIONS[edition]:
            facts = Facts(artisan=False, divisions=((division, edition),), province=province, sizes=frozenset({size}))
            one_by_one[ask(facts)] += 1
    by_class: Counter[tuple[str, ...]] = Counter()
    for kind in space(ACCORD).kinds:
        known = (
            kind.facts.artisan is False and kind.facts.divisions and kind.facts.province and len(kind.facts.sizes) == 1
        )
        if known:
            by_class[ask(kind.facts)] += kind.count
    assert by_class == one_by_one


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("fallback", "nobody is responsible (nobody_left)"),
        ("tie", "confindustria, confapi are equal, and no rule chooses among them"),
        ("owner_of_front", "unioncamere is responsible and does not serve the front"),
    ],
)
def test_a_rule_that_is_taken_out_leaves_a_gap(step: str, why: str) -> None:
    gaps = prove(without(step), DAY).gaps.values()
    assert why in {gap.why for gap in gaps}
    assert all(gap.cells > 0 and gap.example for gap in gaps)


def test_outside_the_term_everything_is_a_gap() -> None:
    proof = prove(ACCORD, date(2099, 1, 1))
    assert sum(gap.cells for gap in proof.gaps.values()) == proof.space.cells


def test_a_policy_without_a_rule_makes_the_command_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = CURRENT.read_text(encoding="utf-8")
    assert text.count(", fallback]") == 1
    policy = tmp_path / CURRENT.name
    policy.write_text(text.replace(", fallback]", "]"), encoding="utf-8")
    assert run(["coverage", "--policy", str(policy), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["complete"], told["gaps"][0]["why"]) == (False, "nobody is responsible (nobody_left)")
    assert run(["coverage", "--policy", str(policy)]) == 1
    assert "gaps: " in capsys.readouterr().out


def test_the_command_prints_cells_and_no_gap(proof: Proof, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["coverage"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{proof.space.cells:,} cells: {len(proof.space.segments)} segments")
    assert told.rstrip().endswith("0 gaps: every cell has one responsible partner or a named tie")


def rules_of(agreement: Agreement) -> dict[str, Idle]:
    return {one.rule: one for one in idle(prove(agreement, DAY))}


def test_a_body_that_always_comes_after_its_inner_one_is_shadowed_there() -> None:
    assert list(rules_of(ACCORD)) == ["eligibility of confindustria in MI"]


def test_a_rule_that_is_not_asked_is_dead_and_one_that_never_comes_to_its_turn_is_shadowed() -> None:
    assert rules_of(without("owner_of_import"))["owner_of_import"].kind == "dead"
    owned = tuple(front.model_copy(update={"owner": "regione"}) for front in ACCORD.fronts)
    found = rules_of(ACCORD.model_copy(update={"fronts": owned}))
    assert {found[rule].kind for rule in ("membership", "fallback", "membership of cna", "eligibility of cna")} == {
        "shadowed"
    }


def test_a_body_that_no_firm_fits_is_dead() -> None:
    empty = tuple(one.model_copy(update={"editions": ()}) for one in ACCORD.sectors)
    assert rules_of(ACCORD.model_copy(update={"sectors": empty}))["eligibility of aice"].kind == "dead"


def test_cells_without_a_service_are_counted_by_segment() -> None:
    gone = tuple(one for one in ACCORD.services if one.partner != "sacesimest")
    proof = prove(ACCORD.model_copy(update={"services": gone}), DAY)
    assert {(one.front, one.partners) for one in proof.unserved()} == {("finance_and_insurance", ("sacesimest",))}
    assert sum(one.cells for one in proof.unserved()) == proof.space.cells // len(ACCORD.fronts)
    assert proof.complete
