"""Each of the four stores is lost and restored from an older copy, beside the others and Kafka, which went on."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cli.audit.run import audit
from deploy.local.home import CHECKOUT, SERVICES, Home
from shared.feeds import clock
from shared.testing.waiting import until
from tests.chaos.checker import judge
from tests.chaos.copies import dump, lasting, restore
from tests.chaos.run import look
from tests.chaos.traffic import Traffic
from tests.chaos.world import Replica, World, world
from tests.component.notifier.test_page import browse

BEFORE, SINCE, AFTER = 12, 36, 44
"""Firms that were sent when the copies are made, when the stores are lost, and at the end."""
AHEAD = (timedelta(days=4), timedelta(days=12))


def portolano(home: Home, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        env={**os.environ, "PORTOLANO_HOME": str(home.root), **settings},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


async def ordered(home: Home, *words: str, **settings: str) -> dict[str, Any]:
    done = await asyncio.to_thread(portolano, home, *words, "--json", **settings)
    assert done.returncode == 0, done.stderr + done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture
def root() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="portolano-recover-"))
    yield path
    if os.environ.get("PORTOLANO_KEEP_TESTS") is None:
        shutil.rmtree(path, ignore_errors=True)


async def some(it: World, sql: str, n: int) -> list[str]:
    """So many ids, once there are."""
    store = await it.store("referral")
    try:

        async def enough() -> list[str] | None:
            rows = await store.fetch(sql)
            return [str(row[0]) for row in rows] if len(rows) >= n else None

        found: list[str] = await until(enough, limit=180, what=sql)
        return found[:n]
    finally:
        await store.close()


async def sent(traffic: Traffic, firms: int) -> None:
    async def enough() -> bool:
        assert traffic.broken is None, traffic.broken
        return traffic.sent >= firms

    await until(enough, limit=180, what=f"{firms} firms that are sent")


async def spoken(it: World, service: str) -> None:
    """The service has said something: a copy of its store is no empty one."""
    store = await it.store(service)

    async def enough() -> bool:
        said = await store.fetchval("SELECT coalesce(sum(sequence), 0)::bigint FROM feeds")
        return bool(said >= BEFORE // 2)

    await until(enough, limit=180, what=f"words of {service}")
    await store.close()


async def people_decide(it: World) -> None:
    """A person takes two back, gives one of these needs to somebody else, and enters a third in error."""
    waiting = """SELECT referral_id FROM referrals WHERE status = 'requested' AND role = 'responsible'
    AND referral_id::text ~ '[4-7c-f]$' ORDER BY 1"""  # those that the traffic's partners let lie
    one, two, three = await some(it, waiting, 3)
    taken = await ordered(it.home, "cancel", one, "--reason", "superseded")
    await ordered(it.home, "assign", taken["need_id"], "unioncamere", "--reason", "agreed on the phone")
    await ordered(it.home, "cancel", two, "--reason", "firm_request")
    await ordered(it.home, "correct", three, "--reason", "another firm was meant", "--second-person", "anna.r")


async def a_firm_answers(it: World) -> str:
    """A firm opens the link of a mail and says that what its partner reported is so; the link."""
    store = await it.store("notifier")
    try:

        async def asked() -> str | None:
            body = await store.fetchval(
                """SELECT body FROM questions q JOIN notifications n ON n.referral_id = q.id
                WHERE q.purpose = 'outcomes' AND n.body ~ 'http://127' AND q.answer IS NULL LIMIT 1"""
            )
            found = re.search(r"http://127\S+", body or "")
            return found[0] if found else None

        link: str = await until(asked, limit=180, what="a firm that is asked")
        answer = await browse("POST", link, {"answer": "yes"})
        assert answer.status == 200, answer.text
        return link
    finally:
        await store.close()


async def time_passes(it: World, ahead: timedelta) -> None:
    """Reminders and escalations become due, and what nobody has accepted goes to others."""
    store = await it.store("referral")
    try:
        await clock.move(store, ahead)

        async def rung() -> bool:
            due = "SELECT count(*) FROM timers WHERE due_at <= now() + (SELECT sum(ahead) FROM clock_moves)"
            return not await store.fetchval(due)

        await until(rung, limit=180, what="the clocks that are due")
    finally:
        await store.close()


async def lose(it: World, service: str, copy: Path) -> None:
    """The service ends, and its store is as old as the copy."""
    replica = Replica(service, 1)
    it.unkept.add(replica)
    it.kill(replica)
    moves: list[Any] = []
    if service == "referral":
        store = await it.store(service)
        moves = await store.fetch("SELECT moved_at, ahead FROM clock_moves ORDER BY id")
        await store.close()
    await restore(it.home, service, copy)
    if moves:  # what time it is in the house of this test is nothing that a store could lose
        store = await it.store(service)
        await store.execute("DELETE FROM clock_moves")
        await store.executemany("INSERT INTO clock_moves (moved_at, ahead) VALUES ($1, $2)", [tuple(m) for m in moves])
        await store.close()


async def refusal(it: World, service: str) -> str:
    """What the service says last, which does not start."""
    replica = Replica(service, 1)
    it.begin(replica)

    async def ended() -> bool:
        return it.processes[replica].poll() is not None

    await until(ended, limit=180, what=f"the end of {replica}")
    assert it.processes[replica].returncode == 1
    return (it.home.log / f"{replica}.log").read_text().splitlines()[-1]


async def brought_forward(it: World, service: str, copy: Path, page_port: str) -> None:
    """Lose the store, see it refuse, recover it, and let the service work."""
    await lose(it, service, copy)
    assert f"portolano recover {service}" in await refusal(it, service)
    rehearsed = await ordered(it.home, "recover", service, "--dry-run")
    if service == "referral":
        await killed(it, service)
        assert "give `portolano recover referral` (again" in await refusal(it, service)
    done = await ordered(it.home, "recover", service, NOTIFIER_PAGE_PORT=page_port)
    lost = sum(feed["read_back"] for feed in rehearsed["feeds"])
    known = sum(feed["known"] for feed in rehearsed["feeds"])
    print(f"{service}: {known} numbers known, {lost} read back, {done['transactions']} transactions")
    assert known > 0
    assert 0 < done["again"] <= lost
    assert [done[one] for one in ("new", "otherwise", "undecided", "refused", "held")] == [0, [], [], [], 0]
    it.begin(Replica(service, 1))
    it.unkept.discard(Replica(service, 1))


async def killed(it: World, service: str) -> None:
    """The command dies half way."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "recover", service),
        env={**os.environ, "PORTOLANO_HOME": str(it.home.root)},
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
    )
    store = await it.store(service)

    async def half_way() -> bool:
        assert command.returncode is None, "it came to its end too soon"
        back = await store.fetchval("SELECT read_back FROM recoveries WHERE ended_at IS NULL")
        return back is not None and 0 < await store.fetchval("SELECT count(*) FROM recovered") < back

    await until(half_way, limit=180, what="half of the recovery")
    command.kill()
    await command.wait()
    await store.close()


