"""What the firm answers by its link comes back to the partner, and so does its silence."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.notifier import OutcomesAnswered
from tests.component.referral.desk import FIRM, Desk, assessed
from tests.component.referral.moving import Time
from tests.component.services.conftest import Set

OUTCOMES = [{"code": "informed"}]


async def completed(desk: Desk) -> str:
    """A referral that its partner has completed; its id."""
    await desk.tell(assessed("information"))
    ((_, asked),) = await desk.news(1)
    await desk.say(asked["referral_id"], "completed", outcomes=OUTCOMES)
    (_, (kind, closed)) = await desk.news(2)
    assert (kind, closed["confirmed_by_firm"]) == ("closed", "pending")
    return str(asked["referral_id"])


def answer(referral: str, at: datetime, *, confirmed: bool = True, reason: str | None = None) -> OutcomesAnswered:
    return OutcomesAnswered(firm_id=FIRM, referral_id=referral, confirmed=confirmed, reason=reason, at=at)


async def hears(desk: Desk, *answers: OutcomesAnswered) -> None:
    """Referral hears this from the notifier."""
    await desk.stage.tell(*((one, FIRM) for one in answers), upstream="notifier")


@pytest.mark.parametrize(("confirmed", "word"), [(True, "yes"), (False, "disputed")])
async def test_the_firms_answer_is_kept_and_told_to_the_partner_once(
    set_stage: Set, confirmed: bool, word: str
) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        referral = await completed(desk)
        given = answer(referral, datetime.now(UTC), confirmed=confirmed, reason=None if confirmed else "not_finished")
        await hears(desk, given, answer(referral, datetime.now(UTC), confirmed=not confirmed))
        ((kind, closed),) = await desk.news(1)
        assert (kind, closed["status"], closed["confirmed_by_firm"]) == ("closed", "completed", word)
        assert closed["outcomes"] == OUTCOMES
        row = await desk.stage.store.fetchrow("SELECT * FROM referrals")
        assert (row["status"], row["confirmed_by_firm"], row["disputed_for"]) == ("completed", word, given.reason)
        assert await desk.stage.store.fetchval("SELECT count(*) FROM timers") == 0
        assert await desk.needs() == {"information": "met"}


async def test_silence_is_told_when_the_link_expires_and_an_answer_in_time_still_counts_after_it(
    set_stage: Set,
) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true"):
        referral = await completed(desk)
        until = await time.due("answer_by")
        await time.go_to(until)
        ((kind, closed),) = await desk.news(1)
        assert (kind, closed["confirmed_by_firm"]) == ("closed", "unanswered")
        assert await desk.stage.store.fetchval("SELECT count(*) FROM timers") == 0
        await hears(desk, answer(referral, until + timedelta(seconds=1)), answer(referral, until - timedelta(hours=1)))
        ((kind, closed),) = await desk.news(1)
        assert (kind, closed["confirmed_by_firm"]) == ("closed", "yes")
        assert datetime.fromisoformat(closed["at"]) == until - timedelta(hours=1)
