"""A body that is asked about a membership and is silent, on the real broker and store, with a clock that is moved."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.referral.updates import MEMBERSHIP_ANSWERED
from shared.agreement import load
from tests.component.referral.desk import Desk
from tests.component.referral.moving import Time, looked
from tests.component.referral.test_routing import maker
from tests.component.services.conftest import Set


async def asked(desk: Desk) -> tuple[dict[str, Any], datetime]:
    """cna is asked; the query, and until when it is waited for."""
    await desk.tell(maker("assistance", declared=("cna",)))
    ((kind, query),) = await desk.news(1)
    assert kind == "membership-queried"
    return query, datetime.fromisoformat(query["answer_by"])


async def answers_yes(desk: Desk, query: dict[str, Any]) -> None:
    await desk.write(MEMBERSHIP_ANSWERED, {"query_id": query["query_id"], "member": True})


async def test_silence_sends_the_need_on_when_its_days_are_over_and_a_late_yes_brings_it_back(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true") as feeds:
        query, until = await asked(desk)
        await time.go_to(until - timedelta(minutes=5))
        await looked(feeds)
        assert await desk.needs() == {"assistance": "waiting_membership"}
        await time.go_to(until)
        ((_, given),) = await desk.news(1, "confindustria")
        assert await desk.needs() == {"assistance": "referred"}
        await answers_yes(desk, query)
        recorded, (_, mine) = await desk.news(2)
        assert (recorded[0], recorded[1]["flags"]) == ("update-recorded", ["late"])
        ((kind, back),) = await desk.news(1, "confindustria")
        assert (kind, back["referral_id"], back["reason"]) == ("cancelled", given["referral_id"], "membership_changed")
        assert mine["decision"]["rule"] == "verified_membership"


@pytest.mark.parametrize("answers", [True, False])
async def test_a_body_whose_time_ended_in_an_outage_of_ours_has_a_working_day_after_it(
    set_stage: Set, answers: bool
) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true") as feeds:
        query, until = await asked(desk)
        await looked(feeds)
    await desk.stage.store.execute("UPDATE heartbeat SET beat_at = beat_at - interval '2 minutes'")
    await time.go_to(until + timedelta(days=1))
    back = await time.now()
    async with desk.stage.run(moved_clock="true") as feeds:
        await looked(feeds)
        assert await desk.needs() == {"assistance": "waiting_membership"}
        if answers:
            await answers_yes(desk, query)
            (kind, recorded), (_, mine) = await desk.news(2)
            assert (kind, recorded.get("flags", [])) == ("update-recorded", [])
            assert mine["decision"]["rule"] == "verified_membership"
        else:
            await time.go_to(load().working_days.due(back, 1))
            ((_, given),) = await desk.news(1, "confindustria")
            assert given["decision"]["rule"] == "eligibility"
