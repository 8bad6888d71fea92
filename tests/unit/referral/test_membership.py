"""Memberships that a firm declared: their bodies are asked, waited for, and their answers move what they may move."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from services.referral.answers import Answer, Outcome, answer
from services.referral.case import Case, Fact, MembershipAsked, Moment, Moved, NeedState, Opened, Query
from services.referral.domain import assess, move
from services.referral.lifecycle import Flag, Status
from services.referral.membership import reconsider
from services.referral.updates import MembershipAnswer, Update
from shared.contracts.classifier import Need
from shared.contracts.firm import Consent, Membership, Publisher
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, consent, firm, member, moment, need

MAKER = firm(declared_memberships=("cna",))


def asked_case(
    *needs: Need,
    declared: tuple[str, ...] = ("cna",),
    consents: tuple[Consent, ...] = (consent(),),
    members: tuple[Membership, ...] = (),
) -> tuple[Case, list[Fact]]:
    case = Case(FIRM)
    profile = firm(declared_memberships=declared)
    return case, assess(case, assessed(*needs, consents=consents, members=members, profile=profile), moment())


def only_query(case: Case) -> Query:
    (query,) = case.queries.values()
    return query


def reply(
    case: Case, *, member: bool, since: date | None = None, partner: str = "cna", at: datetime = NOW, id: str = "u-1"
) -> Answer:
    update = Update(
        partner=partner,
        topic=f"partners.{partner}.updates.v1",
        partition=0,
        offset=1,
        appended_at=at,
        id=id,
        source="crm",
        content_hash=id.encode(),
        content=MembershipAnswer(query_id=only_query(case).query_id, member=member, since=since),
        problems=(),
    )
    return answer(update, case, {}, Moment(f"answer-{id}", at, at.date(), ACCORD))


def states(case: Case) -> set[NeedState]:
    return {one.state for one in case.needs.values()}


def test_a_declared_membership_is_asked_once_and_its_needs_wait_three_working_days() -> None:
    case, facts = asked_case(need("assistance"), need("information"))
    assert [type(fact) for fact in facts] == [MembershipAsked]
    assert states(case) == {NeedState.WAITING_MEMBERSHIP}
    query = only_query(case)
    assert query.answer_by == ACCORD.working_days.due(NOW, 3)
    assert query.query_id in case.touched
    assert (
        assess(case, assessed(need("assistance"), need("information"), profile=MAKER, version=2), moment("again")) == []
    )


@pytest.mark.parametrize(
    "told",
    [
        {"consents": (consent("confapi"), consent("unioncamere"))},
        {"members": (member("cna"),)},
        {"declared": ("unioncamere",)},
    ],
)
def test_nobody_is_asked_without_consent_or_where_the_membership_is_verified_or_the_body_has_no_members(
    told: dict[str, tuple[()]],
) -> None:
    case, facts = asked_case(need(), **told)
    assert case.queries == {}
    assert states(case) == {NeedState.REFERRED}
    assert not any(isinstance(fact, MembershipAsked) for fact in facts)


def test_an_owner_of_the_front_is_not_waited_for() -> None:
    case, _ = asked_case(need("finance_and_insurance"))
    assert (case.queries, states(case)) == ({}, {NeedState.REFERRED})


def test_a_yes_gives_the_waiting_need_to_the_body() -> None:
    case, _ = asked_case(need())
    given = reply(case, member=True, since=date(2015, 1, 1))
    assert (given.outcome, given.flags) == (Outcome.RECORDED, ())
    assert [fact.referral.partner for fact in given.facts if isinstance(fact, Opened)] == ["cna"]
    assert (only_query(case).member, only_query(case).since) == (True, date(2015, 1, 1))


def test_a_no_lets_the_need_go_to_those_who_take_such_a_firm() -> None:
    case, _ = asked_case(need())
    given = reply(case, member=False)
    (opened,) = [fact.referral for fact in given.facts if isinstance(fact, Opened)]
    assert opened.partner in {"confindustria", "confapi"}


def test_silence_means_no_once_its_time_is_over_and_not_before() -> None:
    case, _ = asked_case(need())
    due = only_query(case).answer_by
    assert reconsider(case, Moment("early", due, due.date(), ACCORD)) == []
    late = due + timedelta(seconds=1)
    facts = reconsider(case, Moment("late", late, late.date(), ACCORD))
    assert [type(fact) for fact in facts] == [Opened]
    assert states(case) == {NeedState.REFERRED}


def test_a_deadline_in_an_outage_of_ours_is_put_off_for_a_body_as_for_everybody() -> None:
    case, _ = asked_case(need())
    due = only_query(case).answer_by
    away = (due - timedelta(hours=8), due + timedelta(hours=10))
    later = ACCORD.working_days.due(away[1], 1)
    assert reconsider(case, Moment("back", later, later.date(), ACCORD, (away,))) == []
    over = later + timedelta(seconds=1)
    facts = reconsider(case, Moment("over", over, over.date(), ACCORD, (away,)))
    assert [type(fact) for fact in facts] == [Opened]


def silent_case() -> Case:
    case, _ = asked_case(need())
    after = only_query(case).answer_by + timedelta(seconds=1)
    reconsider(case, Moment("late", after, after.date(), ACCORD))
    return case


def test_a_later_yes_takes_back_what_is_still_requested_and_the_new_referral_replaces_it() -> None:
    case = silent_case()
    (before,) = case.referrals.values()
    given = reply(case, member=True, at=only_query(case).answer_by + timedelta(days=1))
    assert given.flags == (Flag.LATE,)
    moved, opened = given.facts
    assert isinstance(moved, Moved)
    assert (moved.referral.status, moved.referral.reason) == (Status.CANCELLED, "membership_changed")
    assert isinstance(opened, Opened)
    assert (opened.referral.partner, opened.referral.replaces) == ("cna", before.referral_id)


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS])
def test_a_later_yes_leaves_alone_what_somebody_has_taken_up(status: Status) -> None:
    case = silent_case()
    (before,) = case.referrals.values()
    case.put(replace(before, status=status))
    assert reply(case, member=True).facts == ()


def test_a_later_yes_leaves_alone_what_a_person_has_placed() -> None:
    case = silent_case()
    (before,) = case.referrals.values()
    case.put(replace(before, partner="claai"))  # the rules would name no artisans' body for this firm
    assert reply(case, member=True).facts == ()


def test_the_same_word_again_changes_nothing_and_another_word_counts() -> None:
    case, _ = asked_case(need())
    reply(case, member=False)
    assert reply(case, member=False, id="u-2").flags == (Flag.REPEATED,)
    assert only_query(case).member is False
    reply(case, member=True, id="u-3")
    assert only_query(case).member is True


def test_a_query_of_another_body_is_as_unknown_as_none() -> None:
    case, _ = asked_case(need())
    given = reply(case, member=True, partner="confapi")
    assert (given.outcome, [one.rule for one in given.problems]) == (Outcome.REFUSED, ["query-unknown"])
    assert only_query(case).member is None


def test_a_confirmed_membership_counts_for_needs_that_come_later() -> None:
    case, _ = asked_case(need())
    reply(case, member=True)
    facts = assess(case, assessed(need(), need("information"), profile=MAKER, version=2), moment("second"))
    assert [fact.referral.partner for fact in facts if isinstance(fact, Opened)] == ["cna"]


def preferring(partner: str, publisher: str) -> str:
    case = Case(FIRM)
    told = Publisher(partner=publisher, submission_id="s-1", observed_at=NOW)
    members = (member("confapi", since=date(1990, 1, 1)), member("cna", since=date(2020, 1, 1)))
    heard = assessed(need(), members=members, publishers=(told,), profile=firm(preferred_partner=partner))
    opened = next(fact for fact in assess(case, heard, moment()) if isinstance(fact, Opened))
    return opened.referral.partner


def test_a_preferred_partner_that_told_of_the_firm_itself_gains_nothing_by_it() -> None:
    assert preferring("cna", publisher="cna") == "confapi"
    assert preferring("cna", publisher="unioncamere") == "cna"


def test_a_rejection_may_leave_a_need_to_a_body_that_is_asked_then() -> None:
    case, _ = asked_case(need(), members=(member("confapi"),))
    (referral,) = case.referrals.values()
    facts = move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert [type(fact) for fact in facts] == [Moved, MembershipAsked]
    assert states(case) == {NeedState.WAITING_MEMBERSHIP}
