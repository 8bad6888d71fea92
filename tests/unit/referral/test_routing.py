"""Who is responsible for a need, and what the receipt says of it."""

import hashlib
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from services.referral.receipt import Change, Outcome, Predicate, Rule, Verdict, digest
from services.referral.routing import route
from tests.unit.referral.builders import ACCORD, NOW, consent, firm, member, question


def predicate_of(partner: str, **stated: object) -> tuple[Verdict, Predicate]:
    decision = route(question(**stated), ACCORD)  # type: ignore[arg-type]  # handed on as it is
    found = next(one for one in decision.candidates if one.partner == partner)
    return found.verdict, found.predicate


def test_without_any_consent_a_need_waits_and_nobody_gets_it() -> None:
    decision = route(question(consents=(), members=(member("cna"),)), ACCORD)
    assert (decision.outcome, decision.rule, decision.partner) == (Outcome.WAITING_CONSENT, Rule.CONSENT, None)
    assert decision.would_change_it == (Change("consent_given"),)


def test_an_expired_consent_is_none_and_is_told_apart() -> None:
    expired = consent(expires_at=NOW - timedelta(seconds=1))
    assert route(question(consents=(expired,)), ACCORD).outcome is Outcome.WAITING_CONSENT
    assert predicate_of("cna", consents=(expired,)) == (Verdict.NOT_SELECTED, Predicate.CONSENT_EXPIRED)


@pytest.mark.parametrize(
    ("front", "owner"), [("institutional_support", "regione"), ("finance_and_insurance", "sacesimest")]
)
@pytest.mark.parametrize("import_", [False, True])
def test_fronts_one_and_five_have_an_owner_who_comes_before_import(front: str, owner: str, import_: bool) -> None:
    decision = route(question(front, import_=import_, members=(member("confindustria"),)), ACCORD)
    assert (decision.partner, decision.rule) == (owner, Rule.OWNER_OF_FRONT)


def test_an_import_need_goes_to_aice_before_the_firms_own_body() -> None:
    decision = route(question(import_=True, members=(member("cna"),)), ACCORD)
    assert (decision.partner, decision.rule) == ("aice", Rule.OWNER_OF_IMPORT)


def test_an_owner_without_consent_is_waited_for_and_replaced_by_nobody() -> None:
    decision = route(question("finance_and_insurance", consents=(consent("cna"),), members=(member("cna"),)), ACCORD)
    assert (decision.outcome, decision.partner) == (Outcome.WAITING_CONSENT, None)
    assert decision.would_change_it == (Change("consent_given", "sacesimest"),)


def test_the_firms_own_body_takes_it() -> None:
    decision = route(question(members=(member("cna"),)), ACCORD)
    assert (decision.partner, decision.rule) == ("cna", Rule.VERIFIED_MEMBERSHIP)


@pytest.mark.parametrize(("inner", "outer"), [("assolombarda", "confindustria"), ("aice", "confcommercio")])
def test_the_more_specific_body_goes_first_however_young_the_membership(inner: str, outer: str) -> None:
    members = (member(outer, since=date(1990, 1, 1)), member(inner, since=date(2024, 1, 1)))
    assert route(question("information", members=members), ACCORD).partner == inner


def test_the_outer_body_takes_it_where_the_inner_has_no_consent() -> None:
    members = (member("confindustria"), member("assolombarda"))
    assert route(question(members=members, consents=(consent("confindustria"),)), ACCORD).partner == "confindustria"


def test_of_unrelated_bodies_the_oldest_membership_decides() -> None:
    members = (member("confapi", since=date(2020, 1, 1)), member("cna", since=date(2010, 1, 1)), member("claai"))
    decision = route(question("information", members=members), ACCORD)
    assert decision.partner == "cna"
    verdicts = {one.partner: one.predicate for one in decision.candidates}
    assert (verdicts["confapi"], verdicts["claai"]) == (Predicate.YOUNGER_MEMBERSHIP, Predicate.YOUNGER_MEMBERSHIP)


def test_equal_memberships_are_drawn_by_a_hash_that_anyone_can_compute() -> None:
    decision = route(question(members=(member("confapi"), member("cna"))), ACCORD)
    hashes = {code: hashlib.sha256(f"{question().firm_id}/{code}".encode()).hexdigest() for code in ("confapi", "cna")}
    assert decision.partner == max(hashes, key=lambda code: hashes[code])
    assert decision.tie is not None
    assert decision.tie.hash == max(hashes.values())


