"""What new facts move: the grids are written from the agreement's text, by hand. What was accepted runs on."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from services.referral.case import Case, Fact, MembershipAsked, Moment, Moved, NeedState, Opened, Referral, Role
from services.referral.domain import assess
from services.referral.lifecycle import Status
from services.referral.manual import Assignment, assign
from services.referral.membership import answer_query
from services.referral.queries import memberships, unanswered
from services.referral.receipt import Person
from shared.contracts.classifier import FirmAssessed, Segment
from shared.contracts.firm import Membership, Publisher
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, case_with, consent, firm, member, moment, need

BY_STATUS = """
                                            requested           received    accepted  in_progress  on_hold
its membership ends                         membership_changed  -           -         -            -
a body says that it is no member            membership_changed  -           -         -            -
an older membership is told of              membership_changed  -           -         -            -
the firm moves                              superseded          superseded  -         -            -
the firm turns out to be an artisan         superseded          superseded  -         -            -
its segment gives no such need              superseded          superseded  -         -            -
its declaration is taken back               superseded          superseded  -         -            -
its market is taken back                    superseded          superseded  -         -            -
the firm goes into liquidation              superseded          superseded  -         -            -
its segment has other services              superseded          superseded  -         -            -
a further membership is told of             -                   -           -         -            -
its seat moves within the body's territory  -                   -           -         -            -
a consent is added                          -                   -           -         -            -
another body is wished for                  -                   -           -         -            -
nobody else may have it                     -                   -           -         -            -
its segment is open and may still give it   -                   -           -         -            -
"""
"""What happens to a firm -> for what its task is taken back, by where the task stands."""

ANYBODY = (consent(),)
OLD, YOUNG = date(2001, 1, 1), date(2020, 1, 1)
TRADE = {"division": "46"}


def segment(*possible: str) -> Segment:
    status = "classified" if len(possible) == 1 else "provisional"
    return Segment(
        status=status,  # type: ignore[arg-type]  # one of the two
        possible=possible,
        value=possible[0] if len(possible) == 1 else None,
        presumptions=(),
        warnings=(),
        agreement=ACCORD.version,
    )


def given(*fronts: str, possible: tuple[str, ...] = ("light_presence",), **more: Any) -> FirmAssessed:
    """A firm whose segment gives it these needs."""
    needs = tuple(msgspec.structs.replace(need(front), declared=False) for front in fronts)
    whole = assessed(*needs, **{"profile": firm(), **more})
    return msgspec.structs.replace(whole, segment=segment(*possible))


def by_a_member(**more: Any) -> FirmAssessed:
    return given("assistance", **{"members": (member("cna", since=YOUNG),), **more})


MILAN, BERGAMO = firm(province="MI"), firm(province="BG")
CASES: dict[str, tuple[FirmAssessed, FirmAssessed]] = {
    "its membership ends": (by_a_member(), by_a_member(members=())),
    "a body says that it is no member": (
        by_a_member(),
        msgspec.structs.replace(by_a_member(members=()), not_members=("cna",)),
    ),
    "an older membership is told of": (
        by_a_member(),
        by_a_member(members=(member("cna", since=YOUNG), member("confapi", since=OLD))),
    ),
    "the firm moves": (
        given("assistance", profile=MILAN, consents=(consent("assolombarda"), consent("confindustria"))),
        given("assistance", profile=BERGAMO, consents=(consent("assolombarda"), consent("confindustria"))),
    ),
    "the firm turns out to be an artisan": (
        given("information", profile=firm(artisan=None)),
        given("information", profile=firm(artisan=True)),
    ),
    "its segment gives no such need": (
        given("training_and_orientation"),
        given("finance_and_insurance", possible=("consolidating",)),
    ),
    "its declaration is taken back": (
        given("assistance", possible=("no_experience",)),
        given(possible=("no_experience",)),
    ),
    "the firm goes into liquidation": (given("information"), given(profile=firm(status="in_liquidation"))),
    "its segment has other services": (by_a_member(), by_a_member(possible=("consolidating",))),
    "a further membership is told of": (
        by_a_member(),
        by_a_member(members=(member("cna", since=YOUNG), member("confapi", since=date(2024, 1, 1)))),
    ),
    "its seat moves within the body's territory": (by_a_member(profile=MILAN), by_a_member(profile=BERGAMO)),
    "a consent is added": (
        given("assistance", profile=MILAN, consents=(consent("unioncamere"),)),
        given("assistance", profile=firm(province="MI", staff=8), consents=ANYBODY),
    ),
    "another body is wished for": (
        by_a_member(members=(member("cna", since=OLD), member("confapi", since=YOUNG))),
        by_a_member(
            members=(member("cna", since=OLD), member("confapi", since=YOUNG)),
            profile=firm(preferred_partner="confapi", staff=8),
        ),
    ),
    "its market is taken back": (
        assessed(need("assistance", market="AE"), profile=firm()),
        given(possible=("light_presence", "consolidating")),
    ),
    "nobody else may have it": (
        by_a_member(consents=(consent("cna"),)),
        by_a_member(consents=(consent("cna"),), members=()),
    ),
    "its segment is open and may still give it": (
        given("training_and_orientation"),
        given(possible=("light_presence", "consolidating")),
    ),
}


def accord() -> Moment:
    """An agreement in which cna offers one service to those with a light presence and another to those who
    consolidate."""
    service = ACCORD.services_for("cna", "assistance", ("light_presence",), None, False, NOW.date())[0]
    mine = [
        service.model_copy(update={"code": f"for_{code}", "segments": (code,)})
        for code in ("light_presence", "consolidating")
    ]
    others = [one for one in ACCORD.services if (one.partner, one.front) != ("cna", "assistance")]
    agreement = ACCORD.model_copy(update={"services": (*others, *mine)})
    return replace(moment("second"), agreement=agreement)


def told(case: Case, event: FirmAssessed, cause: str) -> list[Fact]:
    return assess(case, event, replace(accord(), cause_id=cause))


def only(case: Case) -> Referral:
    (one,) = [one for one in case.referrals.values() if one.role is Role.RESPONSIBLE]
    return one


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [line for line in BY_STATUS.splitlines() if line.strip()]
    found = []
    for row in rows:
        name = next(one for one in CASES if row.startswith(one))
        ends = row.removeprefix(name).split()
        found += [(name, status, end) for status, end in zip(head.split(), ends, strict=True)]
    return found


def test_the_grid_tells_of_every_case_once() -> None:
    assert {name for name, _, _ in cells()} == CASES.keys()
    assert len(cells()) == 5 * len(CASES)


@pytest.mark.parametrize(("happens", "status", "why"), cells())
def test_new_facts_move_what_nobody_has_accepted_and_nothing_else(happens: str, status: str, why: str) -> None:
    before, after = CASES[happens]
    case = Case(FIRM)
    told(case, before, "first")
    referral = only(case)
    resumes = Status.ACCEPTED if status == "on_hold" else None
    referral = replace(referral, status=Status(status), resumes=resumes, hold_until=NOW if resumes else None)
    case.put(referral)
    facts = told(case, msgspec.structs.replace(after, version=2), "second")
    stands = case.referrals[referral.referral_id]
    if why == "-":
        assert (stands, [one for one in facts if isinstance(one, Moved)]) == (referral, [])
        return
    assert facts[0] == Moved(stands, Status(status))
    assert (stands.status, stands.reason) == (Status.CANCELLED, why)
    now = case.needs[referral.need_id]
    replacing = [one.referral for one in facts if isinstance(one, Opened) and one.referral.need_id == now.need_id]
    replacing = [one for one in replacing if one.role is Role.RESPONSIBLE]
    if any(one.key == (now.front, now.import_, now.market) for one in after.needs):
        (new,) = replacing
        assert (new.replaces, now.referral_id) == (referral.referral_id, new.referral_id)
        assert (now.excluded, now.rerouted) == (frozenset(), 0), "it gave nobody back, and made no hop"
        assert (new.partner != referral.partner) is (happens != "its segment has other services")
    else:
        assert (replacing, now.state, now.reason) == ([], NeedState.WITHDRAWN, "no_longer_needed")


def test_what_came_with_another_firm_follows_this_one_whatever_its_own_segment_gives() -> None:
    case, (referral,) = case_with(need(), members=(member("cna"),))
    case.put(replace(case.needs[referral.need_id], decided=None))
    assert assess(case, assessed(version=2), moment("second")) == []
    assert assess(case, assessed(need(), members=(member("confapi"),), version=3), moment("third")) == []


def test_what_a_person_has_placed_stays_whatever_becomes_of_the_membership() -> None:
    case = Case(FIRM)
    told(case, by_a_member(consents=()), "first")
    case.assessment = by_a_member(members=(member("confapi"),))
    (waiting,) = case.needs.values()
    person = Assignment(id="order", need_id=waiting.need_id, partner="cna", person=Person("anna", "by phone"))
    assign(case, person, moment("order"))
    assert told(case, by_a_member(members=(), version=2), "second") == []


def test_a_membership_that_ended_is_waited_for_where_the_firm_declares_another_one() -> None:
    case = Case(FIRM)
    told(case, by_a_member(), "first")
    facts = told(case, by_a_member(members=(), profile=firm(declared_memberships=("confapi",)), version=2), "second")
    assert [type(fact) for fact in facts] == [Moved, MembershipAsked]
    assert next(iter(case.needs.values())).state is NeedState.WAITING_MEMBERSHIP


def test_a_membership_declared_later_is_asked_about_and_moves_the_task_only_with_the_bodys_yes() -> None:
    for member_, partner in ((False, "unioncamere"), (True, "confapi")):
        case, (referral,) = case_with(need(), profile=firm(artisan=None))
        again = assessed(need(), profile=firm(artisan=None, declared_memberships=("confapi",)), version=2)
        (asked,) = assess(case, again, moment("second"))
        assert isinstance(asked, MembershipAsked)
        assert (referral.partner, case.referrals[referral.referral_id].status) == ("unioncamere", Status.REQUESTED)
        assert assess(case, msgspec.structs.replace(again, version=3), moment("third")) == [], "it is asked once"
        answer_query(case, asked.query, member=member_, since=None, moment=moment("answer"))
        (open_one,) = [one for one in case.referrals.values() if one.is_open]
        assert open_one.partner == partner


def test_a_body_that_says_yes_and_then_no_loses_what_it_has_not_taken_up() -> None:
    case = Case(FIRM)
    assess(case, assessed(need(), profile=firm(artisan=None, declared_memberships=("cna",))), moment())
    (query,) = case.queries.values()
    (opened,) = answer_query(case, query, member=True, since=None, moment=moment("yes"))
    assert isinstance(opened, Opened)
    moved, again = answer_query(case, case.queries[query.query_id], member=False, since=None, moment=moment("no"))
    assert isinstance(moved, Moved)
    assert isinstance(again, Opened)
    assert (moved.referral.partner, moved.referral.reason) == ("cna", "membership_changed")
    assert (again.referral.partner, again.referral.replaces) == ("unioncamere", opened.referral.referral_id)


def test_what_a_body_publishes_beats_what_it_answered_and_it_is_not_asked_again() -> None:
    case = Case(FIRM)
    declared = firm(declared_memberships=("cna",))
    assess(case, assessed(need(), profile=declared), moment())
    (query,) = case.queries.values()
    answer_query(case, query, member=True, since=None, moment=moment("yes"))
    assert memberships(case, assessed(profile=declared)) == (Membership(partner="cna"),)
    told_no = msgspec.structs.replace(assessed(profile=declared), not_members=("cna",))
    assert memberships(case, told_no) == ()
    assert unanswered(Case(FIRM), told_no, moment()) == frozenset()
    assert unanswered(Case(FIRM), assessed(profile=declared), moment()) == {"cna"}


def test_the_leg_goes_with_a_need_that_is_none_any_more_and_stays_with_one_that_moves() -> None:
    for again, open_legs in ((assessed(), 0), (assessed(need(market="AE"), members=(member("confapi"),)), 1)):
        case, _ = case_with(need(market="AE"), members=(member("cna"),))
        assess(case, msgspec.structs.replace(again, version=2), moment("second"))
        legs = [one for one in case.referrals.values() if one.role is Role.EXECUTOR and one.is_open]
        assert len(legs) == open_legs


def test_a_publisher_that_only_repeats_itself_moves_nothing() -> None:
    case, _ = case_with(need(), members=(member("cna"),))
    again = Publisher(partner="cna", submission_id="s-2", observed_at=NOW)
    assert assess(case, assessed(need(), members=(member("cna"),), publishers=(again,), version=2), moment("2")) == []
