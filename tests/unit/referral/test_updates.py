"""What an update has to be, and everything that can be wrong with one at once."""

from datetime import timedelta

import pytest

from services.referral.lifecycle import Status
from services.referral.updates import understand
from tests.unit.referral.builders import NOW

REFERRAL = "00000000-0000-5000-8000-000000000001"


def data(**members: object) -> dict[str, object]:
    return {"referral_id": REFERRAL, "status": "accepted", "at": NOW.isoformat()} | members


def rules(given: object) -> dict[str, str]:
    content, problems = understand(given, NOW)
    assert content is None
    return {problem.pointer: problem.rule for problem in problems}


def test_an_update_is_understood() -> None:
    content, problems = understand(data(note="al telefono", unknown=1), NOW)
    assert problems == ()
    assert content is not None
    assert (content.referral_id, content.asked, content.at, content.note) == (
        REFERRAL,
        Status.ACCEPTED,
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


@pytest.mark.parametrize(("status", "code"), [("rejected", "no_capacity"), ("failed", "service_ended")])
def test_rejecting_and_failing_take_their_own_codes_only(status: str, code: str) -> None:
    content, _ = understand(data(status=status, reason=code), NOW)
    assert content is not None
    assert content.reason == code
    assert rules(data(status=status, reason="because")) == {"/reason": "wrong-value"}
    assert rules(data(status=status)) == {"/reason": "reason-required"}


def test_a_time_may_be_ten_minutes_ahead_and_not_more() -> None:
    assert understand(data(at=(NOW + timedelta(minutes=10)).isoformat()), NOW)[0] is not None
    assert rules(data(at=(NOW + timedelta(minutes=10, seconds=1)).isoformat())) == {"/at": "time-in-future"}


@pytest.mark.parametrize("status", ["on_hold", "cancellation_confirmed"])
def test_a_status_that_is_not_served_yet_is_refused_in_words(status: str) -> None:
    _, problems = understand(data(status=status), NOW)
    assert [problem.message for problem in problems] == [f"{status} is part of the contract; it is not served yet"]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "text",
        {},
        data(at=1),
        data(at="2026-11-23"),
        data(at="2026-11-23T09:00:00"),
        data(at="9999-12-31T23:59:59-23:00"),
        data(status=["accepted"]),
        data(status={"accepted": 1}),
        data(status="rejected", reason=["no_capacity"]),
        data(referral_id="not a uuid"),
        data(referral_id=None),
        data(outcomes=[{"code": "informed"}] * 65),
        data(outcomes={"code": "informed"}),
        data(outcomes=[{"code": "informed", "value_eur": float("nan")}]),
        data(note=5),
    ],
)
def test_whatever_comes_is_answered_with_problems_and_never_raises(broken: object) -> None:
    assert rules(broken)