def test_ties_are_shared_about_equally() -> None:
    members = (member("confapi"), member("cna"))
    won = [route(question(members=members, firm_id=f"firm-{n}"), ACCORD).partner for n in range(400)]
    assert 160 < won.count("cna") < 240


def test_the_order_in_which_memberships_are_told_changes_nothing() -> None:
    members = (member("confapi"), member("cna"), member("confartigianato"))
    assert route(question(members=members), ACCORD) == route(question(members=members[::-1]), ACCORD)


def test_a_body_that_does_not_serve_the_front_supports_whoever_takes_it() -> None:
    decision = route(question("assistance", members=(member("claai"),)), ACCORD)
    assert (decision.partner, decision.rule) == ("unioncamere", Rule.FALLBACK)
    assert decision.supporting == ("claai",)
    assert predicate_of("claai", members=(member("claai"),)) == (Verdict.SUPPORTING, Predicate.FRONT_NOT_SERVED)


def test_of_two_bodies_the_one_that_serves_the_front_has_it_and_the_other_supports() -> None:
    members = (member("claai", since=date(1990, 1, 1)), member("cna", since=date(2020, 1, 1)))
    decision = route(question("assistance", members=members), ACCORD)
    assert (decision.partner, decision.supporting) == ("cna", ("claai",))


def test_the_declared_choice_goes_before_the_more_specific_and_the_older_body() -> None:
    members = (member("assolombarda"), member("confindustria"), member("cna", since=date(1990, 1, 1)))
    decision = route(question("information", members=members, choice="confindustria"), ACCORD)
    assert (decision.partner, decision.rule) == ("confindustria", Rule.VERIFIED_MEMBERSHIP)
    verdicts = {one.partner: one.predicate for one in decision.candidates}
    assert verdicts["assolombarda"] == verdicts["cna"] == Predicate.NOT_DECLARED_CHOICE


def test_a_choice_without_a_verified_membership_chooses_nobody() -> None:
    assert route(question("information", members=(member("cna"),), choice="confapi"), ACCORD).partner == "cna"


@pytest.mark.parametrize("front", ["institutional_support", "finance_and_insurance"])
def test_the_owner_of_a_front_is_supported_by_aice_for_imports_and_by_the_firms_association(front: str) -> None:
    decision = route(question(front, import_=True, members=(member("confcommercio"), member("cna"))), ACCORD)
    assert set(decision.supporting) == {"aice", "cna"} or set(decision.supporting) == {"aice", "confcommercio"}
    assert decision.rule is Rule.OWNER_OF_FRONT


def test_of_several_associations_the_first_one_alone_gets_a_copy() -> None:
    members = (member("cna", since=date(2001, 1, 1)), member("confapi", since=date(2000, 1, 1)))
    assert route(question("finance_and_insurance", members=members), ACCORD).supporting == ("confapi",)


@pytest.mark.parametrize("why", [{"consents": (consent("sacesimest"),)}, {"excluded": frozenset({"cna"})}])
def test_an_association_gets_no_copy_without_consent_or_after_it_rejected(why: dict[str, Any]) -> None:
    decision = route(question("finance_and_insurance", members=(member("cna"),), **why), ACCORD)
    assert (decision.partner, decision.supporting) == ("sacesimest", ())


@pytest.mark.parametrize(
    ("front", "market", "executor"),
    [("assistance", "AE", "assocamerestero"), ("assistance", None, None), ("information", "AE", None)],
)
def test_a_leg_in_the_market_adds_its_executor(front: str, market: str | None, executor: str | None) -> None:
    decision = route(question(front, market=market, members=(member("cna"),)), ACCORD)
    assert (decision.partner, decision.executor) == ("cna", executor)


def test_an_executor_without_consent_is_not_handed_the_leg_and_the_receipt_tells_so() -> None:
    decision = route(question(market="AE", consents=(consent("cna"),), members=(member("cna"),)), ACCORD)
    assert (decision.partner, decision.executor) == ("cna", None)
    assert Change("executor_consented", "assocamerestero") in decision.would_change_it


def test_a_declared_membership_that_nobody_has_verified_is_waited_for() -> None:
    decision = route(question(unanswered=frozenset({"cna", "claai", "unioncamere"}), profile=firm()), ACCORD)
    assert (decision.outcome, decision.partner, decision.asks) == (Outcome.WAITING_MEMBERSHIP, None, ("cna",))
    assert Change("membership_answered", "cna") in decision.would_change_it


