"""New facts about a firm, in the real store: what nobody has accepted moves, what somebody has accepted stays."""

import msgspec

from services.referral.updates import MEMBERSHIP_ANSWERED
from shared.contracts.classifier import FirmAssessed
from shared.contracts.firm import Activity, Membership, Place, Size
from tests.component.referral.desk import Desk, assessed
from tests.component.services.conftest import Set


def maker(province: str, *fronts: str, version: int = 1, declared: tuple[str, ...] | None = None) -> FirmAssessed:
    """A small maker of metal goods, nobody's verified member."""
    told = assessed(*fronts, version=version)
    profile = msgspec.structs.replace(
        told.profile,
        artisan=False,
        office=Place(province=province),
        ateco=(Activity(code="25.11.00", edition="2025", main=True),),
        size=Size(year=2025, staff=300, turnover_eur=90_000_000, balance_sheet_eur=90_000_000),
        declared_memberships=declared,
    )
    return msgspec.structs.replace(told, profile=profile, memberships=())


async def test_a_membership_that_ends_moves_what_is_requested_and_leaves_what_was_accepted(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("assistance", "information"))
        by_front = {data["front"]: data["referral_id"] for _, data in await desk.news(2)}
        await desk.say(by_front["information"], "accepted")
        await desk.news(1)
        ended = msgspec.structs.replace(
            assessed("assistance", "information", version=2), memberships=(), not_members=("cna",)
        )
        await desk.tell(ended)
        ((kind, told),) = await desk.news(1)
        assert (kind, told["referral_id"], told["reason"]) == (
            "cancelled",
            by_front["assistance"],
            "membership_changed",
        )
        ((kind, asked),) = await desk.news(1, "unioncamere")
        assert (kind, asked["front"], "replaces" in asked) == ("requested", "assistance", False)
    replaced = await desk.stage.store.fetchval(
        "SELECT replaces::text FROM referrals WHERE referral_id = $1", asked["referral_id"]
    )
    assert replaced == by_front["assistance"]


async def test_a_firm_that_moves_takes_along_what_nobody_has_accepted(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(maker("LO", "assistance", "information"))
        asked = await desk.news(2, "assolombarda")
        await desk.say(asked[0][1]["referral_id"], "accepted", "assolombarda")
        await desk.say(asked[1][1]["referral_id"], "received", "assolombarda")
        await desk.news(2, "assolombarda")
        await desk.tell(maker("BS", "assistance", "information", version=2))
        ((kind, told),) = await desk.news(1, "assolombarda")
        assert (kind, told["referral_id"], told["reason"]) == (
            "cancelled",
            asked[1][1]["referral_id"],
            "superseded",
        )
        ((kind, new),) = await desk.news(1, "confindustria")
        assert (kind, new["front"], new["status"]) == ("requested", asked[1][1]["front"], "requested")
        await desk.say(asked[1][1]["referral_id"], "accepted", "assolombarda")
        ((kind, refused),) = await desk.news(1, "assolombarda")
        assert (kind, refused["status"]) == ("update-refused", "cancelled")


async def test_a_need_that_its_segment_gives_no_more_is_withdrawn_with_its_task_and_its_timers(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("assistance", "information"))
        await desk.news(2)
        await desk.tell(assessed("information", version=2))
        ((kind, told),) = await desk.news(1)
        assert (kind, told["reason"]) == ("cancelled", "superseded")
    assert await desk.needs() == {"assistance": "withdrawn", "information": "referred"}
    assert await desk.stage.store.fetchval("SELECT count(*) FROM timers") == 1


async def test_a_membership_declared_later_is_asked_about_while_the_task_stays_and_a_yes_moves_it(
    set_stage: Set,
) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(maker("LO", "assistance"), maker("LO", "assistance", version=2, declared=("confapi",)))
        await desk.news(1, "assolombarda")
        ((kind, query),) = await desk.news(1, "confapi")
        assert kind == "membership-queried"
        assert await desk.needs() == {"assistance": "referred"}
        data = {"query_id": query["query_id"], "member": True, "since": "2019-05-01"}
        await desk.write(MEMBERSHIP_ANSWERED, data, "confapi")
        (recorded, _), (kind, _) = await desk.news(2, "confapi")
        assert (recorded, kind) == ("update-recorded", "requested")
        ((kind, told),) = await desk.news(1, "assolombarda")
        assert (kind, told["reason"]) == ("cancelled", "membership_changed")


async def test_facts_told_in_one_batch_end_as_if_they_had_come_one_by_one(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    await desk.tell(
        assessed("assistance"),
        msgspec.structs.replace(assessed("assistance", version=2), memberships=(Membership(partner="confapi"),)),
        assessed("assistance", version=3),
    )
    async with desk.stage.run():
        news = await desk.news(3)
        await desk.news(2, "confapi")
    assert [(kind, data.get("reason")) for kind, data in news] == [
        ("requested", None),
        ("cancelled", "membership_changed"),
        ("requested", None),
    ]
