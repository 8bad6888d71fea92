"""The table of statuses, as a partner meets it. The grid is written from the agreement's table, not from the code's."""

import pytest

from services.referral.lifecycle import Asked, Barred, Flag, Moves, Standing, Status, Stays, judge

SAID = ["received", "accepted", "rejected", "in_progress", "on_hold", "completed", "failed", "cancellation_confirmed"]
GRID = """
requested               go   go   go   no   no   no   no   no
received                same go   go   no   no   no   no   no
accepted                late same go   go   go   no   no   no
in_progress             late late no   note go   go   go   no
on_hold/accepted        late go   no   go   same go   go   no
on_hold/in_progress     late late no   go   same go   go   no
rejected                no   no   same no   no   no   no   no
completed               no   no   no   no   no   same no   no
failed                  no   no   no   no   no   no   same no
cancelled               no   no   no   no   no   no   no   no
entered_in_error        no   no   no   no   no   no   no   no
"""
"""From where (on hold: and where it was before), and what becomes of each thing that a partner can say. go: it moves;
note: it is recorded; same: recorded as repeated; late: recorded as out of order; no: refused."""
FOR_INFORMATION = {("requested", "completed"), ("received", "completed"), ("accepted", "completed")}
"""What moves on the front `information` beside the grid."""
WHERE_CANCELLATION_WAS_REQUESTED = {
    ("accepted", "cancellation_confirmed"): "go",
    ("in_progress", "cancellation_confirmed"): "go",
    ("on_hold/accepted", "cancellation_confirmed"): "go",
    ("on_hold/in_progress", "cancellation_confirmed"): "go",
    ("cancelled", "cancellation_confirmed"): "same",
}
"""What is otherwise where the hub has asked the partner to end its work."""


def cells() -> list[tuple[str, str, str]]:
    rows = [line.split() for line in GRID.strip().splitlines()]
    return [(place, said, end) for place, *ends in rows for said, end in zip(SAID, ends, strict=True)]


def judged(place: str, said: str, *, front: str = "assistance", cancelling: bool = False) -> str:
    status, _, resumes = place.partition("/")
    standing = Standing(
        status=Status(status), front=front, resumes=Status(resumes) if resumes else None, cancelling=cancelling
    )
    match judge(standing, Asked(said)):
        case Moves():
            return "go"
        case Barred():
            return "no"
        case Stays(flag):
            return {None: "note", Flag.REPEATED: "same", Flag.OUT_OF_ORDER: "late"}[flag]


def test_the_grid_has_every_status_and_everything_that_can_be_said() -> None:
    assert {place.partition("/")[0] for place, _, _ in cells()} == set(Status)
    assert {said for _, said, _ in cells()} == set(Asked)


@pytest.mark.parametrize(("place", "said", "end"), cells())
def test_the_grid_holds_on_every_front_but_information(place: str, said: str, end: str) -> None:
    assert judged(place, said) == end


@pytest.mark.parametrize(("place", "said", "end"), cells())
def test_to_inform_is_to_complete_and_all_else_is_as_everywhere(place: str, said: str, end: str) -> None:
    assert judged(place, said, front="information") == ("go" if (place, said) in FOR_INFORMATION else end)


@pytest.mark.parametrize(("place", "said", "end"), cells())
def test_a_requested_cancellation_can_be_confirmed_and_forbids_nothing(place: str, said: str, end: str) -> None:
    wanted = WHERE_CANCELLATION_WAS_REQUESTED.get((place, said), end)
    assert judged(place, said, cancelling=True) == wanted


def test_a_hold_until_another_day_is_refused_while_one_stands() -> None:
    standing = Standing(status=Status.ON_HOLD, front="assistance", resumes=Status.ACCEPTED)
    assert isinstance(judge(standing, Asked.ON_HOLD, same_hold=False), Barred)


def test_the_loser_of_a_race_is_told_the_status_and_its_cause() -> None:
    standing = Standing(status=Status.CANCELLED, front="assistance", ended_for="consent_withdrawn")
    told = "the referral is cancelled (consent_withdrawn) and does not change any more"
    assert judge(standing, Asked.ACCEPTED) == Barred(told)


def test_a_refusal_names_the_ways_that_there_are() -> None:
    standing = Standing(status=Status.IN_PROGRESS, front="assistance", cancelling=True)
    told = "the referral is in_progress; from there you can say in_progress, on_hold, completed, failed, "
    assert judge(standing, Asked.REJECTED) == Barred(f"{told}cancellation_confirmed, not rejected")


def test_confirming_what_was_not_asked_is_refused_in_words() -> None:
    answer = judge(Standing(status=Status.IN_PROGRESS, front="assistance"), Asked.CANCELLATION_CONFIRMED)
    assert isinstance(answer, Barred)
    assert "was not requested" in answer.message