@pytest.mark.parametrize(
    "why", [{"consents": (consent("confapi"),)}, {"excluded": frozenset({"cna"})}, {"members": (member("confapi"),)}]
)
def test_a_declared_membership_is_not_waited_for_without_consent_after_a_rejection_or_beside_a_verified_one(
    why: dict[str, Any],
) -> None:
    decision = route(question(unanswered=frozenset({"cna"}), profile=firm(), **why), ACCORD)
    assert (decision.partner, decision.asks) == ("confapi" if "excluded" not in why else decision.partner, ())
    assert decision.outcome is Outcome.ASSIGNED


@pytest.mark.parametrize("body", ["unioncamere", "assocamerestero", "regione"])
def test_a_signatory_without_members_gains_nothing_by_calling_a_firm_its_member(body: str) -> None:
    members = (member(body, since=date(1990, 1, 1)), member("cna"))
    assert route(question("information", members=members), ACCORD).partner == "cna"


def test_nobody_else_means_unioncamere_and_the_receipt_tells_what_would_change_it() -> None:
    decision = route(question("assistance"), ACCORD)
    assert (decision.partner, decision.rule) == ("unioncamere", Rule.FALLBACK)
    assert Change("membership_verified", "cna") in decision.would_change_it
    assert Change("membership_verified", "claai") not in decision.would_change_it


def test_a_partner_that_rejected_the_need_never_gets_it_back() -> None:
    decision = route(question(members=(member("cna"),), excluded=frozenset({"cna"}), rerouted=1), ACCORD)
    assert decision.partner == "unioncamere"
    assert predicate_of("cna", excluded=frozenset({"cna"})) == (Verdict.NOT_SELECTED, Predicate.REJECTED_EARLIER)


def test_when_the_fallback_rejects_too_a_person_decides() -> None:
    decision = route(question(excluded=frozenset({"unioncamere"}), rerouted=1), ACCORD)
    assert (decision.outcome, decision.rule) == (Outcome.MANUAL, Rule.NOBODY_LEFT)


def test_after_three_hops_a_person_decides() -> None:
    assert route(question(rerouted=3), ACCORD).outcome is Outcome.ASSIGNED
    assert route(question(rerouted=4), ACCORD).outcome is Outcome.MANUAL


def test_outside_its_term_the_agreement_refers_nobody() -> None:
    decision = route(question(day=date(2099, 1, 1)), ACCORD)
    assert (decision.outcome, decision.rule) == (Outcome.MANUAL, Rule.AGREEMENT_IN_FORCE)


@pytest.mark.parametrize("front", [front.code for front in ACCORD.fronts])
@pytest.mark.parametrize("import_", [False, True])
@pytest.mark.parametrize("consents", [(), (consent(),), (consent("cna"),)])
def test_every_receipt_has_a_verdict_for_all_twelve_and_at_most_one_selected(
    front: str, import_: bool, consents: tuple[()]
) -> None:
    decision = route(question(front, import_=import_, consents=consents, members=(member("cna"),)), ACCORD)
    assert [one.partner for one in decision.candidates] == list(ACCORD.partners)
    selected = [one.partner for one in decision.candidates if one.verdict is Verdict.SELECTED]
    assert selected == ([decision.partner] if decision.partner else [])
    assert (decision.outcome is Outcome.ASSIGNED) == (decision.partner is not None)
    assert decision.would_change_it


@pytest.mark.parametrize("front", [front.code for front in ACCORD.fronts])
def test_the_path_in_a_receipt_ends_with_the_rule_that_decided(front: str) -> None:
    rules = set()
    for import_, consents, members, profile, excluded in product(
        (False, True), ((), (consent(),)), ((), (member("cna"),)), (firm(), firm(artisan=None)), ((), ACCORD.partners)
    ):
        asked = question(
            front, import_=import_, consents=consents, members=members, profile=profile, excluded=frozenset(excluded)
        )
        decision = route(asked, ACCORD)
        last = Rule.FALLBACK if decision.rule is Rule.NOBODY_LEFT else decision.rule
        assert decision.path[-1].rule is last, decision
        rules.add(decision.rule)
    assert len(rules) >= 3, "several rules decide"


def test_the_same_question_has_the_same_receipt() -> None:
    assert digest(route(question(), ACCORD)) == digest(route(question(), ACCORD))
