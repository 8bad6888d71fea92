"""A referral's life through the real broker and store: holds, cancellations on request, consent, news of the firm."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.referral.answers import Answer, Outcome
from services.referral.update_log import save_updates
from services.referral.updates import INFORMATION_DECLINED, MEMBERSHIP_ANSWERED, UPDATED, Update
from shared.contracts.classifier import AssessmentErased
from shared.feeds.speech import Cause, Heard, Place
from tests.component.referral.desk import FIRM, PAST, Desk, assessed, consent, in_days
from tests.component.services.conftest import Set


async def test_a_hold_is_kept_and_told_until_the_work_goes_on(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        referral = asked["referral_id"]
        await desk.say(referral, "accepted")
        await desk.say(referral, "on_hold", reason="waiting_call", until=in_days(20))
        await desk.say(referral, "on_hold", reason="waiting_call", until=in_days(200))
        await desk.say(referral, "in_progress")
        answers = await desk.news(4)
        assert [(kind, data["status"], data.get("hold_until") is not None) for kind, data in answers] == [
            ("update-recorded", "accepted", False),
            ("update-recorded", "on_hold", True),
            ("update-refused", "on_hold", True),
            ("update-recorded", "in_progress", False),
        ]
        assert answers[2][1]["problems"][0]["rule"] == "until-out-of-range"
        row = await desk.stage.store.fetchrow("SELECT status, resumes, hold_until, reason FROM referrals")
        assert tuple(row) == ("in_progress", None, None, None)


async def test_work_that_has_begun_ends_when_the_partner_confirms_or_is_finished_all_the_same(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("assistance", "information"))
        by_front = {data["front"]: data["referral_id"] for _, data in await desk.news(2)}
        for referral in by_front.values():
            await desk.say(referral, "accepted")
            await desk.say(referral, "in_progress")
        await desk.say(by_front["assistance"], "cancellation_confirmed")
        *_, (kind, refused) = await desk.news(5)
        assert (kind, refused["problems"][0]["rule"]) == ("update-refused", "status-not-possible")
        await desk.tell(assessed("assistance", "information", version=2, consents=()))
        asked = await desk.news(2)
        assert {(kind, data["status"], data["reason"]) for kind, data in asked} == {
            ("cancellation-requested", "in_progress", "consent_withdrawn")
        }
        await desk.tell(assessed("assistance", "information", version=3, consents=()))
        await desk.say(by_front["assistance"], "cancellation_confirmed")
        outcomes = [{"code": "informed", "market": "DE", "value_eur": 10, "on": "2026-01-15"}]
        await desk.say(by_front["information"], "completed", outcomes=outcomes)
        confirmed, cancelled, completed, closed = await desk.news(4)
        assert [(kind, data["status"]) for kind, data in (confirmed, cancelled, completed, closed)] == [
            ("update-recorded", "cancelled"),
            ("cancelled", "cancelled"),
            ("update-recorded", "completed"),
            ("closed", "completed"),
        ]
        assert cancelled[1]["reason"] == "consent_withdrawn"
        assert (closed[1]["outcomes"], closed[1]["confirmed_by_firm"]) == (outcomes, "pending")
        assert await desk.needs() == {"assistance": "waiting_consent", "information": "met"}
        said = await desk.stage.said("referral.events.v1", 10)
        moved = [(data["was"], data["status"]) for kind, data in said if kind.endswith("moved.v1")]
        assert moved.count(("in_progress", "cancellation_requested")) == 2
        assert {("in_progress", "cancelled"), ("in_progress", "completed")} <= set(moved)


async def test_a_rejected_need_waits_where_the_consent_for_the_next_partner_was_revoked(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(assessed("assistance"), assessed("assistance", version=2, consents=(consent("cna"),)))
        ((_, asked),) = await desk.news(1)
        await desk.say(asked["referral_id"], "rejected", reason="no_capacity")
        await desk.news(1)
        assert await desk.needs() == {"assistance": "waiting_consent"}
        await desk.tell(assessed("assistance", version=3))
        ((kind, handed_on),) = await desk.news(1, "unioncamere")
        assert (kind, handed_on.get("replaces")) == ("requested", None)
        assert await desk.needs() == {"assistance": "referred"}


async def test_those_who_told_of_a_firm_hear_of_every_change_once_and_nothing_after_its_erasure(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    both = ("cna", "unioncamere")
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("information", publishers=(*both, "aice")))
        (_, asked), (first, _) = await desk.news(2)
        ((theirs, status),) = await desk.news(1, "unioncamere")
        assert first == theirs == "firm-status"
        assert [one["state"] for one in status["needs"]] == ["referred"]
        await desk.tell(assessed("information", version=2, publishers=both, consents=(consent("cna"),)))
        await desk.stage.consumed(2)
        await desk.say(asked["referral_id"], "completed", outcomes=[{"code": "informed"}])
        *_, (kind, status) = await desk.news(3)
        assert (kind, status["needs"][0]["state"]) == ("firm-status", "met")
        await desk.tell(assessed("information", version=3, publishers=both))
        ((kind, status),) = await desk.news(1, "unioncamere")
        assert (kind, status["needs"][0]["state"]) == ("firm-status", "met")
        erased = AssessmentErased(firm_id=FIRM, version=3, requested_at=PAST, requested_by="cna", submission_id="e")
        await desk.tell(erased)
        await desk.stage.consumed(5)
        assert await desk.stage.store.fetchval("SELECT count(*) FROM firm_statuses") == 0
        ((kind, closed),) = await desk.news(1)
        assert (kind, closed["confirmed_by_firm"]) == ("closed", "unanswered"), "its link ends with it"
        await desk.news(0, "unioncamere")


@pytest.mark.parametrize(
    ("kind", "data", "rule"),
    [
        (MEMBERSHIP_ANSWERED, {"query_id": FIRM, "member": True}, "query-unknown"),
        (INFORMATION_DECLINED, {"request_id": FIRM, "reason": "they do not answer"}, "request-unknown"),
    ],
)
async def test_an_answer_to_no_question_is_refused_in_words(
    set_stage: Set, kind: str, data: dict[str, object], rule: str
) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.write(kind, data)
        ((answer, refused),) = await desk.news(1)
        assert (answer, [one["rule"] for one in refused["problems"]]) == ("update-refused", [rule])


async def test_a_refusal_tells_its_own_partner_where_the_referral_stands_and_nobody_else(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        for partner in ("cna", "aice"):
            await desk.write(UPDATED, {"referral_id": asked["referral_id"], "status": "paused"}, partner)
        ((_, own),) = await desk.news(1)
        ((_, foreign),) = await desk.news(1, "aice")
        assert own["problems"] == foreign["problems"]
        assert {one["pointer"] for one in own["problems"]} == {"/status", "/at"}
        assert (own["referral_id"], own["status"]) == (asked["referral_id"], "requested")
        assert {"referral_id", "status"}.isdisjoint(foreign)


async def test_a_topic_that_was_made_again_has_room_for_the_same_offsets(set_stage: Set) -> None:
    stage = await set_stage("referral")
    place = Place("partners.cna.updates.v1", 0, 0)
    update = Update(
        partner="cna",
        topic=place.topic,
        partition=0,
        offset=0,
        appended_at=datetime.now(UTC) - timedelta(seconds=1),
        id="u",
        source="cna",
        content_hash=None,
        content=None,
        problems=(),
    )
    refused = Answer(outcome=Outcome.REFUSED)
    for n, made in itertools.product(("u-1", "u-2"), ("topic-1", "topic-2")):
        heard = Heard(replace(update, id=n), Cause(f"{made}/0/{n}"), place, update.appended_at, None, "cna")
        await save_updates(stage.store, [(heard, refused)])
    assert await stage.store.fetchval("SELECT count(*) FROM updates") == 4
