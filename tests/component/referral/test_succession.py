"""Succession in the real store of referral: both orders end the same, over several firms, and partners write on."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from cli.explain import casework
from services.referral.updates import UPDATED
from shared.contracts.classifier import AssessmentSucceeded, FirmAssessed
from tests.component.referral.desk import FIRM, PAST, Desk, assessed
from tests.component.services.stage import Stage

HEIR = "00000000-0000-8000-8000-00000000000b"
LAST = "00000000-0000-8000-8000-00000000000c"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(set_stage: Callable[[str], Awaitable[Stage]]) -> Desk:
    return Desk(await set_stage("referral"))


def of(firm_id: str, *fronts: str) -> tuple[FirmAssessed, str]:
    return msgspec.structs.replace(assessed(*fronts), firm_id=firm_id), firm_id


def succeeded(firm_id: str, by: str) -> tuple[AssessmentSucceeded, str]:
    event = AssessmentSucceeded(firm_id=firm_id, version=1, successor_id=by, kind="merger", at=PAST, said_by="cna")
    return event, firm_id


async def tasks(desk: Desk) -> list[tuple[Any, ...]]:
    """Firm, referral and state of the need of each open referral."""
    rows = await desk.stage.store.fetch(
        """SELECT r.firm_id::text, r.referral_id::text, n.state FROM referrals r JOIN needs n USING (need_id)
        WHERE r.status NOT IN ('cancelled') AND n.firm_id = r.firm_id"""
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("first", ["succession", "assessment"])
async def test_the_referral_follows_and_its_partner_writes_on_whichever_is_heard_first(desk: Desk, first: str) -> None:
    async with desk.stage.run():
        await desk.stage.tell(of(FIRM, "assistance"))
        [(_, requested)] = await desk.news(1)
        events = [succeeded(FIRM, HEIR), of(HEIR, "assistance")]
        for n, event in enumerate(events if first == "succession" else reversed(events), start=2):
            await desk.stage.tell(event)  # one after the other: they lie on partitions of their own
            await desk.stage.consumed(n)
        news = await desk.news(1 if first == "succession" else 3)
        assert await tasks(desk) == [(HEIR, requested["referral_id"], "referred")]
        await desk.say(requested["referral_id"], "accepted")
        [answered] = [data for kind, data in await desk.news(1) if kind == "update-recorded"]
        moved = [data for kind, data in await desk.stage.said("referral.events.v1", 2) if kind.endswith("moved.v1")]
    assert answered["status"] == "accepted"
    assert (moved[-1]["firm_id"], moved[-1]["status"]) == (HEIR, "accepted")
    for firm_id in (FIRM, HEIR):
        [link] = await casework.successions(desk.stage.store, firm_id)
        assert (link.firm_id, link.successor_id, link.kind, link.partner) == (FIRM, HEIR, "merger", "cna")
    statuses = [data for kind, data in news if kind == "firm-status"]
    assert [(one["firm_id"], [need["state"] for need in one["needs"]]) for one in statuses] == [(HEIR, ["referred"])]
    assert await desk.stage.store.fetchval("SELECT count(*) FROM timers WHERE firm_id = $1", FIRM) == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_chain_of_successions_ends_at_its_last_firm_in_both_orders(desk: Desk, order: tuple[int, int]) -> None:
    words = [succeeded(FIRM, HEIR), succeeded(HEIR, LAST)]
    async with desk.stage.run():
        await desk.stage.tell(of(FIRM, "assistance"))
        [(_, requested)] = await desk.news(1)
        for n, which in enumerate(order, start=2):
            await desk.stage.tell(words[which])
            await desk.stage.consumed(n)
    assert await tasks(desk) == [(LAST, requested["referral_id"], "referred")]


async def test_an_update_that_lies_beside_the_succession_finds_its_referral(desk: Desk) -> None:
    async with desk.stage.run():
        await desk.stage.tell(of(FIRM, "assistance"))
        [(_, requested)] = await desk.news(1)
    await desk.stage.tell(succeeded(FIRM, HEIR), of(HEIR, "assistance"))
    data = {"referral_id": requested["referral_id"], "status": "received", "at": "2026-11-20T08:00:00Z"}
    await desk.write(UPDATED, data)
    async with desk.stage.run():  # all at once, as far as the reader takes it so
        assert await desk.stage.consumed(4) == {"applied": 4}
    assert await tasks(desk) == [(HEIR, requested["referral_id"], "referred")]
    status = await desk.stage.store.fetchval("SELECT status FROM referrals WHERE firm_id = $1", HEIR)
    assert status == "received"
