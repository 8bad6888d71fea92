"""What ends a request for information, and what waits for the answer until then."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from services.referral.answers import Answer, Outcome, answer
from services.referral.case import Case, Moment, NeedState, Opened
from services.referral.domain import assess, erase
from services.referral.information import overdue
from services.referral.lifecycle import Flag
from services.referral.manual import Assignment, NotPossible, assign
from services.referral.receipt import Person
from services.referral.request import Closing, Request
from services.referral.succession import follow
from services.referral.updates import InformationRefusal, Update
from tests.unit.referral.asking import (
    DAY,
    HEIR,
    asked,
    hear,
    heard,
    missing,
    of_information,
    only,
    waiting,
)
from tests.unit.referral.builders import ACCORD, FIRM, NOW, consent, moment, need


def decline(case: Case, request: Request, *, partner: str = "cna", at: datetime = NOW, id: str = "u-1") -> Answer:
    update = Update(
        partner=partner,
        topic=f"partners.{partner}.updates.v1",
        partition=0,
        offset=1,
        appended_at=at,
        id=id,
        source="crm",
        content_hash=id.encode(),
        content=InformationRefusal(request_id=request.request_id, reason=f"words of {id}"),
        problems=(),
    )
    return answer(update, case, {}, Moment(f"answer-{id}", at, at.date(), ACCORD))


# The deadline.


def test_a_deadline_is_over_after_its_last_second_and_not_in_it() -> None:
    case, request = asked()
    due = request.answer_by
    assert overdue(case, request.request_id, Moment("early", due, due.date(), ACCORD)) == []
    late = due + timedelta(seconds=1)
    overdue(case, request.request_id, Moment("late", late, late.date(), ACCORD))
    assert (only(case).closed, only(case).closed_at) == (Closing.NO_ANSWER, late)
    assert overdue(case, request.request_id, Moment("again", late, late.date(), ACCORD)) == []


def test_a_deadline_that_falls_into_an_outage_is_judged_a_working_day_after_it() -> None:
    case, request = asked()
    back = request.answer_by + timedelta(hours=9)
    outage = ((request.answer_by - DAY, back),)
    until = ACCORD.working_days.due(back, 1)
    assert overdue(case, request.request_id, Moment("t", until, until.date(), ACCORD, outage)) == []
    assert decline(case, request, at=request.answer_by + timedelta(hours=1)).flags == (Flag.LATE,)
    case, request = asked()
    after = until + timedelta(seconds=1)
    assert overdue(case, request.request_id, Moment("t", after, after.date(), ACCORD, outage)) != []


# Declining.


def test_a_refusal_closes_the_request_and_its_words_are_kept() -> None:
    case, request = asked()
    given = decline(case, request)
    assert (given.outcome, given.flags) == (Outcome.RECORDED, ())
    assert (only(case).closed, only(case).declined, only(case).declined_at) == (Closing.DECLINED, "words of u-1", NOW)


def test_a_second_refusal_is_flagged_and_the_first_words_stay() -> None:
    case, request = asked()
    decline(case, request)
    given = decline(case, request, id="u-2", at=NOW + DAY)
    assert (given.outcome, given.flags, given.facts) == (Outcome.RECORDED, (Flag.REPEATED,), ())
    assert (only(case).declined, only(case).declined_at) == ("words of u-1", NOW)


def test_a_refusal_after_the_end_is_flagged_late_and_kept_and_changes_nothing_else() -> None:
    case, request = asked()
    hear(case, heard(ask=(), possible=("no_experience",), version=2))
    given = decline(case, request)
    assert (given.outcome, given.flags, given.facts) == (Outcome.RECORDED, (Flag.LATE,), ())
    assert (only(case).closed, only(case).declined) == (Closing.ANSWERED, "words of u-1")


def test_anothers_request_is_as_unknown_as_none() -> None:
    case, request = asked()
    for given in (
        decline(case, request, partner="aice"),
        decline(case, replace(request, request_id=HEIR)),
        decline(Case(FIRM), request),
    ):
        assert (given.outcome, [(one.rule, one.pointer) for one in given.problems]) == (
            Outcome.REFUSED,
            [("request-unknown", "/request_id")],
        )
    assert only(case).is_open


@pytest.mark.parametrize("how", ["overdue", "declined"])
def test_after_the_deadline_or_a_refusal_the_same_is_not_asked_again_and_something_else_is(how: str) -> None:
    case, request = asked()
    if how == "overdue":
        at = request.answer_by + timedelta(seconds=1)
        assert of_information(overdue(case, request.request_id, Moment("t", at, at.date(), ACCORD))) == ["no_answer"]
    else:
        assert of_information(list(decline(case, request).facts)) == ["declined"]
    assert of_information(hear(case, heard(version=2))) == []
    assert of_information(hear(case, heard(ask=missing("size?"), version=3))) == ["asked"]


# What waits.


def test_what_some_possible_segments_give_and_not_all_waits_and_the_rest_is_served_at_once() -> None:
    case, _ = asked(need("information"), need("training_and_orientation"))
    assert waiting(case) == {"assistance"}
    states = {one.front: one.state for one in case.needs.values()}
    assert states["information"] is states["training_and_orientation"] is NeedState.REFERRED


def test_what_the_firm_declared_does_not_wait_and_out_of_target_gives_nothing() -> None:
    assert waiting(asked(need("assistance"), possible=("no_experience", "light_presence"))[0]) == {
        "information",
        "training_and_orientation",
    }
    small = ("no_experience", "out_of_target")
    assert waiting(asked(possible=small)[0]) == {"information", "training_and_orientation"}


def test_nothing_waits_where_nobody_is_asked() -> None:
    case = Case(FIRM)
    hear(case, heard(publishers=()))
    assert case.needs == {}


def test_once_the_segment_is_settled_what_it_gives_is_referred_and_what_it_does_not_is_withdrawn() -> None:
    case, _ = asked(possible=("no_experience", "light_presence", "consolidating"))
    assert waiting(case) >= {"assistance", "finance_and_insurance"}
    settled = heard(
        need("assistance"), need("information"), ask=(), possible=("light_presence",), consents=(consent(),), version=2
    )
    facts = hear(case, settled)
    assert {fact.referral.front for fact in facts if isinstance(fact, Opened)} == {"assistance", "information"}
    states = {one.front: (one.state.value, one.reason) for one in case.needs.values()}
    assert states["assistance"] == ("referred", None)
    assert states["finance_and_insurance"] == ("withdrawn", "no_longer_needed")


@pytest.mark.parametrize(("close", "reason"), [("overdue", "no_answer"), ("declined", "declined")])
def test_what_waited_is_withdrawn_when_nobody_is_waited_for_and_waits_again_when_somebody_is(
    close: str, reason: str
) -> None:
    case, request = asked()
    at = request.answer_by + timedelta(seconds=1)
    if close == "overdue":
        overdue(case, request.request_id, Moment("t", at, at.date(), ACCORD))
    else:
        decline(case, request)
    assert {one.reason for one in case.needs.values()} == {reason}
    assert waiting(case) == set()
    hear(case, heard(ask=missing("size?"), version=2))
    assert waiting(case) == {"assistance", "information", "training_and_orientation"}


def test_a_need_that_somebody_serves_does_not_wait_though_its_segment_is_open_again() -> None:
    case = Case(FIRM)
    hear(case, heard(need("assistance"), ask=(), possible=("light_presence",)))
    hear(case, heard(version=2))
    assert {one.front: one.state for one in case.needs.values()}["assistance"] is NeedState.REFERRED


def test_a_person_cannot_assign_what_waits_for_information() -> None:
    case, _ = asked()
    waits = next(one for one in case.needs.values() if one.front == "assistance")
    order = Assignment(id="o", need_id=waits.need_id, partner="cna", person=Person(by="anna", reason="why"))
    with pytest.raises(NotPossible, match="waits for information"):
        assign(case, order, moment("order"))


# Erasure and succession.


def test_an_erased_firms_requests_are_forgotten_and_what_waited_is_withdrawn() -> None:
    case, _ = asked()
    erase(case, moment("erase"))
    assert (case.requests, waiting(case)) == ({}, set())


def test_a_succeeded_firm_is_asked_no_longer_and_its_successor_by_its_own_assessment() -> None:
    old, _ = asked()
    new = Case(HEIR)
    event = msgspec.structs.replace(heard(), firm_id=HEIR)
    assess(new, event, moment("heir"))
    before = only(new)
    follow(old, new, moment("merger"))
    assert (only(old).closed, waiting(old)) == (Closing.FIRM_MERGED, set())
    assert only(new) == before
    assert {one.reason for one in old.needs.values()} == {"firm_merged"}
