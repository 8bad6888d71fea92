"""Two persons enter a referral in error, in the real store: noted, told to its partner, its need seen to."""

from functools import partial
from typing import Any

import asyncpg
import pytest

from cli.held.parts import commanding
from services.referral import commands, errands
from services.referral.correction import Correction
from services.referral.errands import TakenBack
from services.referral.receipt import Person
from shared.contracts.classifier import AssessmentErased
from tests.component.referral.desk import FIRM, PAST, Desk, assessed
from tests.component.services.conftest import Set

ORDER = "00000000-0000-4000-8000-0000000000c1"


async def corrected(desk: Desk, referral: str, *, rehearse: bool = False) -> TakenBack:
    order = Correction(
        id=ORDER, referral_id=referral, person=Person("anna.r", "Mr Rossi's other firm"), second="bruno.v"
    )
    async with commanding(desk.stage.home, "referral", desk.stage.prefix) as store:
        done: TakenBack = await store.carry_out(
            partial(commands.firm_of_referral, referral_id=referral),
            partial(errands.correct, order, "test"),
            rehearse=rehearse,
        )
        return done


async def noted(desk: Desk) -> list[tuple[Any, ...]]:
    rows = await desk.stage.store.fetch(
        "SELECT id::text, kind, referral_id::text, reason, given_by, second_person FROM commands"
    )
    return [tuple(row) for row in rows]


async def test_an_error_is_noted_told_and_refuses_what_its_partner_says_from_then_on(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        referral = asked["referral_id"]
        await desk.say(referral, "accepted")
        await desk.news(1)
        assert (await corrected(desk, referral, rehearse=True)).need_state == "manual"
        assert await noted(desk) == []
        done = await corrected(desk, referral)
        assert (done.was, done.status, done.need_state, done.partner_now) == (
            "accepted",
            "entered_in_error",
            "manual",
            None,
        )
        await desk.say(referral, "in_progress")
        (kind, told), (answer, refused) = await desk.news(2)
        assert (kind, told["status"], told["reason"]) == ("cancelled", "entered_in_error", "entered_in_error")
        assert (answer, refused["status"]) == ("update-refused", "entered_in_error")
        assert [one["rule"] for one in refused["problems"]] == ["status-not-possible"]
        said = await desk.stage.said("referral.events.v1", 3)
        assert [(data["was"], data["status"]) for kind, data in said if kind.endswith("moved.v1")][-1] == (
            "accepted",
            "entered_in_error",
        )
    assert await noted(desk) == [(ORDER, "correct", referral, "Mr Rossi's other firm", "anna.r", "bruno.v")]
    assert await desk.stage.store.fetchval("SELECT count(*) FROM timers") == 0


async def test_the_reason_goes_with_the_firm_and_the_rest_of_the_note_stays(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        await corrected(desk, asked["referral_id"])
        await desk.tell(
            AssessmentErased(firm_id=FIRM, version=2, requested_at=PAST, requested_by="cna", submission_id="e")
        )
        await desk.stage.consumed(2)
    assert await noted(desk) == [(ORDER, "correct", asked["referral_id"], None, "anna.r", "bruno.v")]


async def test_the_store_itself_takes_no_correction_by_one_person(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(assessed("assistance"))
        ((_, asked),) = await desk.news(1)
        await corrected(desk, asked["referral_id"])
    for second in (None, "Anna.R"):
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.stage.store.execute(
                """INSERT INTO commands (id, kind, need_id, referral_id, reason, given_by, given_at, code_version,
                                         second_person)
                SELECT gen_random_uuid(), kind, need_id, referral_id, reason, given_by, given_at, code_version, $1
                FROM commands""",
                second,
            )
