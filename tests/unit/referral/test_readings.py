"""One receipt, three readers; and the same receipt to the byte whoever computes it."""

import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from services.referral.readings import firms_view, partners_view
from services.referral.receipt import Decision, Outcome, Predicate, Rule
from services.referral.routing import route
from shared.contracts.firm import Profile
from tests.architecture.tree import ROOT
from tests.unit.referral.builders import ACCORD, consent, firm, member, question
from tests.unit.referral.sample import told_of

THREE_WORDS = {"other_owner_of_front", "tie_lost", "not_selected"}
MEMBERS = {
    "none": (),
    "cna": (member("cna"),),
    "claai": (member("claai"),),
    "nested": (member("assolombarda"), member("confindustria")),
    "equal": (member("confapi"), member("cna")),
}


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_receipts_and_everything_said_are_the_same_to_the_byte_in_another_process(seed: str) -> None:
    other = subprocess.run(
        [sys.executable, "-m", "tests.unit.referral.sample"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Pacific/Auckland"},
        capture_output=True,
        check=True,
    )
    assert other.stdout == b"\n".join(told_of())


def decisions() -> dict[str, Decision]:
    """By name: each kind of decision that hands a need to somebody."""
    found = {
        f"{front.code} {'import ' if import_ else ''}{name}": route(
            question(front.code, import_=import_, members=members, profile=firm(), market="AE"), ACCORD
        )
        for front in ACCORD.fronts
        for import_ in (False, True)
        for name, members in MEMBERS.items()
    }
    found["one candidate"] = route(question(profile=firm(staff=400)), ACCORD)
    found["fallback"] = route(question(profile=firm(artisan=None)), ACCORD)
    found["after a rejection"] = route(question(profile=firm(), excluded=frozenset({"cna"}), rerouted=1), ACCORD)
    return {name: decision for name, decision in found.items() if decision.outcome is Outcome.ASSIGNED}


DECISIONS = decisions()


@pytest.mark.parametrize("name", DECISIONS)
def test_a_partner_reads_of_the_others_one_of_three_words_and_nothing_else(name: str) -> None:
    decision = DECISIONS[name]
    for reader in (decision.partner or "", *decision.supporting, *filter(None, [decision.executor])):
        view = partners_view(decision, reader)
        others = [one for one in view.candidates if one.partner != reader]
        assert len(others) == 11
        assert {one.verdict for one in others} <= THREE_WORDS
        assert all(one.predicate is None for one in others)
        (own,) = [one for one in view.candidates if one.partner == reader]
        assert own.predicate in set(Predicate)


@pytest.mark.parametrize("name", DECISIONS)
def test_a_body_in_another_role_does_not_read_who_is_responsible(name: str) -> None:
    decision = DECISIONS[name]
    for reader in (*decision.supporting, *filter(None, [decision.executor])):
        view = partners_view(decision, reader)
        assert {step.reason for step in view.path} == {"passed"}
        assert view.tie is None
        words = {one.verdict for one in view.candidates if one.partner not in (reader, decision.partner)}
        assert len(words) == 1, "a word of its own would single somebody out"


def view_for_winner(profile: Profile, **stated: Any) -> bytes:
    decision = route(question(profile=profile, **stated), ACCORD)
    view = partners_view(decision, decision.partner or "")
    return msgspec.json.encode(msgspec.structs.replace(view, path=(), rule=""))


def test_the_winner_by_membership_cannot_tell_whether_another_body_has_the_firm_too() -> None:
    alone = view_for_winner(firm(), members=(member("assolombarda"),))
    for other in ("confindustria", "confapi", "claai"):
        both = view_for_winner(firm(), members=(member("assolombarda"), member(other)), choice="assolombarda")
        assert both == alone


def test_a_tie_is_told_to_its_members_where_nobody_has_rejected_the_need() -> None:
    decision = route(question("information", profile=firm(artisan=True, province="MI")), ACCORD)
    view = partners_view(decision, decision.partner or "")
    assert view.tie is not None
    assert set(view.tie.members) == {"confartigianato", "cna", "claai"}
    lost = {one.partner for one in view.candidates if one.verdict == "tie_lost"}
    assert lost == set(view.tie.members) - {decision.partner}


def test_the_next_partner_of_a_tie_does_not_learn_who_rejected_the_need() -> None:
    first = route(question("information", profile=firm(artisan=True, province="MI")), ACCORD)
    gone = frozenset({first.partner or ""})
    later = route(question("information", profile=firm(artisan=True, province="MI"), excluded=gone, rerouted=1), ACCORD)
    assert later.rule is Rule.TIE
    view = partners_view(later, later.partner or "")
    assert view.tie is None
    assert {one.verdict for one in view.candidates if one.partner != later.partner} == {"not_selected"}


def test_the_region_reads_everything_and_the_firm_all_but_the_person() -> None:
    decision = route(question(profile=firm(), members=(member("claai"),), market="AE"), ACCORD)
    read = msgspec.to_builtins(firms_view(decision))
    whole = msgspec.to_builtins(decision)
    assert whole.keys() - read.keys() == {"outcome"}
    assert all(whole[name] == value for name, value in read.items())
    assert "person" not in set(type(firms_view(decision)).__struct_fields__)


def test_the_owners_supporters_read_the_same_word_of_everybody_else() -> None:
    decision = route(question("finance_and_insurance", import_=True, members=MEMBERS["cna"]), ACCORD)
    assert set(decision.supporting) == {"aice", "cna"}
    view = partners_view(decision, "cna")
    assert {one.verdict for one in view.candidates if one.partner not in ("cna", "sacesimest")} == {
        "other_owner_of_front"
    }


def test_a_consent_for_one_partner_alone_is_told_to_nobody_else() -> None:
    decision = route(question(profile=firm(), consents=(consent("confapi"),)), ACCORD)
    assert decision.rule is Rule.ELIGIBILITY
    view = partners_view(decision, "confapi")
    assert view.would_change_it == ("consent_withdrawn",)
    assert {one.verdict for one in view.candidates if one.partner != "confapi"} == {"not_selected"}
