"""Services die in the middle of two thousand firms, and nothing is lost, doubled or put out of order."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.local.home import SERVICES, Home
from deploy.provision import provision
from shared.testing.waiting import until
from tests.e2e.firms import now, submission
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System

FIRMS = 2000
SLICE = 100
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


def publish(partners: list[Partner], firms: range) -> None:
    """Every firm once, a tenth of them by a second partner too, some with a repeat of the very same event."""
    for n in firms:
        partner = partners[n % len(partners)]
        consent = "any" if n % 3 == 0 else None
        data = submission(n, consent=consent, needs=("finance_and_insurance",) if n % 5 == 0 else ())
        data |= {"membership": {"active": partner.code != "unioncamere"}}
        event_id = partner.submit(data)
        if n % 20 == 0:
            partner.submit(data, event_id)
        if n % 10 == 0:
            partners[(n + 1) % len(partners)].submit(submission(n, consent=None))
    for partner in partners:
        partner.flush()


def answer_some(partner: Partner, most: int) -> None:
    """The first requests are accepted, every fifth is rejected and goes elsewhere."""
    partner.read(lambda one: len(one.of("referral.requested.v1")) >= most, limit=60)
    for k, referral in enumerate(partner.of("referral.requested.v1")[:most]):
        if k % 5 == 4:
            partner.answer(referral["referral_id"], "rejected", now(), reason="no_capacity")
        else:
            partner.answer(referral["referral_id"], "accepted", now())
    partner.flush()


async def kill_in_the_middle(victim: System, service: str, work: asyncio.Task[None], dice: random.Random) -> int:
    """Let input pile up before the service, let it go on for a moment, kill it; what it left unread or uncommitted."""

    async def piled_up() -> bool:
        return await victim.unread(service) >= 20

    victim.processes[service].send_signal(signal.SIGSTOP)
    await until(piled_up, limit=30, what=f"unread records before {service}")
    await work
    victim.processes[service].send_signal(signal.SIGCONT)
    await asyncio.sleep(dice.uniform(0.0, 0.08))  # not to wait for anything: to die at another place each time
    victim.kill(service)
    left = await victim.unread(service)
    victim.begin(service)
    return left


async def test_services_killed_in_the_middle_of_two_thousand_firms_lose_nothing(victim: System) -> None:
    partners = [Partner(victim.home, code, PREFIX) for code in PUBLISHERS]
    dice, killed = random.Random(7), {service: list[int]() for service in SERVICES}
    slices = [range(start, start + SLICE) for start in range(0, FIRMS, SLICE)]
    for number, firms in enumerate(slices):
        work = asyncio.create_task(asyncio.to_thread(publish, partners, firms))
        service = SERVICES[number % len(SERVICES)]
        if len(killed[service]) < KILLS_EACH:
            left = await kill_in_the_middle(victim, service, work, dice)
            if left > 0:
                killed[service].append(left)
        await work
        if number in (6, 12):
            await asyncio.to_thread(answer_some, partners[1], 30 if number == 6 else 50)
    print(f"killed with this many records unread or uncommitted: {killed}")
    assert all(len(kills) >= KILLS_EACH for kills in killed.values()), killed

    report = await at_rest(victim)
    print(f"looked at {dict(report.looked_at)}")
    assert report.told() == []
    counts = {
        table: await victim.stores[service].fetchval(f"SELECT count(*) FROM {table}")
        for service, table in (("intake", "profiles"), ("classifier", "assessments"), ("referral", "assessments"))
    }
    assert counts == {"profiles": FIRMS, "assessments": FIRMS}
    accepted = "SELECT count(*) FROM referrals WHERE status = 'accepted'"
    assert await victim.stores["referral"].fetchval(accepted) >= 40
    assert report.looked_at["referrals"] >= FIRMS
