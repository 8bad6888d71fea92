"""What is said anew puts right what is kept, where nothing newer is, and is a reason for nothing else."""

from typing import Any

import msgspec

from shared.contracts.base import Event
from shared.contracts.classifier import AssessmentRestated, FirmAssessed
from shared.contracts.intake import FirmRegistered, FirmRestated
from shared.contracts.notifier import DeliveryRestated, NotificationDelivered
from shared.contracts.referral import PreferenceRestated, ReferralRestated
from tests.component.services.conftest import Set
from tests.component.services.stage import Stage
from tests.component.services.test_services import FIRM, NOW, PROFILE, REFERRAL, assessed, opened, registered

QUESTION = "00000000-0000-5000-8000-00000000000d"


def restated(event: Event, version: int = 1) -> Event:
    match event:
        case FirmRegistered():
            state = msgspec.structs.replace(event, version=version)
            return FirmRestated(firm_id=FIRM, registered_at=NOW, state=state)
        case FirmAssessed():
            return AssessmentRestated(
                firm_id=FIRM, assessed_at=NOW, state=msgspec.structs.replace(event, version=version)
            )
        case _:
            raise AssertionError(event)


async def told(stage: Stage) -> dict[str, int]:
    """The last number of each feed of the service."""
    return {row["feed"]: row["sequence"] for row in await stage.store.fetch("SELECT feed, sequence FROM feeds")}


async def row_of(stage: Stage, columns: str) -> Any:
    return await stage.store.fetchrow(f"SELECT {columns} FROM assessments WHERE firm_id = $1", FIRM)


async def test_the_classifier_keeps_again_what_it_has_lost_and_says_nothing(set_stage: Set) -> None:
    stage, columns = await set_stage("classifier"), "version, status, segment::text, needs::text, missing::text, digest"
    async with stage.run():
        await stage.tell((registered(1), FIRM), (registered(2), FIRM))
        await stage.consumed(2)
        before, said = await row_of(stage, columns), await told(stage)
        await stage.store.execute("DELETE FROM assessments")
        await stage.tell((restated(registered(), 2), FIRM))
        assert await stage.consumed(3) == {"applied": 3}
        assert await row_of(stage, columns) == before
        await stage.store.execute("UPDATE assessments SET needs = '[]'")
        await stage.tell((restated(registered(), 2), FIRM))
        await stage.consumed(4)
        assert await row_of(stage, columns) == before, "also where something else stands there"
        await stage.store.execute("UPDATE assessments SET needs = '[]'")
        await stage.tell((restated(registered(), 1), FIRM))
        await stage.consumed(5)
        assert (await row_of(stage, "version, needs::text"))["version"] == 2, "an older one takes nothing back"
        assert await told(stage) == said


async def test_referral_keeps_again_what_it_has_lost_and_asks_nobody_twice(set_stage: Set) -> None:
    stage, columns = await set_stage("referral"), "version, state::text"
    delivered = NotificationDelivered(
        firm_id=FIRM, referral_id=REFERRAL, channel="mail", recipient="firm", purpose="requested",
        message_id="<1@portolano.example>", at=NOW,
    )  # fmt: skip
    async with stage.run():
        await stage.tell((assessed(), FIRM))
        await stage.consumed(1)
        before, said = await row_of(stage, columns), await told(stage)
        await stage.store.execute("DELETE FROM assessments")
        await stage.tell((restated(assessed()), FIRM))
        await stage.tell((DeliveryRestated(firm_id=FIRM, delivered=delivered), FIRM), upstream="notifier")
        assert await stage.consumed(3) == {"applied": 3}
        assert await row_of(stage, columns) == before
        await stage.store.execute("UPDATE assessments SET version = 2, state = state || '{\"version\": 2}'")
        await stage.tell((restated(assessed()), FIRM))
        await stage.consumed(4)
        assert (await row_of(stage, "version"))["version"] == 2, "an older one takes nothing back"
        assert await told(stage) == said
        assert await stage.store.fetchval("SELECT count(*) FROM referrals") == 1
        assert await stage.store.fetchval("SELECT message_id FROM deliveries") == delivered.message_id


async def test_the_notifier_keeps_again_what_it_has_lost_and_writes_to_nobody(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    columns = "referral_id, firm_id, partner, role, front, import, market"
    anew = ReferralRestated(
        firm_id=FIRM, referral_id=REFERRAL, partner="cna", role="responsible", front="information", import_=False,
        answer_by=NOW, contacts=PROFILE.contacts,
    )  # fmt: skip
    wish = PreferenceRestated(
        firm_id=FIRM, question_id=QUESTION, partner="cna", answer_by=NOW, contacts=PROFILE.contacts
    )
    async with stage.run():
        await stage.tell((opened(), FIRM))
        await stage.consumed(1)
        before = await stage.store.fetchrow(f"SELECT {columns} FROM referrals")
        await stage.store.execute("DELETE FROM referrals; DELETE FROM notifications")
        await stage.tell((anew, FIRM), (wish, FIRM))
        assert await stage.consumed(3) == {"applied": 3}
        assert await stage.store.fetchrow(f"SELECT {columns} FROM referrals") == before
        rows = await stage.store.fetch("SELECT purpose, id::text FROM questions ORDER BY id")
        assert [tuple(row) for row in rows] == [("outcomes", REFERRAL), ("preference", QUESTION)]
        assert await stage.store.fetchval("SELECT count(*) FROM notifications") == 0
