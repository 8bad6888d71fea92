"""Services die in the middle of two thousand firms, and nothing is lost, doubled or put out of order."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest_asyncio

from cli.audit.findings import Report
from cli.audit.run import audit
from deploy.local.home import SERVICES, Home
from deploy.provision import provision
from shared.testing.waiting import until
from tests.e2e.firms import now, submission
from tests.e2e.partner import Partner
from tests.e2e.system import System

FIRMS = 2000
KILLS_EACH = 2
PREFIX = "kill."
PUBLISHERS = ("unioncamere", "cna", "assolombarda", "confartigianato")


@pytest_asyncio.fixture(loop_scope="session")
async def victim(home: Home, mail_sink: str) -> AsyncIterator[System]:
    await provision(home, topic_prefix=PREFIX, partitions=2)
    system = System(home, PREFIX)
    try:
        await system.start()
        yield system
    finally:
        await system.stop()


def publish(partners: list[Partner]) -> None:
    """Every firm once, a tenth of them by a second partner too, some with a repeat of the very same event."""
    for n in range(FIRMS):
        partner = partners[n % len(partners)]
        data = submission(n, needs=("finance_and_insurance",) if n % 5 == 0 else ())
        data |= {"membership": {"active": partner.code != "unioncamere"}}
        event_id = partner.submit(data)
        if n % 20 == 0:
            partner.submit(data, event_id)
        if n % 10 == 0:
            partners[(n + 1) % len(partners)].submit(submission(n, consent=None))
    for partner in partners:
        partner.flush()


def accept_first(partners: list[Partner], most: int) -> None:
    """The first requests of each partner are accepted, every fifth is rejected and goes elsewhere."""
    for partner in partners:
        partner.read(lambda one: len(one.of("referral.requested.v1")) > most, limit=60)
        for k, referral in enumerate(partner.of("referral.requested.v1")[:most]):
            if k % 5 == 4:
                partner.answer(referral["referral_id"], "rejected", now(), reason="no_capacity")
            else:
                partner.answer(referral["referral_id"], "accepted", now())
        partner.flush()


async def settled(system: System) -> Report | None:
    """The audit once nothing is on its way any more."""
    report = await audit(system.home, system.prefix)
    on_its_way = {what: n for what, n in report.waiting.items() if n}
    return None if on_its_way else report


async def test_services_killed_in_the_middle_of_two_thousand_firms_lose_nothing(victim: System) -> None:
    partners = [Partner(victim.home, code, PREFIX) for code in PUBLISHERS]
    publishing = asyncio.create_task(asyncio.to_thread(publish, partners))
    answering: asyncio.Task[None] | None = None
    dice, killed = random.Random(7), Counter[str]()
    in_flight: dict[str, list[int]] = {service: [] for service in SERVICES}

    async def one_more_kill() -> bool:
        """Kill a service that has something before it; true when every service has had its share."""
        nonlocal answering
        if publishing.done() and answering is None:
            publishing.result()
            answering = asyncio.create_task(asyncio.to_thread(accept_first, partners[:2], 50))
        await asyncio.sleep(dice.uniform(0.05, 0.25))
        for service in dice.sample(SERVICES, len(SERVICES)):
            unread = await victim.unread(service)
            if unread > 0 and killed[service] < KILLS_EACH and victim.is_ready(service):
                victim.kill(service)
                killed[service] += 1
                in_flight[service].append(unread)
                break
        return all(killed[service] >= KILLS_EACH for service in SERVICES)

    await until(one_more_kill, limit=90, what=f"the kills (so far {killed})")
    await publishing
    assert answering is not None
    await answering
    report = await until(lambda: settled(victim), limit=90, what="the end of all that is on its way")
    print(f"killed with unread records before them: {in_flight}; looked at {dict(report.looked_at)}")
    assert report.told() == []
    profiles = await victim.stores["intake"].fetchval("SELECT count(*) FROM profiles")
    assert profiles == FIRMS
    assert await victim.stores["referral"].fetchval("SELECT count(*) FROM assessments") == FIRMS
    assert await victim.stores["referral"].fetchval("SELECT count(*) FROM referrals WHERE status = 'accepted'") == 80
    assert report.looked_at["referrals"] >= FIRMS
