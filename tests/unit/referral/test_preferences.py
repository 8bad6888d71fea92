"""A body that says itself that a firm prefers it gains nothing by it, until the firm says so too."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.referral import domain, manual, preferences
from services.referral.case import Case, Fact, Moved, NeedState, Opened, Query, Referral, Role, Wish, WishAsked
from services.referral.lifecycle import Ended, Status
from services.referral.membership import answer_query
from services.referral.receipt import Person, Predicate, Rule
from services.referral.views import told
from shared.contracts.classifier import FirmAssessed, Need
from shared.contracts.firm import Contacts, Publisher
from shared.contracts.referral import PreferenceAsked
from shared.feeds.speech import Cause
from tests.unit.referral.builders import FIRM, NOW, assessed, firm, member, moment, need
from tests.unit.referral.test_clocks import end

OLDER, WISHED = "confindustria", "confapi"
"""Both have the firm as their member, the first for longer."""
MEMBERS = (member(OLDER, since=date(2010, 1, 1)), member(WISHED, since=date(2020, 1, 1)))
UNTIL = end(12, 23)
SECOND = timedelta(seconds=1)


def told_by(partner: str) -> Publisher:
    return Publisher(partner=partner, submission_id="e-1", observed_at=datetime(2026, 11, 1, tzinfo=UTC))


def wishing(*needs: Need, by: str = WISHED, **stated: Any) -> FirmAssessed:
    """A firm of which `by` tells that it prefers confapi."""
    contacts = stated.pop("contacts", Contacts(email="r@firm.example"))
    profile = firm(name="Rossi", contacts=contacts, preferred_partner=WISHED)
    given: dict[str, Any] = {"members": MEMBERS, "publishers": (told_by(by),), "profile": profile}
    return assessed(*(needs or (need(),)), **given | stated)


def asked(facts: list[Fact]) -> list[Wish]:
    return [fact.wish for fact in facts if isinstance(fact, WishAsked)]


def standing() -> tuple[Case, Wish]:
    case = Case(FIRM)
    (wish,) = asked(domain.assess(case, wishing(), moment()))
    return case, wish


def partners(case: Case) -> dict[str, str]:
    return {one.partner: one.status.value for one in case.referrals.values() if one.role is Role.RESPONSIBLE}


def task(case: Case) -> Referral:
    (one,) = (one for one in case.referrals.values() if one.is_open and one.role is Role.RESPONSIBLE)
    return one


def test_the_wish_does_not_count_and_the_firm_is_asked_once_whether_it_is_its_own() -> None:
    case, wish = standing()
    assert partners(case) == {OLDER: "requested"}
    assert (wish.partner, wish.answer_by, wish.confirmed) == (WISHED, UNTIL, None)
    assert asked(domain.assess(case, wishing(version=2), moment("again"))) == []
    receipt = case.receipts[0].decision
    assert ("wish_confirmed", WISHED) in [(one.fact, one.partner) for one in receipt.would_change_it]


def test_the_notifier_is_told_whom_to_ask_and_until_when() -> None:
    case = Case(FIRM)
    facts = domain.assess(case, wishing(), moment())
    (event,) = (one.event for one in told(facts, case, Cause("x")) if isinstance(one.event, PreferenceAsked))
    assert (event.partner, event.answer_by, event.firm_name) == (WISHED, UNTIL, "Rossi")
    assert event.contacts == Contacts(email="r@firm.example")


@pytest.mark.parametrize(
    ("why", "stated"),
    [
        ("somebody else tells of the wish, which counts as it stands", {"by": "unioncamere"}),
        ("nobody can write to it", {"contacts": None}),
        ("it has a telephone alone", {"contacts": Contacts(phone="02 123")}),
        ("it is the member of that body alone", {"members": MEMBERS[1:]}),
        ("it is no member of that body", {"members": MEMBERS[:1]}),
        ("it has no need", {"needs": ()}),
        ("its need has an owner whatever it wishes", {"needs": (need("institutional_support"),)}),
    ],
)
def test_a_firm_is_not_asked_where_its_answer_would_change_nothing_or_cannot_come(
    why: str, stated: dict[str, Any]
) -> None:
    case = Case(FIRM)
    given = dict(stated)
    wanted = assessed(members=MEMBERS) if given.pop("needs", None) == () else wishing(*stated.get("needs", ()), **given)
    assert asked(domain.assess(case, wanted, moment())) == [], why


def test_a_yes_moves_what_nobody_has_looked_at_and_the_receipt_says_so() -> None:
    case, wish = standing()
    before = task(case)
    facts = preferences.take(case, wish.question_id, confirmed=True, at=NOW, moment=moment("answer"))
    assert partners(case) == {OLDER: "cancelled", WISHED: "requested"}
    assert case.referrals[before.referral_id].reason == "superseded"
    assert [type(one) for one in facts] == [Moved, Opened]
    assert task(case).replaces == before.referral_id
    decision = case.receipts[-1].decision
    assert decision.rule is Rule.VERIFIED_MEMBERSHIP
    assert (
        decision.path[-1].reason
        == f"{WISHED} has the firm as its member and is the one that the firm has confirmed it wants"
    )
    verdicts = {one.partner: one.predicate for one in decision.candidates}
    assert verdicts[OLDER] is Predicate.NOT_DECLARED_CHOICE
    assert OLDER not in case.needs[before.need_id].excluded


@pytest.mark.parametrize("steps", [("received",), ("accepted",), ("accepted", "in_progress"), ("rejected",)])
def test_a_yes_moves_nothing_that_somebody_has_looked_at(steps: tuple[str, ...]) -> None:
    case, wish = standing()
    first = task(case)
    for status in steps:
        domain.move(case, case.referrals[first.referral_id], Status(status), "no_capacity", NOW, moment(status))
    before = partners(case)
    preferences.take(case, wish.question_id, confirmed=True, at=NOW, moment=moment("answer"))
    assert partners(case) == before


def test_a_yes_counts_for_the_needs_that_come_later() -> None:
    case, wish = standing()
    domain.move(case, task(case), Status.ACCEPTED, None, NOW, moment("a"))
    preferences.take(case, wish.question_id, confirmed=True, at=NOW, moment=moment("answer"))
    domain.assess(case, wishing(need(), need("information"), version=2), moment("later"))
    assert {one.front: one.partner for one in case.referrals.values()} == {"assistance": OLDER, "information": WISHED}


@pytest.mark.parametrize(
    ("confirmed", "at"), [(False, NOW), (True, UNTIL + SECOND)], ids=["a no", "a yes after the link's end"]
)
def test_anything_but_a_yes_in_time_changes_nothing(confirmed: bool, at: datetime) -> None:
    case, wish = standing()
    assert preferences.take(case, wish.question_id, confirmed=confirmed, at=at, moment=moment("answer")) == []
    assert partners(case) == {OLDER: "requested"}
    assert asked(domain.assess(case, wishing(version=2), moment("again"))) == []


@pytest.mark.parametrize("first", [True, False])
def test_the_first_answer_stands(first: bool) -> None:
    case, wish = standing()
    preferences.take(case, wish.question_id, confirmed=first, at=NOW, moment=moment("one"))
    before = partners(case)
    assert preferences.take(case, wish.question_id, confirmed=not first, at=NOW, moment=moment("two")) == []
    assert (case.wishes[wish.question_id].confirmed, partners(case)) == (first, before)


def test_an_answer_to_what_was_not_asked_changes_nothing() -> None:
    case, _ = standing()
    assert preferences.take(case, "nobody's", confirmed=True, at=NOW, moment=moment("answer")) == []


def test_what_a_person_has_placed_stays_where_it_is() -> None:
    case, wish = standing()
    only = task(case)
    domain.cancel(case, only, Ended.SUPERSEDED, moment("back"))
    order = manual.Assignment(id="o", need_id=only.need_id, partner="cna", person=Person(by="x", reason="y"))
    manual.assign(case, order, moment("order"))
    preferences.take(case, wish.question_id, confirmed=True, at=NOW, moment=moment("answer"))
    assert task(case).partner == "cna"


def test_a_late_membership_that_makes_the_wish_matter_has_the_firm_asked() -> None:
    case = Case(FIRM)
    assert asked(domain.assess(case, wishing(members=MEMBERS[:1]), moment())) == []
    assert case.queries == {}, "it has a verified body, so nobody is asked"
    (known,) = (one for one in case.needs.values())
    assert known.state is NeedState.REFERRED
    case.put(_query())
    facts = answer_query(case, _query(), member=True, since=date(2020, 1, 1), moment=moment("answer"))
    assert [one.partner for one in asked(facts)] == [WISHED]


def _query() -> Query:
    return Query(query_id="q", firm_id=FIRM, partner=WISHED, asked_at=NOW, answer_by=UNTIL)


def test_an_erasure_forgets_what_was_asked() -> None:
    case, wish = standing()
    domain.erase(case, moment("erasure"))
    assert case.wishes == {}
    assert preferences.take(case, wish.question_id, confirmed=True, at=NOW, moment=moment("answer")) == []