async def test_a_store_restored_from_an_older_copy_is_brought_forward_and_nothing_is_lost_or_doubled(
    root: Path,
) -> None:
    Home(root).let_clock_be_moved()
    async with world(root, partitions=2, replicas=1) as it:
        begun = Traffic(it.home, BEFORE, seed=5, rate=25.0)
        begun.start()
        await sent(begun, BEFORE)
        copies = {service: root / f"{service}.copy" for service in SERVICES}
        for service in SERVICES:
            await spoken(it, service)
            await dump(it.home, service, copies[service])
        await asyncio.to_thread(begun.finish)
        traffic = Traffic(it.home, SINCE, seed=6, rate=25.0, after=begun)
        traffic.start()
        await sent(traffic, SINCE)
        await asyncio.to_thread(traffic.finish)  # no look at topics sees what a client has in hand
        await it.at_rest(300)  # or a firm that is told anew takes back what a person has just chosen
        await people_decide(it)
        answers = Traffic(it.home, SINCE, seed=8, rate=25.0, after=traffic)
        answers.start()
        link = await a_firm_answers(it)
        for ahead in AHEAD:
            await time_passes(it, ahead)
        await asyncio.to_thread(answers.finish)
        await it.at_rest(300)

        for pair in (("intake", "referral"), ("classifier", "notifier")):
            before = {service: await lasting(it.home, service) for service in pair}
            page = str(urlsplit(link).port)
            await asyncio.gather(*(brought_forward(it, service, copies[service], page) for service in pair))
            await it.ready()
            await it.at_rest(300)
            for service, tables in before.items():
                after = await lasting(it.home, service)
                assert {table: rows ^ after[table] for table, rows in tables.items() if rows != after[table]} == {}

        more = Traffic(it.home, AFTER, seed=7, rate=25.0, after=answers)
        more.start()
        await sent(more, AFTER)
        await asyncio.to_thread(more.finish)
        await it.at_rest(300)
        scene = await look(it, more)
        assert [str(one) for one in judge(scene)] == []
        assert set(scene.mails.values()) == {1}, "a mail went out twice"
        forks = sum("ce_fork" in record.headers for log in scene.logs.values() for record in log.records)
        assert forks > 0, "no feed has forked"
        report = await audit(it.home, "")
        assert report.findings == []
