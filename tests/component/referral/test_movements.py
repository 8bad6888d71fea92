"""The store notes each move of a referral and of a firm between segments, whoever makes it."""

import msgspec

from shared.contracts.classifier import AssessmentErased, FirmAssessed, Segment
from shared.testing.waiting import until
from tests.component.referral.desk import FIRM, PAST, Desk, assessed, in_days
from tests.component.services.conftest import Set


def placed(segment: str, version: int) -> FirmAssessed:
    known = Segment(
        status="classified", value=segment, possible=(segment,), presumptions=(), warnings=(), agreement="2017.1"
    )
    return msgspec.structs.replace(assessed("assistance", version=version), segment=known)


async def test_every_status_of_a_referral_is_noted_with_its_time(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        for status, more in (
            ("received", {}),
            ("accepted", {}),
            ("in_progress", {}),
            ("in_progress", {"note": "going on"}),
            ("on_hold", {"reason": "waiting_firm", "until": in_days(10)}),
            ("in_progress", {}),
            ("completed", {"outcomes": [{"code": "trained"}]}),
        ):
            await desk.say(asked["referral_id"], status, **more)
            await desk.news(2 if status == "completed" else 1)
    rows = await desk.stage.store.fetch("SELECT status, reason, at FROM movements ORDER BY id")
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("requested", None),
        ("received", None),
        ("accepted", None),
        ("in_progress", None),
        ("on_hold", "waiting_firm"),
        ("in_progress", None),
        ("completed", None),
    ]
    assert sorted(row["at"] for row in rows) == [row["at"] for row in rows]


async def test_a_firms_segments_are_noted_once_each_time_that_they_change_and_go_with_the_firm(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    store = desk.stage.store
    async with desk.stage.run():
        for number, segment in enumerate(("no_experience", "no_experience", "light_presence"), start=1):
            await desk.tell(placed(segment, number))
            await desk.stage.consumed(number)
        rows = await store.fetch("SELECT version, segment FROM placements ORDER BY placed_at")
        assert [tuple(row) for row in rows] == [(1, "no_experience"), (3, "light_presence")]
        await desk.tell(
            AssessmentErased(firm_id=FIRM, version=3, requested_at=PAST, requested_by="cna", submission_id="e-1")
        )

        async def gone() -> bool:
            return not await store.fetchval("SELECT count(*) FROM placements")

        await until(gone, what="the end of the placements")
        assert await store.fetchval("SELECT count(*) FROM movements") > 0
