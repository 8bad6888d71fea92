"""In which order a restored store decides again: its own records are the script."""

from datetime import UTC, datetime, timedelta

from shared.contracts.ids import derive
from shared.feeds.records import Packed
from shared.feeds.script import Input, Own, Step, script

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOOR, INSIDE = ("partners.cna.updates.v1", 0), ("classifier.assessments.v1", 0)
OPENED, ANSWERED = "referral.opened", "referral.update-recorded"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def own(feed: str, sequence: int, cause: str, kind: str, when: float, *, to: str = "") -> Own:
    return Own(
        feed=feed,
        sequence=sequence,
        generation="g",
        record=Packed(None, b"", []),
        event_id=derive(cause, kind, to, "0"),
        type=kind,
        to=to,
        at=at(when),
        firm_id=None,
        data=b"",
    )


def came(offset: int, cause: str, when: float) -> Input:
    return Input(offset, cause, at(when))


def told(steps: list[Step]) -> list[tuple[float, dict[tuple[str, int], int], list[str], bool]]:
    return [
        ((s.at - NOON).total_seconds(), s.upto, [f"{word.feed} {word.sequence}" for word in s.words], s.silent)
        for s in steps
    ]


def test_an_answer_is_decided_after_the_order_that_made_its_referral_though_it_came_before_it_was_read() -> None:
    said = [
        own("referral.events.v1/0", 1, "order", OPENED, 10),
        own("partners.cna.referrals.v1/0", 1, "update", ANSWERED, 30, to="cna"),
    ]
    steps = script(said, {DOOR: [came(0, "update", 5)]})
    assert told(steps) == [(10.0, {}, ["referral.events.v1/0 1"], False), (30.0, {DOOR: 0}, [], False)]


def test_transactions_follow_the_order_of_their_commits_also_where_an_earlier_one_began_later() -> None:
    said = [own("referral.events.v1/0", 1, "a", OPENED, 11), own("referral.events.v1/0", 2, "b", OPENED, 10)]
    steps = script(said, {DOOR: [came(0, "b", 1)], INSIDE: [came(0, "a", 1)]})
    assert [step.upto for step in steps] == [{INSIDE: 0}, {DOOR: 0}]


def test_inputs_of_one_transaction_are_decided_together() -> None:
    said = [own("referral.events.v1/0", 1, "a", OPENED, 10), own("referral.events.v1/0", 2, "c", OPENED, 10)]
    steps = script(said, {INSIDE: [came(0, "a", 1), came(1, "b", 1), came(2, "c", 1)]})
    assert told(steps) == [(10.0, {INSIDE: 2}, [], False)]


def test_an_input_of_which_nothing_was_said_is_placed_where_it_came_and_never_after_the_next_of_its_partition() -> None:
    said = [own("referral.events.v1/0", 1, "a", OPENED, 10), own("referral.events.v1/0", 2, "order", OPENED, 60)]
    inputs = {INSIDE: [came(0, "silent", 1), came(1, "a", 9)], DOOR: [came(0, "quiet", 40), came(1, "late", 90)]}
    steps = script(said, inputs)
    assert told(steps) == [
        (1.0, {INSIDE: 0}, [], True),
        (10.0, {INSIDE: 1}, [], False),
        (40.0, {DOOR: 0}, [], True),
        (60.0, {}, ["referral.events.v1/0 2"], False),
    ]
    assert [step.tail for step in steps] == [False, False, True, False]


def test_an_input_of_which_nothing_was_said_stands_between_words_of_a_moment_before_and_a_moment_after() -> None:
    said = [
        own("referral.events.v1/0", 1, "before", OPENED, 10.0),
        own("referral.events.v1/1", 1, "after", OPENED, 11.0),
        own("referral.events.v1/2", 1, "a", OPENED, 11.5),
    ]
    steps = script(said, {INSIDE: [came(0, "silent", 10.5), came(1, "a", 11.4)]})
    assert [(s.upto, [word.feed[-1] for word in s.words]) for s in steps] == [
        ({}, ["0"]),
        ({INSIDE: 0}, []),
        ({}, ["1"]),
        ({INSIDE: 1}, []),
    ]


def test_what_no_cause_is_found_for_is_left_as_words_of_its_step() -> None:
    said = [own("referral.events.v1/0", 1, "a", OPENED, 10), own("referral.events.v1/0", 2, "unknown", OPENED, 10)]
    (step,) = script(said, {INSIDE: [came(0, "a", 1)]})
    assert [word.sequence for word in step.words] == [2]
