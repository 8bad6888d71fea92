"""Whether service and model tell the same and stand where the other stands."""

from collections.abc import Sequence
from typing import assert_never

from services.referral.case import (
    Answered,
    CancellationAsked,
    Case,
    Escalated,
    Fact,
    InformationAsked,
    InformationClosed,
    MembershipAsked,
    Moved,
    Opened,
    Outage,
    Reminded,
    WishAsked,
)
from services.referral.clocks import ball, running
from shared.contracts import ids
from tests.unit.referral.builders import ACCORD, FIRM
from tests.unit.referral.machine.book import Book
from tests.unit.referral.machine.parts import MARKETS, Task, Told, Want

Said = tuple[str | None, ...]


def id_of(want: Want) -> str:
    """The need's id, as the service has it."""
    return ids.need_id(FIRM, want.front, import_=want.key == "import", market=MARKETS.get(want.key))


def both_told(facts: Sequence[Fact], told: Sequence[Told]) -> None:
    """The service said what the model tells, in this order. The model learns the ids of what was opened."""
    for fact, one in zip(facts, told, strict=False):
        if isinstance(fact, Opened) and one.task is not None and one.what == "opened":
            one.task.id = fact.referral.referral_id
    assert [_said(fact) for fact in facts] == [_tells(one) for one in told]


def _said(fact: Fact) -> Said:
    match fact:
        case Opened(referral, _, replaces):
            assert referral.replaces == (replaces.referral_id if replaces else None)
            return ("opened", referral.referral_id, referral.partner, referral.role, referral.need_id)
        case Moved(referral, was):
            return ("moved", referral.referral_id, f"{was}>{referral.status}", referral.reason)
        case CancellationAsked(referral):
            return ("asked", referral.referral_id, referral.cancellation, None)
        case Reminded(referral, reason):
            return ("reminded", referral.referral_id, reason, None)
        case Escalated(referral, reason):
            return ("escalated", referral.referral_id, reason, None)
        case Answered(referral):
            return ("answered", referral.referral_id, referral.confirmed_by_firm, None)
        case InformationAsked() | InformationClosed():
            raise AssertionError("nothing is missing of this firm")
        case WishAsked():
            raise AssertionError("this firm wishes for nobody")
        case MembershipAsked(query):
            return ("queried", query.partner)
        case _:
            assert_never(fact)


def _tells(told: Told) -> Said:
    if told.task is None:
        return (told.what, told.of)
    if told.what == "opened":
        return (told.what, told.task.id, told.task.partner, told.task.role, id_of(told.task.want))
    return (told.what, told.task.id, told.of, told.reason)


def both_stand(case: Case, book: Book, outages: Sequence[Outage]) -> None:
    """Every referral and every need is where the model has it, with its clocks and whoever holds the ball."""
    assert list(case.referrals) == [task.id for task in book.tasks]
    for task in book.tasks:
        one = case.referrals[task.id]
        assert (
            one.partner, one.role, one.need_id, one.status, one.resumes, one.hold_until, one.reason, one.cancellation,
            one.replaces, one.part_of, one.accept_by, one.contact_by,
            ball(one.status, one.reason, one.confirmed_by_firm),
            [(clock.due_at, clock.kind) for clock in running(case, one, outages, ACCORD)],
        ) == (
            task.partner, task.role, id_of(task.want), task.status, task.back, task.until, task.why, task.asked,
            _id(task.replaces), _id(task.part_of), task.accept_by, task.contact_by, task.ball,
            book.clocks.running(task, book.firm),
        )  # fmt: skip
    assert {key: _need(case, want) for key, want in book.wants.items()} == {
        key: (want.state, _id(want.holder), want.excluded, want.hops, want.leg_lost and want.state == "referred")
        for key, want in book.wants.items()
    }


def _need(case: Case, want: Want) -> tuple[object, ...]:
    one = case.needs[id_of(want)]
    return (one.state, one.referral_id, one.excluded, one.rerouted, one.reason == "executor_rejected")


def _id(task: Task | None) -> str | None:
    return task.id if task is not None else None


def each_was_decided(case: Case, tasks: Sequence[Task]) -> None:
    """Every responsible referral has exactly one receipt, which names its partner; a leg has one where a person placed
    it."""
    decided = [(one.referral_id, one.decision.partner) for one in case.receipts if one.referral_id is not None]
    legs = {(task.id, task.partner) for task in tasks if task.role == "executor"}
    assert sorted(one for one in decided if one not in legs) == sorted(
        (task.id, task.partner) for task in tasks if task.role == "responsible"
    )
