"""What a partner says of a referral or of a question, as data: understood, or refused with everything that is wrong."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from services.referral.lifecycle import Asked
from services.referral.updates import (
    INFORMATION_DECLINED,
    MEMBERSHIP_ANSWERED,
    UPDATED,
    Content,
    InformationRefusal,
    MembershipAnswer,
    Said,
    understand,
)
from shared.contracts.rules import RULES
from tests.unit.referral.builders import ACCORD, NOW, TODAY

REFERRAL = "00000000-0000-5000-8000-000000000001"


def data(**members: object) -> dict[str, object]:
    return {"referral_id": REFERRAL, "status": "accepted", "at": NOW.isoformat()} | members


def understood(given: Mapping[str, object], kind: str = UPDATED) -> Said:
    content, problems = understand(kind, given, NOW, ACCORD)
    assert problems == ()
    assert content is not None
    return content


def content_of(given: dict[str, object]) -> Content:
    content = understood(given)
    assert isinstance(content, Content)
    return content


def rules(given: dict[str, object], kind: str = UPDATED) -> dict[str, str]:
    content, problems = understand(kind, given, NOW, ACCORD)
    assert content is None
    return {problem.pointer: problem.rule for problem in problems}


def held(until: object = None, reason: object = "waiting_firm") -> dict[str, object]:
    return data(status="on_hold", reason=reason, until=until)


def test_an_update_is_understood() -> None:
    content = content_of(data(note="al telefono", unknown=1))
    assert (content.referral_id, content.asked, content.at, content.note) == (
        REFERRAL,
        Asked.ACCEPTED,
        NOW,
        "al telefono",
    )


def test_all_problems_are_told_at_once() -> None:
    assert rules({"status": "rejected", "outcomes": [{"code": "x"}, {}]}) == {
        "/at": "missing",
        "/referral_id": "missing",
        "/reason": "reason-required",
        "/outcomes/0/code": "wrong-value",
        "/outcomes/1/code": "missing",
    }
    assert rules({"status": "on_hold", "until": "soon", "reason": "no_capacity"}) == {
        "/at": "missing",
        "/referral_id": "missing",
        "/reason": "wrong-value",
        "/until": "wrong-value",
    }


@pytest.mark.parametrize(("status", "code"), [("rejected", "no_capacity"), ("failed", "service_ended")])
def test_rejecting_and_failing_take_their_own_codes_only(status: str, code: str) -> None:
    assert content_of(data(status=status, reason=code)).reason == code
    assert rules(data(status=status, reason="because")) == {"/reason": "wrong-value"}
    assert rules(data(status=status)) == {"/reason": "reason-required"}


@pytest.mark.parametrize("code", ["waiting_firm", "waiting_call", "waiting_third_party"])
def test_a_hold_has_a_coded_reason_and_its_last_day(code: str) -> None:
    content = content_of(held("2026-12-31", code))
    assert (content.asked, content.reason, content.until) == (Asked.ON_HOLD, code, date(2026, 12, 31))
    assert rules(held()) == {"/until": "until-required"}
    assert rules(held("2026-12-31", None)) == {"/reason": "reason-required"}
    assert rules(held("2026-12-31", "no_capacity")) == {"/reason": "wrong-value"}


def test_a_hold_ends_today_at_the_earliest_and_sixty_working_days_away_at_the_latest() -> None:
    last = date(2027, 2, 22)
    for day in (TODAY, last):
        assert content_of(held(day.isoformat())).until == day
    for day in (TODAY - timedelta(days=1), last + timedelta(days=1), date(9999, 12, 31)):
        assert rules(held(day.isoformat())) == {"/until": "until-out-of-range"}


def test_how_long_a_hold_may_be_is_the_agreements() -> None:
    week = ACCORD.model_copy(update={"deadlines": ACCORD.deadlines.model_copy(update={"longest_hold": 5})})
    last = TODAY + timedelta(days=7)
    for day, problems in ((last, 0), (last + timedelta(days=1), 1)):
        assert len(understand(UPDATED, held(day.isoformat()), NOW, week)[1]) == problems


def test_a_day_of_a_hold_is_none_of_any_other_status() -> None:
    assert content_of(data(until="1999-01-01")).until is None


def test_completing_tells_at_least_one_coded_outcome() -> None:
    assert (
        rules(data(status="completed"))
        == rules(data(status="completed", outcomes=[]))
        == {"/outcomes": "outcomes-required"}
    )
    told = {"code": "mission", "market": "EL", "value_eur": 25000, "on": "2026-11-20"}
    (outcome,) = content_of(data(status="completed", outcomes=[told])).outcomes
    assert (outcome.code, outcome.market, outcome.value_eur, outcome.on) == ("mission", "GR", 25000, date(2026, 11, 20))


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"market": "IT"}, "country-is-italy"),
        ({"market": "QQ"}, "country-unknown"),
        ({"value_eur": -1}, "wrong-value"),
        ({"value_eur": "1"}, "wrong-type"),
        ({"on": "20/11/2026"}, "wrong-value"),
    ],
)
def test_an_outcome_is_refused_for_its_country_value_and_day(wrong: dict[str, object], rule: str) -> None:
    given = data(status="completed", outcomes=[{"code": "mission"} | wrong])
    assert rules(given) == {f"/outcomes/0/{next(iter(wrong))}": rule}


def test_a_time_may_be_ten_minutes_ahead_and_not_more() -> None:
    assert content_of(data(at=(NOW + timedelta(minutes=10)).isoformat()))
    assert rules(data(at=(NOW + timedelta(minutes=10, seconds=1)).isoformat())) == {"/at": "time-in-future"}


def test_an_answer_on_membership_is_understood() -> None:
    given = {"query_id": REFERRAL, "member": True, "since": "2015-01-01"}
    assert understood(given, MEMBERSHIP_ANSWERED) == MembershipAnswer(
        query_id=REFERRAL, member=True, since=date(2015, 1, 1)
    )
    assert rules({"member": "yes", "since": 2015}, MEMBERSHIP_ANSWERED) == {
        "/query_id": "missing",
        "/member": "wrong-type",
        "/since": "wrong-value",
    }


def test_a_refusal_to_inform_is_understood() -> None:
    given = {"request_id": REFERRAL, "reason": "the firm does not answer"}
    assert understood(given, INFORMATION_DECLINED) == InformationRefusal(
        request_id=REFERRAL, reason="the firm does not answer"
    )
    assert rules({"request_id": "7"}, INFORMATION_DECLINED) == {"/request_id": "wrong-value", "/reason": "missing"}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        data(at=1),
        data(at="2026-11-23"),
        data(at="2026-11-23T09:00:00"),
        data(at="9999-12-31T23:59:59-23:00"),
        data(status=["accepted"]),
        data(status={"accepted": 1}),
        data(status="rejected", reason=["no_capacity"]),
        data(status="on_hold", reason={}, until=["2026-12-31"]),
        held(20261231),
        held("20261231"),
        data(referral_id="not a uuid"),
        data(referral_id=None),
        data(outcomes=[{"code": "informed"}] * 65),
        data(outcomes={"code": "informed"}),
        data(outcomes=["informed"]),
        data(outcomes=[{"code": "informed", "value_eur": float("nan")}]),
        data(note=5),
        data(note="x" * 4001),
    ],
)
def test_whatever_comes_is_answered_by_published_rules_and_never_raises(broken: dict[str, object]) -> None:
    for kind in (UPDATED, MEMBERSHIP_ANSWERED, INFORMATION_DECLINED):
        assert set(rules(broken, kind).values()) <= RULES.keys()
