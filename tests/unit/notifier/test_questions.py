"""What a form says, and what becomes of an answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.links import Purpose
from services.notifier.questions import REASONS, Answer, Given, Question, Unreadable, answered, given
from tests.unit.notifier.builders import FIRM, REFERRAL

END = datetime(2026, 12, 23, 22, 59, 59, tzinfo=UTC)
QUESTION = Question(
    purpose=Purpose.OUTCOMES, id=REFERRAL, firm_id=FIRM, partner="cna", language="it", until=END, front="information"
)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"answer": ["yes"]}, Given(Answer.YES)),
        ({"answer": ["no"]}, Given(Answer.NO)),
        ({"answer": ["no"], "reason": [""]}, Given(Answer.NO)),
        *(({"answer": ["no"], "reason": [one]}, Given(Answer.NO, one)) for one in REASONS),
        ({"answer": ["yes"], "reason": ["not_finished"]}, Given(Answer.YES)),
        ({"answer": ["no"], "reason": ["my own words"]}, Unreadable()),
        ({"answer": ["no"], "reason": ["not_finished", "other_outcomes"]}, Unreadable()),
        ({"answer": ["yes", "no"]}, Unreadable()),
        ({"answer": ["YES"]}, Unreadable()),
        ({"answer": [""]}, Unreadable()),
        ({"answer": []}, Unreadable()),
        ({"reason": ["not_finished"]}, Unreadable()),
        ({}, Unreadable()),
    ],
)
def test_only_what_a_button_says_is_an_answer(form: dict[str, list[str]], said: Given | Unreadable) -> None:
    assert given(form, Purpose.OUTCOMES) == said


def test_a_firm_gives_no_reason_for_not_having_wished() -> None:
    assert given({"answer": ["no"]}, Purpose.PREFERENCE) == Given(Answer.NO)
    assert given({"answer": ["no"], "reason": [REASONS[0]]}, Purpose.PREFERENCE) == Unreadable()


def test_the_first_answer_is_taken_until_the_last_second_of_the_link() -> None:
    for at in (END - SECOND, END):
        done = answered(QUESTION, Given(Answer.NO, "not_finished"), at)
        assert done == replace(QUESTION, answer=Answer.NO, reason="not_finished", answered_at=at)
    assert answered(QUESTION, Given(Answer.YES), END + SECOND) is None


@pytest.mark.parametrize("first", Answer)
@pytest.mark.parametrize("second", Answer)
def test_a_second_answer_is_never_taken(first: Answer, second: Answer) -> None:
    done = answered(QUESTION, Given(first), END - SECOND)
    assert done is not None
    assert answered(done, Given(second), END - SECOND) is None
