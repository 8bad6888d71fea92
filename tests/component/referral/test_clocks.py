"""Deadlines of a referral through the real broker and store, with a clock that is moved instead of waited for."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.agreement import day_of, load
from shared.contracts.referral import ReferralAwaited
from shared.testing.waiting import until
from tests.component.referral.desk import Desk, assessed, in_days
from tests.component.referral.moving import Time, looked
from tests.component.services.conftest import Set


def told(news: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str, str | None]]:
    return [(kind, data["status"], data.get("reason")) for kind, data in news]


async def test_who_does_not_answer_is_reminded_then_escalated_and_then_another_is_asked(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true"):
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        for column, wanted in (
            ("remind_at", ("reminded", "requested", "acceptance_due")),
            ("escalate_at", ("escalated", "requested", "acceptance_due")),
            ("accept_by", ("cancelled", "cancelled", "no_response")),
        ):
            await time.go_to(await time.due(column))
            assert told(await desk.news(1)) == [wanted]
        ((kind, next_one),) = await desk.news(1, "unioncamere")
        assert (kind, next_one.get("replaces"), asked["referral_id"] != next_one["referral_id"]) == (
            "requested",
            None,
            True,
        )
        assert datetime.fromisoformat(next_one["accept_by"]) > datetime.fromisoformat(asked["accept_by"])
        assert await desk.needs() == {"assistance": "referred"}
        for_notifier = await desk.stage.said("referral.events.v1", 5)
        awaited = [data for kind, data in for_notifier if kind == ReferralAwaited.type]
        assert [(one["step"], one["awaits"], one["due_by"]) for one in awaited] == [
            ("reminded", "acceptance_due", asked["accept_by"]),
            ("escalated", "acceptance_due", asked["accept_by"]),
        ]


async def test_what_a_partner_wrote_while_referral_was_restarted_is_read_before_its_deadline_is_judged(
    set_stage: Set,
) -> None:
    """The deadline passes in a pause too short to be an outage, so that nothing puts it off."""
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true"):
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        await time.go_to(await time.due("escalate_at"))
        await desk.news(2)
        await time.go_to(await time.due("accept_by") - timedelta(hours=8))
    await time.go_to(await time.due("accept_by") + timedelta(hours=12))
    await desk.say(asked["referral_id"], "accepted")
    await time.go_to(await time.due("accept_by") + timedelta(days=2, hours=12))
    async with desk.stage.run(moved_clock="true") as feeds:
        ((kind, answer),) = await desk.news(1)
        await looked(feeds)
        await desk.news(0)
    assert (kind, answer["status"], answer["flags"]) == ("update-recorded", "accepted", ["late"])
    assert answer["contact_by"] > asked["accept_by"]
    assert await desk.stage.store.fetchval("SELECT count(*) FROM referrals") == 1


def ends_on_a_friday(now: datetime) -> datetime:
    """A morning after `now` from which a partner's days to accept end on a Friday before a Monday of work."""
    accord = load()
    days, morning = accord.deadlines.accept.reroute, now.replace(hour=9, minute=0, second=0, microsecond=0)
    while True:
        morning += timedelta(days=1)
        last = day_of(accord.working_days.due(morning, days))
        monday = last + timedelta(days=3)
        if last.isoweekday() == 5 and accord.working_days.is_working(monday):
            return morning


@pytest.mark.parametrize("answers", [True, False])
async def test_an_answer_on_saturday_counts_though_referral_was_down_from_friday_to_monday(
    set_stage: Set, answers: bool
) -> None:
    """The days to accept end on Friday night, the partner accepts on Saturday, and the service is back on Monday: what
    counts is when the broker took the answer. Without it the need goes to another partner, a working day later."""
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    await time.go_to(ends_on_a_friday(await time.now()))
    async with desk.stage.run(moved_clock="true"):
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        friday = datetime.fromisoformat(asked["accept_by"])
        assert friday.isoweekday() == 5
        await time.go_to(friday - timedelta(hours=6))
        assert [kind for kind, _ in await desk.news(2)] == ["reminded", "escalated"]
    await desk.stage.store.execute("UPDATE heartbeat SET beat_at = beat_at - interval '2 minutes'")
    saturday, monday = friday + timedelta(hours=12), friday + timedelta(hours=58)
    await time.go_to(saturday)
    if answers:
        await desk.say(asked["referral_id"], "accepted")
    await time.go_to(monday)
    async with desk.stage.run(moved_clock="true") as feeds:
        if answers:
            ((kind, answer),) = await desk.news(1)
            assert (kind, answer["status"], answer.get("flags", [])) == ("update-recorded", "accepted", [])
            contact_by = load().working_days.due(saturday, load().deadlines.contact)
            assert datetime.fromisoformat(answer["contact_by"]) == contact_by
        await looked(feeds)
        await desk.news(0)
        await time.go_to(load().working_days.due(monday, load().deadlines.after_outage))
        if answers:
            await looked(feeds)
            await desk.news(0)
        else:
            ((kind, ended),) = await desk.news(1)
            assert (kind, ended["reason"]) == ("cancelled", "no_response")
    opened = await desk.stage.store.fetchval("SELECT count(*) FROM referrals")
    assert opened == (1 if answers else 2)


@pytest.mark.parametrize("answers", [True, False])
async def test_a_deadline_in_an_outage_of_ours_is_judged_a_working_day_after_it(set_stage: Set, answers: bool) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true") as feeds:
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        await looked(feeds)
    await desk.stage.store.execute("UPDATE heartbeat SET beat_at = beat_at - interval '2 minutes'")
    await time.go_to(await time.due("accept_by") + timedelta(days=2))
    back = await time.now()
    async with desk.stage.run(moved_clock="true") as feeds:
        assert told(await desk.news(1)) == [("reminded", "requested", "acceptance_due")]
        await looked(feeds)
        if answers:
            await desk.say(asked["referral_id"], "accepted")
            ((kind, answer),) = await desk.news(1)
            assert (kind, answer["status"], answer.get("flags", [])) == ("update-recorded", "accepted", [])
        else:
            await time.go_to(load().working_days.due(back, 1))
            assert [kind for kind, _, _ in told(await desk.news(2))] == ["escalated", "cancelled"]


async def test_a_hold_ends_by_itself_and_a_requested_cancellation_by_silence(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true"):
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        for status, more in (
            ("accepted", {}),
            ("in_progress", {}),
            ("on_hold", {"reason": "waiting_call", "until": in_days(20)}),
        ):
            await desk.say(asked["referral_id"], status, **more)
        *_, (_, held) = await desk.news(3)
        await time.go_to(datetime.fromisoformat(held["hold_until"]))

        async def resumed() -> bool:
            return bool(await desk.stage.store.fetchval("SELECT status = 'in_progress' FROM referrals"))

        await until(resumed, what="the end of the hold")
        await desk.tell(assessed("assistance", version=2, consents=()))
        assert told(await desk.news(1)) == [("cancellation-requested", "in_progress", "consent_withdrawn")]
        await time.go_to(await time.due("confirm_by"))
        assert told(await desk.news(1)) == [("cancelled", "cancelled", "consent_withdrawn")]
        moved = [data for kind, data in await desk.stage.said("referral.events.v1", 6) if kind.endswith("moved.v1")]
        assert [(one["was"], one["status"]) for one in moved][-3:] == [
            ("on_hold", "in_progress"),
            ("in_progress", "cancellation_requested"),
            ("in_progress", "cancelled"),
        ]
