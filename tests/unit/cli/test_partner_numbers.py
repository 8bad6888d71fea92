"""The contract's rule for numbers, as a partner's client follows it."""

from datetime import UTC, datetime

from cli.partner.letters import Heard, Position
from cli.partner.numbers import Numbers, Verdict


def heard(sequence: int | None, generation: str | None = "g1") -> Heard:
    return Heard(
        type="it.portolano.submission.accepted.v1",
        id="an-answer",
        subject=None,
        time=None,
        generation=generation,
        sequence=sequence,
        data={},
        position=Position("partners.cna.receipts.v1", 0, 0),
        appended_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def after(*sequences: int) -> Numbers:
    numbers = Numbers()
    for sequence in sequences:
        numbers.take(heard(sequence))
    return numbers


def test_the_next_number_is_new() -> None:
    assert after(1, 2).judge(heard(3)) is Verdict.NEW


def test_a_number_not_above_the_last_is_a_repeat() -> None:
    assert [after(1, 2).judge(heard(n)) for n in (1, 2)] == [Verdict.REPEAT, Verdict.REPEAT]


def test_a_number_too_high_is_a_gap_and_says_how_many_are_missing() -> None:
    numbers = after(2)
    assert numbers.judge(heard(6)) is Verdict.GAP
    assert numbers.missing_before(heard(6)) == 3


def test_who_begins_in_the_middle_has_missed_nothing() -> None:
    assert Numbers().judge(heard(17)) is Verdict.NEW


def test_who_begins_at_the_very_start_expects_number_one() -> None:
    assert Numbers(last=0).judge(heard(1)) is Verdict.NEW
    assert Numbers(last=0).judge(heard(2)) is Verdict.GAP


def test_a_new_generation_begins_at_its_first_number() -> None:
    assert after(1, 2, 3).judge(heard(2, "g2")) is Verdict.NEW


def test_what_still_comes_of_an_earlier_generation_is_a_repeat() -> None:
    numbers = after(1, 2, 3)
    numbers.take(heard(2, "g2"))
    assert numbers.judge(heard(4, "g1")) is Verdict.REPEAT
    assert numbers.judge(heard(3, "g2")) is Verdict.NEW


def test_a_record_without_a_number_is_shown_and_changes_nothing() -> None:
    numbers = after(1, 2)
    assert numbers.judge(heard(None)) is Verdict.NEW
    numbers.take(heard(None))
    assert numbers.judge(heard(3)) is Verdict.NEW
