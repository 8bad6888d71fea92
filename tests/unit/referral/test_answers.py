"""The one answer to each update."""

from collections.abc import MutableMapping

from services.referral.answers import Answer, Key, Outcome, Recorded, answer
from services.referral.case import Case, Opened
from services.referral.lifecycle import Flag, Status
from services.referral.updates import Content, Update
from shared.contracts.rules import problem
from tests.unit.referral.builders import NOW, case_with, member, moment, need

CNA = (member("cna"),)


def update(
    referral_id: str, asked: Status = Status.ACCEPTED, *, id: str = "u1", reason: str | None = None, hash: bytes = b"1"
) -> Update:
    return Update(
        partner="cna",
        topic="partners.cna.updates.v1",
        partition=0,
        offset=0,
        appended_at=NOW,
        id=id,
        source="cna",
        content_hash=hash,
        content=Content(referral_id=referral_id, asked=asked, at=NOW, reason=reason),
        problems=(),
    )


def asked(case: Case | None, *updates: Update) -> list[Answer]:
    known: MutableMapping[Key, Recorded] = {}
    return [answer(one, case, known, moment(f"update {n}")) for n, one in enumerate(updates)]


def test_an_acceptance_is_recorded_and_moves_the_referral() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    (given,) = asked(case, update(referral.referral_id))
    assert (given.outcome, given.flags, len(given.facts)) == (Outcome.RECORDED, (), 1)
    assert given.referral is not None
    assert given.referral.status is Status.ACCEPTED


def test_the_same_update_again_is_repeated_and_does_nothing() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    _, again = asked(case, update(referral.referral_id), update(referral.referral_id))
    assert (again.outcome, again.flags, again.facts) == (Outcome.REPEATED, (Flag.REPEATED,), ())


def test_a_used_id_with_other_content_is_refused() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    _, other = asked(
        case,
        update(referral.referral_id),
        update(referral.referral_id, Status.REJECTED, reason="no_capacity", hash=b"2"),
    )
    assert [one.rule for one in other.problems] == ["id-used-for-other-content"]


def test_a_refused_id_is_not_used_up() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    refused, recorded = asked(
        case, update(referral.referral_id, Status.IN_PROGRESS, hash=b"2"), update(referral.referral_id)
    )
    assert (refused.outcome, recorded.outcome) == (Outcome.REFUSED, Outcome.RECORDED)


def test_an_unknown_referral_and_another_partners_get_the_same_answer() -> None:
    case, _ = case_with(need(), members=CNA)
    (unknown,) = asked(case, update("00000000-0000-5000-8000-00000000dead"))
    (foreign,) = asked(None, update("00000000-0000-5000-8000-00000000dead"))
    assert unknown == foreign
    assert [one.rule for one in unknown.problems] == ["referral-unknown"]


def test_a_rejection_is_followed_by_the_next_partners_referral() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    (given,) = asked(case, update(referral.referral_id, Status.REJECTED, reason="no_capacity"))
    assert given.referral is not None
    assert (given.referral.status, given.referral.reason) == (Status.REJECTED, "no_capacity")
    opened = given.facts[1]
    assert isinstance(opened, Opened)
    assert opened.referral.partner == "unioncamere"


def test_an_answer_to_an_ended_referral_tells_its_status() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    _, late = asked(
        case,
        update(referral.referral_id, Status.REJECTED, reason="no_capacity"),
        update(referral.referral_id, Status.ACCEPTED, id="u2"),
    )
    assert late.outcome is Outcome.REFUSED
    assert late.referral is not None
    assert late.referral.status is Status.REJECTED
    assert "rejected (no_capacity)" in late.problems[0].message


def test_an_update_that_was_not_understood_is_refused_with_its_problems() -> None:
    wrong = (problem("missing", "status: is required", "/status"),)
    broken = Update(
        partner="cna",
        topic="partners.cna.updates.v1",
        partition=0,
        offset=0,
        appended_at=NOW,
        id=None,
        source=None,
        content_hash=None,
        content=None,
        problems=wrong,
    )
    (given,) = asked(None, broken)
    assert (given.outcome, given.problems, given.referral) == (Outcome.REFUSED, wrong, None)


def test_a_progress_note_is_recorded_without_a_move() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    *_, note = asked(
        case,
        update(referral.referral_id),
        update(referral.referral_id, Status.IN_PROGRESS, id="u2"),
        update(referral.referral_id, Status.IN_PROGRESS, id="u3"),
    )
    assert (note.outcome, note.flags, note.facts) == (Outcome.RECORDED, (), ())
