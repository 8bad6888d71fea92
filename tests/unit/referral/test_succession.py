"""A firm is succeeded by another: its open referrals follow, in whichever order that is heard."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.case import LEG_REJECTED, CancellationAsked, Case, Moved, NeedState, Referral, Role
from services.referral.domain import assess, move
from services.referral.lifecycle import Status
from services.referral.news import news
from services.referral.queries import awaited
from services.referral.succession import Followed, Link, follow, standing
from shared.contracts import ids
from shared.contracts.classifier import FirmAssessed
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, consent, firm, member, moment, need

HEIR = "00000000-0000-8000-8000-000000000002"
FRONTS = [front.code for front in ACCORD.fronts]
IN_MARKET = ACCORD.in_market.fronts
OPEN = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD)
BEGUN = (Status.IN_PROGRESS, Status.ON_HOLD)


def stood(case: Case, referral: Referral, status: Status, days: int) -> Referral:
    """The referral as it stands some days after it was requested."""
    hold = {"resumes": Status.IN_PROGRESS, "hold_until": NOW} if status is Status.ON_HOLD else {}
    stands = replace(referral, status=status, requested_at=NOW - timedelta(days=days), **hold)  # type: ignore[arg-type]
    case.put(stands)
    return stands


def with_task(
    firm_id: str, status: Status, days: int, front: str = "assistance", *, legs: bool = False
) -> tuple[Case, Referral]:
    """A firm, a member of cna, whose need was referred some days ago."""
    case = Case(firm_id)
    assess(case, told(firm_id, front, legs=legs), moment(f"of {firm_id}"))
    referral = next(one for one in case.referrals.values() if one.role is Role.RESPONSIBLE)
    return case, stood(case, referral, status, days)


def told(firm_id: str, *fronts: str, to: str = "any", legs: bool = False) -> FirmAssessed:
    """Heard of the firm. `legs`: its needs name a market where that makes a leg of them."""
    whole = assessed(
        *(need(front, market="AE" if legs and front in IN_MARKET else None) for front in fronts),
        members=(member("cna"),),
        consents=(consent(to),),
    )
    return msgspec.structs.replace(whole, firm_id=firm_id)


def followed(old: Case, new: Case) -> Followed:
    return follow(old, new, moment("succession"))


def test_an_open_referral_keeps_its_id_and_is_the_successors_from_now_on() -> None:
    old, referral = with_task(FIRM, Status.ACCEPTED, 3)
    new = Case(HEIR)
    assert followed(old, new) == Followed([], [])
    moved = new.referrals[referral.referral_id]
    heirs = ids.need_id(HEIR, "assistance", import_=False, market=None)
    assert (moved.firm_id, moved.need_id, moved.status) == (HEIR, heirs, Status.ACCEPTED)
    assert (new.needs[heirs].state, new.needs[heirs].referral_id) == (NeedState.REFERRED, referral.referral_id)
    assert old.referrals == {}
    assert [(one.state, one.reason) for one in old.needs.values()] == [(NeedState.WITHDRAWN, "firm_merged")]


def test_what_is_closed_stays_with_the_old_firm() -> None:
    old, referral = with_task(FIRM, Status.COMPLETED, 3)
    new = Case(HEIR)
    followed(old, new)
    assert (list(old.referrals), new.referrals, new.needs) == ([referral.referral_id], {}, {})


@pytest.mark.parametrize(
    ("mine", "theirs", "stays"),
    [
        ((Status.REQUESTED, 5), (Status.REQUESTED, 3), "old"),
        ((Status.REQUESTED, 3), (Status.REQUESTED, 5), "new"),
        ((Status.ACCEPTED, 3), (Status.RECEIVED, 5), "old"),
        ((Status.REQUESTED, 5), (Status.IN_PROGRESS, 3), "new"),
        ((Status.ON_HOLD, 3), (Status.ACCEPTED, 5), "old"),
        ((Status.IN_PROGRESS, 5), (Status.ON_HOLD, 3), "new"),
    ],
)
def test_of_two_tasks_for_one_need_the_one_that_has_gone_further_stays_else_the_older(
    mine: tuple[Status, int], theirs: tuple[Status, int], stays: str
) -> None:
    (old, first), (new, second) = with_task(FIRM, *mine), with_task(HEIR, *theirs)
    done = followed(old, new)
    kept = [one.referral_id for one in new.referrals.values() if one.is_open]
    assert kept == [first.referral_id if stays == "old" else second.referral_id]
    [fact] = done.new if stays == "old" else done.old
    if stays == "new" and first.status in BEGUN:
        assert isinstance(fact, CancellationAsked)
        assert old.referrals[first.referral_id].is_open, "work that has begun is asked back, not cut off"
    else:
        assert isinstance(fact, Moved)
        assert fact.referral.reason == ("duplicate" if stays == "old" else "firm_merged")


def test_whose_task_goes_on_under_another_name_hears_of_it_once_that_is_assessed() -> None:
    old, referral = with_task(FIRM, Status.ACCEPTED, 3)
    new = Case(HEIR)
    followed(old, new)
    assert list(news(new, NOW)) == []
    assess(new, told(HEIR, "assistance"), moment("of the heir"))
    assert [(partner, status.firm_id, status.reference) for partner, status in news(new, NOW)] == [
        (referral.partner, HEIR, None)
    ]
    assert list(news(new, NOW)) == [], "and not twice"


def beside(case: Case, role: Role) -> list[Referral]:
    return [one for one in case.referrals.values() if one.role is role and one.is_open]


@pytest.mark.parametrize("front", ["finance_and_insurance", "assistance"])
def test_what_stands_beside_a_task_goes_with_it(front: str) -> None:
    role = Role.EXECUTOR if front in IN_MARKET else Role.SUPPORTING
    old, referral = with_task(FIRM, Status.ACCEPTED, 3, front, legs=True)
    (one,) = beside(old, role)
    new = Case(HEIR)
    assert followed(old, new) == Followed([], [])
    moved = new.referrals[one.referral_id]
    assert (moved.firm_id, moved.need_id) == (HEIR, new.referrals[referral.referral_id].need_id)
    assert (moved.part_of, old.referrals) == (referral.referral_id, {})
    assess(new, told(HEIR, front, legs=True), moment("of the heir"))
    assert {partner for partner, _ in news(new, NOW)} == {referral.partner, one.partner}


@pytest.mark.parametrize("front", ["finance_and_insurance", "assistance"])
def test_what_stands_beside_a_task_that_does_not_follow_is_taken_back_with_it(front: str) -> None:
    role = Role.EXECUTOR if front in IN_MARKET else Role.SUPPORTING
    old, _ = with_task(FIRM, Status.REQUESTED, 3, front, legs=True)
    new, _ = with_task(HEIR, Status.ACCEPTED, 3, front, legs=True)
    own = beside(new, role)
    facts = followed(old, new).old
    assert sorted((one.referral.role, one.referral.reason) for one in facts if isinstance(one, Moved)) == [
        *sorted([(Role.RESPONSIBLE, "firm_merged"), (role, "firm_merged")])
    ]
    assert (beside(old, role), beside(new, role)) == ([], own)


@pytest.mark.parametrize(
    ("mine", "theirs", "stays"),
    [
        (Status.IN_PROGRESS, Status.ACCEPTED, "old"),
        (Status.REQUESTED, Status.ACCEPTED, "new"),
        (Status.IN_PROGRESS, Status.IN_PROGRESS, "new"),
    ],
)
def test_of_two_legs_the_one_that_has_gone_further_stays_where_both_needs_are_one(
    mine: Status, theirs: Status, stays: str
) -> None:
    old, _ = with_task(FIRM, Status.ACCEPTED, 3, legs=True)
    new, _ = with_task(HEIR, Status.REQUESTED, 3, legs=True)
    first, second = (beside(case, Role.EXECUTOR)[0] for case in (old, new))
    stood(old, first, mine, 3)
    stood(new, second, theirs, 3)
    done = followed(old, new)
    kept = [one.referral_id for one in beside(new, Role.EXECUTOR)]
    assert kept == [first.referral_id if stays == "old" else second.referral_id]
    left = [(one.referral_id, one.cancellation) for one in beside(old, Role.EXECUTOR)]
    assert left == ([(first.referral_id, "firm_merged")] if mine is theirs else [])
    assert len(done.old) == (stays == "new")


def test_a_leg_that_waits_for_a_person_waits_under_the_successor_too() -> None:
    old, _ = with_task(FIRM, Status.ACCEPTED, 3, legs=True)
    (leg,) = beside(old, Role.EXECUTOR)
    move(old, leg, Status.REJECTED, "no_capacity", NOW, moment("no"))
    new = Case(HEIR)
    followed(old, new)
    assert [(one.state, one.reason) for one in new.needs.values()] == [(NeedState.REFERRED, LEG_REJECTED)]


def test_a_query_stays_with_the_firm_whose_code_it_asks_for_and_nothing_waits_for_it() -> None:
    old, new = Case(FIRM), Case(HEIR)
    assess(old, assessed(need(), profile=firm(declared_memberships=("cna",))), moment())
    (query,) = old.queries.values()
    assert awaited(old) == [query]
    followed(old, new)
    assert [(one.state, one.reason) for one in old.needs.values()] == [(NeedState.WITHDRAWN, "firm_merged")]
    assert (old.queries, awaited(old), new.queries) == ({query.query_id: query}, [], {})


STATES = st.tuples(st.sampled_from([*OPEN, Status.REJECTED, Status.COMPLETED]), st.integers(2, 9))
TASKS = st.dictionaries(st.sampled_from(FRONTS), STATES, max_size=4)


def stands(old: Case, new: Case) -> tuple[object, ...]:
    """What matters of the two cases: needs, and who has an open task for each in which status."""
    tasks = {
        (one.need_id, one.role, one.partner): (one.status, one.cancellation)
        for one in new.referrals.values()
        if one.is_open
    }
    needs = {one.need_id: (one.state, one.reason, one.excluded, one.declared) for one in new.needs.values()}
    left = {one.need_id: (one.state, one.reason) for one in old.needs.values()}
    asked = {one.referral_id: (one.status, one.cancellation) for one in old.referrals.values()}
    return tasks, needs, left, asked


@given(TASKS, TASKS, st.sets(st.sampled_from(FRONTS)), st.sampled_from(["any", "cna", "regione", "aice"]))
def test_it_makes_no_difference_whether_the_succession_or_the_successors_assessment_is_heard_first(
    mine: dict[str, tuple[Status, int]], theirs: dict[str, tuple[Status, int]], fronts: set[str], to: str
) -> None:
    cases: list[Case] = []
    for firm_id, tasks, consented in ((FIRM, mine, "any"), (HEIR, theirs, to)):
        case = Case(firm_id)
        assess(case, told(firm_id, *tasks, to=consented, legs=True), moment(f"of {firm_id}"))
        for referral in list(case.referrals.values()):
            status, days = tasks[referral.front]
            if referral.role is Role.RESPONSIBLE:
                stood(case, referral, status, days)
            else:
                stood(case, referral, Status.REQUESTED if status in OPEN else Status.CANCELLED, days)
        cases.append(case)
    requested = {front for front, (status, _) in theirs.items() if status in (Status.REQUESTED, Status.RECEIVED)}
    news_of_heir = told(HEIR, *sorted(fronts | requested), to=to, legs=True)
    old, new = deepcopy(cases)
    new.assessment = None if not theirs else new.assessment
    followed(old, new)
    assess(new, news_of_heir, moment("news"))
    other_old, other_new = deepcopy(cases)
    assess(other_new, news_of_heir, moment("news"))
    followed(other_old, other_new)
    assert stands(old, new) == stands(other_old, other_new)
    for role in (Role.RESPONSIBLE, Role.EXECUTOR):
        open_by_need = [one.need_id for one in new.referrals.values() if one.is_open and one.role is role]
        assert len(open_by_need) == len(set(open_by_need)), "one need, one open task and one leg"
    kept = {one.referral_id for case in (old, new) for one in case.referrals.values()}
    assert {one.referral_id for case in cases for one in case.referrals.values()} <= kept, "nothing is lost"


def test_an_executor_that_gave_the_leg_back_is_not_asked_again_under_the_successors_name() -> None:
    old, referral = with_task(FIRM, Status.ACCEPTED, 3, legs=True)
    (leg,) = [one for one in old.referrals.values() if one.role is Role.EXECUTOR]
    move(old, leg, Status.REJECTED, "no_capacity", NOW, moment("leg"))
    new = Case(HEIR)
    followed(old, new)
    assess(new, told(HEIR, "assistance", legs=True), moment("news"))
    move(new, new.referrals[referral.referral_id], Status.REJECTED, "no_capacity", NOW, moment("task"))
    assert [one.status for one in new.referrals.values() if one.role is Role.EXECUTOR] == [Status.REJECTED]
    (stands,) = [one for one in new.needs.values() if one.state is NeedState.REFERRED]
    assert stands.reason == LEG_REJECTED


def link(firm: str, to: str, day: int = 1) -> Link:
    return Link(firm_id=firm, successor_id=to, at=datetime(2026, 1, day, tzinfo=UTC), said_by="cna")


@pytest.mark.parametrize(
    ("links", "who"),
    [
        ([], "a"),
        ([link("a", "b")], "b"),
        ([link("a", "b"), link("b", "c")], "c"),
        ([link("a", "b", 1), link("b", "a", 2)], "a"),
        ([link("a", "b", 2), link("b", "a", 1)], "b"),
        ([link("a", "b", 1), link("b", "c", 2), link("c", "b", 3)], "b"),
    ],
)
def test_who_stands_for_a_firm_is_found_over_all_links_and_a_circle_loses_its_oldest(
    links: list[Link], who: str
) -> None:
    assert standing("a", {one.firm_id: one for one in links}) == who
