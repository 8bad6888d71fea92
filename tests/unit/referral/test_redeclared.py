"""A need that somebody has, and that another partner says the firm declares as well."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from services.referral.case import Case, Fact, Moment, Moved, NeedState, Opened, Referral, Role
from services.referral.domain import assess, erase, move
from services.referral.lifecycle import Status
from services.referral.manual import Assignment, assign, beside
from services.referral.readings import partners_view
from services.referral.receipt import Decision, Person, Predicate, Rule, Verdict
from services.referral.succession import follow
from services.referral.updates import Outcome
from shared.contracts import ids
from shared.contracts.classifier import FirmAssessed, Need
from shared.contracts.firm import Consent
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, consent, firm, member, moment, need

FINANCE = "finance_and_insurance"
CNA, AICE = "cna", "aice"


def told(
    *by: str,
    version: int = 1,
    consents: tuple[Consent, ...] = (consent(),),
    declared: bool = True,
    front: str = FINANCE,
    **more: object,
) -> FirmAssessed:
    """The firm needs this, as these partners say."""
    plain: Need = need(front, **more)  # type: ignore[arg-type]  # a need's members
    stated = msgspec.structs.replace(plain, declared=declared, declared_by=by)
    return assessed(stated, consents=consents, version=version)


def hear(*words: FirmAssessed, case: Case | None = None) -> tuple[Case, list[Fact]]:
    """The case, and what the last word brought."""
    case, facts = case or Case(FIRM), []
    for one in words:
        facts = assess(case, one, moment(f"word-{one.version}"))
    return case, facts


def opened(facts: Iterable[Fact]) -> list[tuple[str, Role]]:
    return [(one.referral.partner, one.referral.role) for one in facts if isinstance(one, Opened)]


def standing(case: Case) -> set[tuple[str, Role, Status]]:
    return {(one.partner, one.role, one.status) for one in case.referrals.values()}


def responsible(case: Case) -> Referral:
    (one,) = (one for one in case.referrals.values() if one.role is Role.RESPONSIBLE and one.is_open)
    return one


def copy_of(case: Case, partner: str) -> Referral:
    return [one for one in case.referrals.values() if one.partner == partner and one.role is Role.SUPPORTING][-1]


def test_who_declares_a_referred_need_after_others_gets_a_copy_and_nobody_a_second_task() -> None:
    case, facts = hear(told(CNA), told(AICE, CNA, version=2))
    assert opened(facts) == [(AICE, Role.SUPPORTING)]
    copy = copy_of(case, AICE)
    assert (copy.part_of, copy.accept_by, copy.remind_at) == (responsible(case).referral_id, None, None)
    assert responsible(case).partner == "sacesimest"


@pytest.mark.parametrize(
    ("words", "supporting"),
    [
        pytest.param([told(CNA)], [], id="the first to declare it"),
        pytest.param([told(AICE, CNA)], [], id="two that had declared it when it was handed over"),
        pytest.param([told(CNA), told(CNA, version=2)], [], id="the first one, once more"),
        pytest.param([told(CNA), told(version=2, declared=False), told(CNA, version=3)], [], id="the first, again"),
        pytest.param([told(declared=False), told(CNA, version=2)], [], id="the first of a need that facts gave"),
        pytest.param([told(declared=False), told(CNA, version=2), told(AICE, CNA, version=3)], [AICE], id="its second"),
        pytest.param([told(), told(CNA, version=2)], [], id="declared by whom nobody wrote down"),
        pytest.param([told(CNA), told(AICE, version=2)], [AICE], id="another instead of the first"),
        pytest.param([told(CNA), told(AICE, "claai", CNA, version=2)], ["claai", AICE], id="two at once"),
        pytest.param([told(CNA), told(CNA, "sacesimest", version=2)], [], id="the responsible partner itself"),
        pytest.param(
            [told(CNA), told(AICE, CNA, version=2, consents=(consent(CNA), consent("sacesimest")))],
            [],
            id="no consent for it",
        ),
        pytest.param(
            [
                told(CNA),
                told(AICE, CNA, version=2, consents=(consent("any", expires_at=NOW - timedelta(days=1)),)),
            ],
            [],
            id="a consent that has expired",
        ),
        pytest.param([told(CNA), told(AICE, CNA, version=2), told(AICE, CNA, version=3)], [AICE], id="twice told"),
        pytest.param([told(CNA), told("nobody", CNA, version=2)], [], id="no signatory"),
    ],
)
def test_who_supports(words: list[FirmAssessed], supporting: list[str]) -> None:
    case, _ = hear(*words)
    found = [one.partner for one in case.referrals.values() if one.role is Role.SUPPORTING and one.is_open]
    assert sorted(found) == sorted(supporting)


def test_a_supporter_that_declares_the_need_no_longer_stays_until_the_task_ends() -> None:
    case, facts = hear(told(CNA), told(AICE, CNA, version=2), told(CNA, version=3))
    assert facts == []
    assert copy_of(case, AICE).is_open
    task = replace(responsible(case), status=Status.IN_PROGRESS)
    done = move(case, task, Status.COMPLETED, None, NOW, moment("done"), outcomes=(Outcome(code="finance_granted"),))
    assert {(one.referral.partner, one.referral.status) for one in done if isinstance(one, Moved)} == {
        ("sacesimest", Status.COMPLETED),
        (AICE, Status.COMPLETED),
    }


def test_a_revoked_consent_ends_the_copy_and_a_new_one_opens_it_again() -> None:
    without = (consent("sacesimest"), consent(CNA))
    case, facts = hear(told(CNA), told(AICE, CNA, version=2), told(AICE, CNA, version=3, consents=without))
    assert [(one.referral.partner, one.referral.reason) for one in facts if isinstance(one, Moved)] == [
        (AICE, "consent_withdrawn")
    ]
    _, again = hear(told(AICE, CNA, version=4), case=case)
    assert opened(again) == [(AICE, Role.SUPPORTING)]


def test_who_has_declined_its_copy_is_not_asked_again() -> None:
    case, _ = hear(told(CNA), told(AICE, CNA, version=2))
    move(case, copy_of(case, AICE), Status.REJECTED, "no_capacity", NOW, moment("declined"))
    _, facts = hear(told(AICE, CNA, version=3), case=case)
    assert facts == []


def test_whether_the_consent_or_the_declaration_comes_first_does_not_matter() -> None:
    narrow = (consent("sacesimest"), consent(CNA))
    wide = (*narrow, consent(AICE))
    for states in permutations([((CNA, AICE), narrow), ((CNA,), wide)]):
        case, _ = hear(told(CNA, consents=narrow))
        for version, (by, consents) in enumerate(states, start=2):
            hear(told(*by, version=version, consents=consents), case=case)
        _, _ = hear(told(AICE, CNA, version=4, consents=wide), case=case)
        assert standing(case) == {
            ("sacesimest", Role.RESPONSIBLE, Status.REQUESTED),
            (AICE, Role.SUPPORTING, Status.REQUESTED),
        }


def test_of_several_that_declare_it_the_first_alone_has_no_part_whatever_the_order_of_the_others() -> None:
    for second, third in permutations([AICE, "claai"]):
        case, _ = hear(told(CNA), told(CNA, second, version=2), told(CNA, second, third, version=3))
        assert standing(case) == {
            ("sacesimest", Role.RESPONSIBLE, Status.REQUESTED),
            (AICE, Role.SUPPORTING, Status.REQUESTED),
            ("claai", Role.SUPPORTING, Status.REQUESTED),
        }
    turned, _ = hear(told(AICE), told(AICE, CNA, version=2))
    assert (CNA, Role.SUPPORTING, Status.REQUESTED) in standing(turned), "here it matters: who was first is who was"


def test_where_the_need_is_handed_on_who_declared_it_later_supports_the_next_one_by_the_same_receipt() -> None:
    facts_of_it = {"profile": firm(), "memberships": (member("confapi"),)}
    words = [told(CNA, front="assistance"), told(AICE, CNA, version=2, front="assistance")]
    case, _ = hear(*(msgspec.structs.replace(one, **facts_of_it) for one in words))
    facts = move(case, responsible(case), Status.REJECTED, "no_capacity", NOW, moment("rejected"))
    task = responsible(case)
    assert [(one.referral.partner, one.referral.reason) for one in facts if isinstance(one, Moved)] == [
        ("confapi", "no_capacity"),
        (AICE, "superseded"),
    ]
    assert opened(facts) == [(task.partner, Role.RESPONSIBLE), (AICE, Role.SUPPORTING)]
    assert copy_of(case, AICE).part_of == task.referral_id
    receipt = case.receipts[-1].decision
    assert (receipt.partner, receipt.supporting) == (task.partner, (AICE,))
    assert verdicts(receipt)[AICE] == (Verdict.SUPPORTING, Predicate.DECLARES_TOO)


def test_who_has_rejected_the_need_does_not_support_it_either() -> None:
    case, _ = hear(told(CNA, front="assistance"))
    first = responsible(case)
    move(case, first, Status.REJECTED, "no_capacity", NOW, moment("rejected"))
    _, facts = hear(told(CNA, first.partner, version=2, front="assistance"), case=case)
    assert facts == []


def test_who_carries_out_the_leg_in_the_market_does_not_support_it_as_well_wherever_the_need_goes() -> None:
    facts_of_it = {"profile": firm(), "memberships": (member("confapi"),)}
    words = [
        told(CNA, front="assistance", market="AE"),
        told(AICE, CNA, front="assistance", market="AE", version=2),
    ]
    first, again = (msgspec.structs.replace(one, **facts_of_it) for one in words)
    case, _ = hear(first)
    (leg,) = (one for one in case.referrals.values() if one.role is Role.EXECUTOR)
    move(case, leg, Status.REJECTED, "no_capacity", NOW, moment("leg"))
    (known,) = case.needs.values()
    order = Assignment(id="order", need_id=known.need_id, partner=AICE, person=Person(by="m.bianchi", reason="agreed"))
    assign(case, order, moment("order"))
    assert opened(hear(again, case=case)[1]) == []
    facts = move(case, responsible(case), Status.REJECTED, "no_capacity", NOW, moment("rejected"))
    assert [role for _, role in opened(facts)] == [Role.RESPONSIBLE]


def test_a_need_that_was_withdrawn_begins_anew_with_whoever_declares_it_then() -> None:
    case, _ = hear(told(CNA), assessed(version=2), told(AICE, version=3))
    assert opened(hear(told(AICE, version=4), case=case)[1]) == []
    assert [one.partner for one in case.referrals.values() if one.is_open] == ["sacesimest"]
    assert opened(hear(told(AICE, CNA, version=5), case=case)[1]) == [(CNA, Role.SUPPORTING)]


def test_a_need_that_was_closed_begins_anew_with_whoever_declares_it_then() -> None:
    case, _ = hear(told(CNA))
    task = replace(responsible(case), status=Status.IN_PROGRESS)
    move(case, task, Status.FAILED, "firm_withdrew", NOW, moment("failed"))
    later = NOW + timedelta(days=1)
    _, facts = hear(told(AICE, version=2, declared_at=later), case=case)
    assert opened(facts) == [("sacesimest", Role.RESPONSIBLE)]


def test_nothing_is_opened_beside_a_task_after_the_term_of_the_agreement() -> None:
    case, _ = hear(told(CNA))
    late = Moment("late", NOW, ACCORD.term.periods[-1].last + timedelta(days=1), ACCORD)
    assert opened(assess(case, told(AICE, CNA, version=2), late)) == []


def verdicts(decision: Decision) -> dict[str, tuple[Verdict, Predicate]]:
    return {one.partner: (one.verdict, one.predicate) for one in decision.candidates}


def redeclared() -> Decision:
    consents = tuple(consent(code) for code in ("sacesimest", CNA, AICE))
    case, _ = hear(told(CNA, consents=consents), told(AICE, "claai", CNA, version=2, consents=consents))
    return case.receipts[-1].decision


def test_the_copys_own_receipt_says_that_the_need_was_declared_again_and_the_first_one_stays_as_it_is() -> None:
    case, _ = hear(told(CNA))
    (before,) = case.receipts
    hear(told(AICE, CNA, version=2), case=case)
    first, second = case.receipts
    assert first == before
    assert (second.decision.rule, second.decision.partner) == (Rule.NEED_REDECLARED, "sacesimest")
    assert second.referral_id == copy_of(case, AICE).referral_id


def test_the_receipt_says_of_each_partner_why_it_does_or_does_not_support() -> None:
    found = verdicts(redeclared())
    assert found.keys() == set(ACCORD.partners)
    assert found["sacesimest"] == (Verdict.SELECTED, Predicate.HAS_TASK)
    assert found[AICE] == (Verdict.SUPPORTING, Predicate.DECLARES_TOO)
    assert found[CNA] == (Verdict.NOT_SELECTED, Predicate.DECLARED_FIRST)
    assert found["claai"] == (Verdict.NOT_SELECTED, Predicate.NO_CONSENT)
    assert found["confapi"] == (Verdict.NOT_SELECTED, Predicate.DOES_NOT_DECLARE)


def test_a_supporter_reads_neither_who_has_the_need_nor_who_declared_it_first() -> None:
    seen = partners_view(redeclared(), AICE)
    mine = {one.partner: (one.verdict, one.predicate) for one in seen.candidates}
    assert mine.pop(AICE) == ("supporting", "declares_too")
    assert set(mine.values()) == {("not_selected", None)}
    text = msgspec.json.encode(msgspec.structs.replace(seen, candidates=())).decode()
    assert not [code for code in ACCORD.partners if code in text]


def test_the_same_facts_give_the_same_bytes_in_another_process() -> None:
    code = (
        "import msgspec; from tests.unit.referral.test_redeclared import redeclared;"
        "print(msgspec.json.encode(redeclared()).decode())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert runs == {msgspec.json.encode(redeclared())}


def test_an_erased_need_remembers_no_partner_and_begins_anew() -> None:
    case, _ = hear(told(CNA), told(AICE, CNA, version=2))
    ended = erase(case, moment("erased"))
    assert {(one.referral.partner, one.referral.reason) for one in ended if isinstance(one, Moved)} == {
        ("sacesimest", "firm_erased"),
        (AICE, "firm_erased"),
    }
    assert [one.declared_by for one in case.needs.values()] == [frozenset()]
    case.assessment = None
    assert opened(hear(told(AICE, CNA, version=3), case=case)[1]) == [("sacesimest", Role.RESPONSIBLE)]


HEIR = "00000000-0000-8000-8000-0000000000ff"


@pytest.mark.parametrize("heir_first", [False, True])
def test_a_copy_follows_its_task_and_who_declares_the_need_of_the_successor_supports_it(heir_first: bool) -> None:
    old, _ = hear(told(CNA), told(AICE, CNA, version=2))
    task = replace(responsible(old), status=Status.ACCEPTED)
    old.put(task)
    new = Case(HEIR)
    word = msgspec.structs.replace(told("claai"), firm_id=HEIR)
    if heir_first:
        assess(new, word, moment("heir"))
    follow(old, new, moment("followed"))
    if not heir_first:
        assess(new, word, moment("heir"))
    found = {(one.partner, one.role, one.part_of) for one in new.referrals.values() if one.is_open}
    assert found == {
        ("sacesimest", Role.RESPONSIBLE, None),
        (AICE, Role.SUPPORTING, task.referral_id),
        ("claai", Role.SUPPORTING, task.referral_id),
    }
    assert new.needs.keys() == {ids.need_id(HEIR, FINANCE, import_=False, market=None)}


def test_who_declares_a_need_after_others_supports_also_whom_a_person_chose() -> None:
    only = (consent(AICE),)
    case, _ = hear(told(CNA))
    task = responsible(case)
    move(case, task, Status.REJECTED, "no_capacity", NOW, moment("rejected"))
    (known,) = case.needs.values()
    case.put(replace(known, state=NeedState.MANUAL))
    for one in [one for one in case.referrals.values() if one.is_open]:
        case.put(replace(one, status=Status.CANCELLED))
    hear(told(AICE, CNA, version=2, consents=(*only, consent("regione"))), case=case)
    order = Assignment(
        id="order", need_id=known.need_id, partner="regione", person=Person(by="m.bianchi", reason="agreed")
    )
    chosen = assign(case, order, moment("order"))
    (copy,) = beside(case, chosen, moment("order"))
    assert (copy.referral.partner, copy.referral.part_of) == (AICE, chosen.referral.referral_id)
    assert verdicts(chosen.decision)[AICE] == (Verdict.SUPPORTING, Predicate.DECLARES_TOO)


def test_the_bodies_that_support_anyway_get_one_copy() -> None:
    first = msgspec.structs.replace(told(AICE), memberships=(member(CNA),))
    again = msgspec.structs.replace(told(AICE, CNA, version=2), memberships=(member(CNA),))
    case, facts = hear(first, again)
    assert facts == []
    assert [one.partner for one in case.referrals.values() if one.role is Role.SUPPORTING] == [CNA]
