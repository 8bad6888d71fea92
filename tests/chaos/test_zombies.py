"""Whoever stood still while others took over its work, and wakes, does nothing twice and nothing out of order."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from tests.chaos import sleepers
from tests.chaos.checker import Scene, judge
from tests.chaos.link import Mode
from tests.chaos.run import look
from tests.chaos.sleepers import Sleeper
from tests.chaos.traffic import Traffic
from tests.chaos.world import world


@dataclass(frozen=True)
class Night:
    """Who slept, and what there is to be judged afterwards."""

    deciding: Sleeper
    reading: Sleeper
    sending: Sleeper
    publishing: Sleeper
    firing: Sleeper
    mailing: Sleeper
    scene: Scene
    ended: dict[str, int]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def night() -> AsyncIterator[Night]:
    """All of them in one world and, where they are different services, at the same time: the longest leases of a
    stopped process, of half a minute, run out together."""
    root = Path(tempfile.mkdtemp(prefix="portolano-zombies-"))
    settings = {"REFERRAL_MOVED_CLOCK": "true"}
    async with world(root, partitions=2, settings=settings, points=True) as it:
        it.links["mail"].set(Mode.REFUSE)
        traffic = Traffic(it.home, 100_000, seed=13, rate=6.0)
        traffic.start()
        await sleepers.mails_pile_up(it)
        async with asyncio.TaskGroup() as roles:
            mailing = roles.create_task(sleepers.notifier(it, sleepers.MAILS))
            sending = roles.create_task(sleepers.relay(it, "classifier", sleepers.SENDS))
            firing = roles.create_task(sleepers.timer(it, sleepers.FIRES))
            await asyncio.wait({firing})
            publishing = roles.create_task(sleepers.relay(it, "referral", sleepers.MOVES))
            deciding = roles.create_task(sleepers.reader(it, "intake", sleepers.COMMITS))
            await asyncio.wait({publishing})
            reading = roles.create_task(sleepers.reader(it, "referral", sleepers.BEGINS))
        await asyncio.to_thread(traffic.finish)
        await it.ready()
        await it.at_rest(120)
        yield Night(
            deciding=deciding.result(),
            reading=reading.result(),
            sending=sending.result(),
            publishing=publishing.result(),
            firing=firing.result(),
            mailing=mailing.result(),
            scene=await look(it, traffic),
            ended=it.ended,
        )
    shutil.rmtree(root, ignore_errors=True)


async def test_a_reader_that_wakes_with_its_batch_decided_and_not_committed_finds_it_applied(night: Night) -> None:
    assert night.deciding.fenced > 0


async def test_a_reader_that_wakes_with_a_batch_in_its_hand_applies_none_of_what_others_have(night: Night) -> None:
    assert night.reading.fenced > 0


async def test_a_relay_that_wakes_before_it_sends_has_lost_its_feeds(night: Night) -> None:
    assert night.sending.fenced > 0


async def test_a_relay_that_wakes_before_it_moves_the_cursor_does_not_move_it(night: Night) -> None:
    assert night.publishing.fenced > 0


async def test_who_wakes_with_chosen_timers_finds_that_they_were_fired(night: Night) -> None:
    assert night.firing.fenced > 0


async def test_who_wakes_with_mails_in_its_hand_says_of_none_of_them_that_it_was_delivered(night: Night) -> None:
    assert night.mailing.fenced > 0
    twice = {message for message, n in night.scene.mails.items() if n > 1}
    assert twice <= night.mailing.in_hand, "promise 7: what was in the server's hand may come twice, nothing else"


async def test_afterwards_nothing_is_lost_doubled_or_out_of_order_and_no_process_has_ended(night: Night) -> None:
    assert [str(finding) for finding in judge(night.scene)] == []
    assert night.ended == {}
