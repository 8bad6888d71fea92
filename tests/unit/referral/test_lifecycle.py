"""The table of statuses, as a partner meets it."""

import pytest

from services.referral.lifecycle import BY_HUB, OPEN, Barred, Ended, Flag, Moves, Status, Stays, judge


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (Status.REQUESTED, Status.RECEIVED),
        (Status.REQUESTED, Status.ACCEPTED),
        (Status.REQUESTED, Status.REJECTED),
        (Status.RECEIVED, Status.ACCEPTED),
        (Status.RECEIVED, Status.REJECTED),
        (Status.ACCEPTED, Status.REJECTED),
        (Status.ACCEPTED, Status.IN_PROGRESS),
        (Status.IN_PROGRESS, Status.COMPLETED),
        (Status.IN_PROGRESS, Status.FAILED),
    ],
)
def test_the_table_lets_these_through_on_every_front(status: Status, asked: Status) -> None:
    assert judge(status, asked, front="assistance") == Moves()


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (Status.REQUESTED, Status.IN_PROGRESS),
        (Status.REQUESTED, Status.FAILED),
        (Status.RECEIVED, Status.COMPLETED),
        (Status.ACCEPTED, Status.COMPLETED),
        (Status.IN_PROGRESS, Status.REJECTED),
    ],
)
def test_what_the_table_does_not_name_is_refused_with_the_ways_that_there_are(status: Status, asked: Status) -> None:
    answer = judge(status, asked, front="assistance")
    assert isinstance(answer, Barred)
    assert f"is {status};" in answer.message


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS])
def test_information_may_be_completed_from_any_open_status(status: Status) -> None:
    assert judge(status, Status.COMPLETED, front="information") == Moves()


@pytest.mark.parametrize("ended", [Status.REJECTED, Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_an_ended_referral_never_moves_again(ended: Status) -> None:
    for asked in Status:
        assert judge(ended, asked, front="information") != Moves()


def test_the_loser_of_a_race_is_told_the_status_and_its_cause() -> None:
    answer = judge(Status.CANCELLED, Status.ACCEPTED, front="assistance", ended_for="consent_withdrawn")
    assert answer == Barred("the referral is cancelled (consent_withdrawn) and does not change any more")


def test_what_comes_after_its_time_is_recorded_as_out_of_order() -> None:
    assert judge(Status.ACCEPTED, Status.RECEIVED, front="assistance") == Stays(Flag.OUT_OF_ORDER)


def test_saying_the_present_status_again_is_a_repeat() -> None:
    assert judge(Status.ACCEPTED, Status.ACCEPTED, front="assistance") == Stays(Flag.REPEATED)


def test_a_progress_note_is_neither_a_move_nor_a_repeat() -> None:
    assert judge(Status.IN_PROGRESS, Status.IN_PROGRESS, front="assistance") == Stays()


def test_no_partner_can_ask_for_what_the_hub_alone_says() -> None:
    for status in OPEN:
        assert judge(status, Status.CANCELLED, front="assistance") != Moves()


def test_an_expired_consent_ends_less_than_a_withdrawn_one() -> None:
    assert Status.ACCEPTED in BY_HUB[Ended.CONSENT_WITHDRAWN]
    assert Status.ACCEPTED not in BY_HUB[Ended.CONSENT_EXPIRED]
