"""Erasure in the real store of referral: what is passed on, what is kept of it, and that a new beginning is one."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.classifier import AssessmentErased
from shared.contracts.notifier import NotificationsErased
from shared.testing.waiting import until
from tests.component.referral.desk import FIRM, Desk, assessed
from tests.component.services.stage import Stage

ASKED = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(set_stage: Callable[[str], Awaitable[Stage]]) -> Desk:
    return Desk(await set_stage("referral"))


def request(kind: Any, version: int = 1, asked: datetime = ASKED, by: str = "cna") -> Any:
    return kind(firm_id=FIRM, version=version, requested_at=asked, requested_by=by, submission_id="e-1")


async def rows(desk: Desk, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await desk.stage.store.fetch(sql)]


async def test_what_comes_before_an_erasure_is_gone_and_what_comes_after_stands_also_within_one_batch(
    desk: Desk,
) -> None:
    await desk.tell(
        assessed("assistance", publishers=("aice",)),
        request(AssessmentErased),
        assessed("assistance", version=2),
    )
    async with desk.stage.run():
        await desk.stage.consumed(3)
        await desk.tell(request(NotificationsErased))
        assert await desk.stage.consumed(4) == {"applied": 4}
        said = [(kind.split(".")[-2], data) for kind, data in await desk.stage.said("referral.events.v1", 4)]
        [told] = [data for kind, data in await desk.news(4) if kind == "firm-erased"]
        [_, others] = await desk.news(2, "aice")
    (first, new) = (data for kind, data in said if kind == "opened")
    assert [kind for kind, _ in said] == ["opened", "moved", "case-erased", "opened"]
    assert "replaces" not in new, "nothing leads from the new beginning to what was"
    assert told["referral_ids"] == [first["referral_id"]]
    assert others == ("firm-erased", {"firm_id": FIRM, "referral_ids": [], "copies_until": told["copies_until"]})
    assert await rows(desk, "SELECT version FROM assessments") == [(2,)]
    assert await rows(desk, "SELECT referral_id::text FROM decisions") == [(new["referral_id"],)]
    assert await rows(desk, "SELECT referral_id::text, state FROM needs") == [(new["referral_id"], "referred")]
    assert await rows(desk, "SELECT partner FROM firm_statuses") == []
    assert await rows(desk, "SELECT referral_id::text FROM erased_referrals") == [(first["referral_id"],)]


async def test_each_request_is_answered_once_to_whoever_asked_and_not_before_the_last_store_is_empty(
    desk: Desk,
) -> None:
    later = ASKED + timedelta(days=1)
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        await desk.stage.consumed(1)
        assert await rows(desk, "SELECT count(*) FROM decisions") == [(1,)]
        await desk.tell(request(AssessmentErased), request(AssessmentErased, 1, later, "aice"))
        await desk.stage.consumed(3)
        assert await rows(desk, "SELECT count(*) FROM decisions") == [(0,)], "reasons tell of memberships and consents"
        assert await rows(desk, "SELECT count(*) FROM erasures WHERE told_at IS NOT NULL") == [(0,)]
        await desk.tell(request(NotificationsErased))
        await desk.stage.consumed(4)
        assert [kind for kind, _ in await desk.news(3)] == ["requested", "cancelled", "firm-erased"]
        await desk.tell(request(NotificationsErased), request(NotificationsErased, 1, later, "aice"))
        await desk.stage.consumed(6)
        assert [kind for kind, _ in await desk.news(1, "aice")] == ["firm-erased"]
        assert [kind for kind, _ in await desk.news(1)] == ["firm-erased"]


async def test_of_two_who_ask_as_of_the_same_moment_both_are_answered(desk: Desk) -> None:
    async with desk.stage.run():
        await desk.tell(request(AssessmentErased), request(AssessmentErased, by="aice"))
        await desk.stage.consumed(2)
        await desk.tell(request(NotificationsErased), request(NotificationsErased, by="aice"))
        await desk.stage.consumed(4)
        assert [kind for kind, _ in await desk.news(1)] == ["firm-erased"]
        assert [kind for kind, _ in await desk.news(1, "aice")] == ["firm-erased"]


async def test_what_a_partner_writes_of_an_erased_firm_is_answered_and_not_kept(desk: Desk) -> None:
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        [(_, requested)] = await desk.news(1)
        await desk.say(requested["referral_id"], "received", note="of before")
        assert await until(lambda: rows(desk, "SELECT content->>'note' FROM updates"), what="a note") == [
            ("of before",)
        ]
        await desk.tell(request(AssessmentErased), assessed("assistance", version=2))
        [_, _, (_, anew)] = await desk.news(3)
        await desk.say(requested["referral_id"], "received", note="of before")
        await desk.say(anew["referral_id"], "received", note="of the new beginning")
        await desk.news(2)
    kept = await rows(desk, "SELECT content->>'note', content_hash IS NULL FROM updates ORDER BY record_offset")
    assert kept == [(None, True), (None, True), ("of the new beginning", False)]


async def test_a_commands_row_can_lose_its_reason_and_nothing_else(desk: Desk) -> None:
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        await desk.news(1)
    store = desk.stage.store
    await store.execute(
        """INSERT INTO commands SELECT gen_random_uuid(), 'assign', need_id, referral_id, 'why', 'anna', now(), 'test'
        FROM referrals"""
    )
    await store.execute("UPDATE commands SET reason = NULL")
    for change in ("reason = 'another'", "given_by = 'bruno'", "reason = NULL, given_by = 'bruno'"):
        with pytest.raises(Exception, match="never changed"):
            await store.execute(f"UPDATE commands SET {change}")
