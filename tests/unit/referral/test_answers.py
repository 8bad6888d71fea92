"""The one answer to each update."""

from collections.abc import MutableMapping
from dataclasses import replace
from datetime import date

import pytest

from services.referral.answers import Answer, Key, Outcome, Recorded, answer
from services.referral.case import Case, Opened
from services.referral.domain import cancel
from services.referral.lifecycle import Asked, Ended, Flag, Status
from services.referral.updates import Content, InformationRefusal, MembershipAnswer, Said, Update
from shared.contracts.rules import Problem, problem
from tests.unit.referral.builders import NOW, case_with, member, moment, need

CNA = (member("cna"),)


def written(content: Said | None, *, id: str = "u1", hash: bytes = b"1", problems: tuple[Problem, ...] = ()) -> Update:
    return Update(
        partner="cna",
        topic="partners.cna.updates.v1",
        partition=0,
        offset=0,
        appended_at=NOW,
        id=id,
        source="cna",
        content_hash=hash,
        content=content,
        problems=problems,
        referral_id=content.referral_id if isinstance(content, Content) else None,
    )


def update(
    referral_id: str,
    asked: Asked = Asked.ACCEPTED,
    *,
    id: str = "u1",
    hash: bytes = b"1",
    reason: str | None = None,
    until: date | None = None,
) -> Update:
    content = Content(referral_id=referral_id, asked=asked, at=NOW, reason=reason, until=until)
    return written(content, id=id, hash=hash)


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
        update(referral.referral_id, Asked.REJECTED, reason="no_capacity", hash=b"2"),
    )
    assert [one.rule for one in other.problems] == ["id-used-for-other-content"]


def test_a_refused_id_is_not_used_up() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    refused, recorded = asked(
        case, update(referral.referral_id, Asked.IN_PROGRESS, hash=b"2"), update(referral.referral_id)
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
    (given,) = asked(case, update(referral.referral_id, Asked.REJECTED, reason="no_capacity"))
    assert given.referral is not None
    assert (given.referral.status, given.referral.reason) == (Status.REJECTED, "no_capacity")
    opened = given.facts[1]
    assert isinstance(opened, Opened)
    assert opened.referral.partner == "unioncamere"


def test_an_answer_to_an_ended_referral_tells_its_status() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    _, late = asked(
        case,
        update(referral.referral_id, Asked.REJECTED, reason="no_capacity"),
        update(referral.referral_id, Asked.ACCEPTED, id="u2"),
    )
    assert late.outcome is Outcome.REFUSED
    assert late.referral is not None
    assert late.referral.status is Status.REJECTED
    assert "rejected (no_capacity)" in late.problems[0].message


def test_an_update_that_was_not_understood_is_refused_with_its_problems() -> None:
    wrong = (problem("missing", "status: is required", "/status"),)
    (given,) = asked(None, replace(written(None, problems=wrong), id=None, source=None, content_hash=None))
    assert (given.outcome, given.problems, given.referral) == (Outcome.REFUSED, wrong, None)


def test_a_refusal_tells_where_the_referral_stands_whatever_else_is_wrong() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    wrong = (problem("missing", "give it", "/status"),)
    (given,) = asked(case, replace(written(None, problems=wrong), referral_id=referral.referral_id))
    assert (given.outcome, given.problems, given.referral) == (Outcome.REFUSED, wrong, referral)


def test_a_repeat_is_a_repeat_although_its_time_has_passed() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    first = update(referral.referral_id)
    late = replace(first, content=None, problems=(problem("until-out-of-range", "too late", "/until"),))
    _, again = asked(case, first, late)
    assert again.outcome is Outcome.REPEATED
    assert again.referral is not None


def test_of_an_erased_update_the_id_alone_makes_a_repeat() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    again = update(referral.referral_id)
    assert again.key is not None
    erased = {again.key: Recorded(content_hash=None, referral_id=referral.referral_id)}
    given = answer(again, case, erased, moment("again"))
    assert (given.outcome, given.facts) == (Outcome.REPEATED, ())


def test_a_used_id_with_other_content_is_refused_for_that_too() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    other = written(None, hash=b"2", problems=(problem("missing", "give it", "/at"),))
    _, refused = asked(case, update(referral.referral_id), other)
    assert {one.rule for one in refused.problems} == {"missing", "id-used-for-other-content"}


@pytest.mark.parametrize(
    ("content", "rule", "pointer"),
    [
        (MembershipAnswer(query_id="q", member=True), "query-unknown", "/query_id"),
        (InformationRefusal(request_id="r", reason="no"), "request-unknown", "/request_id"),
    ],
)
def test_an_answer_to_what_was_not_asked_is_refused_by_its_rule(content: Said, rule: str, pointer: str) -> None:
    (given,) = asked(None, written(content))
    assert given.outcome is Outcome.REFUSED
    assert [(one.rule, one.pointer) for one in given.problems] == [(rule, pointer)]


def test_a_hold_said_again_is_a_repeat_and_another_one_is_refused() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    held = {"reason": "waiting_firm", "until": date(2026, 12, 31)}
    *_, first, same, longer, other = asked(
        case,
        update(referral.referral_id),
        update(referral.referral_id, Asked.ON_HOLD, id="u2", **held),  # type: ignore[arg-type]  # handed on as it is
        update(referral.referral_id, Asked.ON_HOLD, id="u3", **held),  # type: ignore[arg-type]
        update(referral.referral_id, Asked.ON_HOLD, id="u4", reason="waiting_firm", until=date(2027, 1, 15)),
        update(referral.referral_id, Asked.ON_HOLD, id="u5", reason="waiting_call", until=date(2026, 12, 31)),
    )
    assert first.referral is not None
    assert (first.referral.status, first.flags) == (Status.ON_HOLD, ())
    assert (same.outcome, same.flags) == (Outcome.RECORDED, (Flag.REPEATED,))
    assert [one.rule for one in (*longer.problems, *other.problems)] == ["status-not-possible"] * 2
    assert other.referral is not None
    assert other.referral.hold_until == first.referral.hold_until


def test_a_cancellation_is_confirmed_where_it_was_requested_and_nowhere_else() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    *_, begun, unasked = asked(
        case,
        update(referral.referral_id),
        update(referral.referral_id, Asked.IN_PROGRESS, id="u2"),
        update(referral.referral_id, Asked.CANCELLATION_CONFIRMED, id="u3"),
    )
    assert [one.rule for one in unasked.problems] == ["status-not-possible"]
    assert begun.referral is not None
    cancel(case, begun.referral, Ended.FIRM_REQUEST, moment("the firm"))
    (confirmed,) = asked(case, update(referral.referral_id, Asked.CANCELLATION_CONFIRMED, id="u4"))
    assert confirmed.referral is not None
    assert (confirmed.outcome, confirmed.referral.status) == (Outcome.RECORDED, Status.CANCELLED)
    assert confirmed.referral.reason == "firm_request"


def test_a_progress_note_is_recorded_without_a_move() -> None:
    case, (referral,) = case_with(need(), members=CNA)
    *_, note = asked(
        case,
        update(referral.referral_id),
        update(referral.referral_id, Asked.IN_PROGRESS, id="u2"),
        update(referral.referral_id, Asked.IN_PROGRESS, id="u3"),
    )
    assert (note.outcome, note.flags, note.facts) == (Outcome.RECORDED, (), ())
