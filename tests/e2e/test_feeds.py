"""A feed can be published again from any number, and nobody is the worse for it; topics that were lost come back."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from deploy.local.home import CHECKOUT
from shared.testing.waiting import until
from tests.component.feeds.remade import remake
from tests.e2e.firms import submission
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System


def feeds(system: System, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "feeds", *words],
        env={**os.environ, "PORTOLANO_HOME": str(system.home.root)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_partners_feed_comes_again_under_the_same_numbers(system: System) -> None:
    claai = Partner(system.home, "claai")
    event_id = claai.submit(submission(700_000))
    claai.flush()

    def receipts() -> list[dict[str, Any]]:
        return [data for data in claai.of("submission.accepted.v1") if data["submission_id"] == event_id]

    claai.read(lambda _: len(receipts()) == 1)
    assert "would come" in feeds(system, "republish", "partners.claai.receipts.v1/0", "--from", "1", "--dry-run").stderr
    assert feeds(system, "republish", "partners.claai.receipts.v1/0", "--from", "1").returncode == 0
    claai.read(lambda _: len(receipts()) == 2)
    assert receipts()[0] == receipts()[1]

    async def published() -> bool:
        rows = {row["feed"]: row for row in json.loads(feeds(system, "show", "--json").stdout)}
        mine = rows["partners.claai.receipts.v1/0"]
        return bool(mine["published"] == mine["head"])

    await until(published, what="the cursor back at the head")


async def test_what_the_journal_does_not_have_is_refused(system: System) -> None:
    refused = feeds(system, "republish", "partners.claai.receipts.v1/0", "--from", "999999")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nothing from 999999 on to repeat" in refused.stderr
    assert feeds(system, "republish", "no.such.feed/0", "--from", "1").returncode == 1


def copy_of(system: System, topic: str) -> list[tuple[str, bytes]]:
    """Number and value of everything that a partner's client finds on its topic, from the beginning."""
    consumer = Consumer({**system.home.kafka_admin(), "group.id": "copy", "enable.auto.commit": False})
    try:
        begin, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        consumer.assign([TopicPartition(topic, 0, begin)])
        found: list[Any] = []
        while len(found) < end - begin:
            found += consumer.consume(end - begin - len(found), timeout=5.0)
        return [(dict(one.headers())["ce_sequence"].decode(), one.value()) for one in found]
    finally:
        consumer.close()


async def test_a_partner_that_lost_its_copy_gets_all_of_it_again_under_the_same_numbers(system: System) -> None:
    partner = Partner(system.home, "unioncamere")
    partner.submit(submission(700_100, needs=("information",)))
    partner.flush()
    try:
        await asyncio.to_thread(
            partner.read, lambda p: bool(p.of("referral.requested.v1")) and bool(p.of("submission.accepted.v1"))
        )
    finally:
        partner.close()
    await at_rest(system)
    topic = "partners.unioncamere.referrals.v1"
    once = copy_of(system, topic)
    numbers = list(dict(once))
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    assert feeds(system, "republish", f"{topic}/0", "--from", "1").returncode == 0
    report = await at_rest(system)
    assert copy_of(system, topic) == once + list(dict(once).items())
    assert report.clean, report.told()


async def test_topics_that_were_made_again_are_accepted_by_command_and_the_audit_is_clean(system: System) -> None:
    """One between services, and one that a partner writes, which is shorter afterwards than the one before it was; what
    the partner had written stays answered once."""
    claai = Partner(system.home, "claai")
    what = submission(700_200)
    first = claai.submit(what)
    for n in range(700_202, 700_206):
        claai.submit(submission(n))
    claai.flush()

    def answered(event_id: str) -> list[str]:
        return [data["outcome"] for data in claai.of("submission.accepted.v1") if data["submission_id"] == event_id]

    try:
        await asyncio.to_thread(claai.read, lambda _: bool(answered(first)))
        await at_rest(system)
        for topic in ("classifier.assessments.v1", "partners.claai.firms.v1"):
            await remake(system.home, topic, partitions=None)
            await until(lambda: asyncio.to_thread(alarmed, system, f"feeds accept {topic}"), limit=60, what="an alarm")  # noqa: B023  # awaited at once
            refused = feeds(system, "accept", topic)
            assert (refused.returncode, "--reason" in refused.stderr) == (2, True)
            would = feeds(system, "accept", topic, "--reason", "a trial", "--dry-run")
            assert would.returncode == 0, would.stderr
            assert would.stderr.endswith("a dry run: nothing was kept of it\n")
            done = feeds(system, "accept", topic, "--reason", "a trial")
            assert (done.returncode, done.stdout) == (0, would.stdout), done.stderr
            assert feeds(system, "accept", topic, "--reason", "a trial").returncode == 1
        again = claai.submit(what, event_id=first)
        second = claai.submit(submission(700_201))
        claai.flush()
        await asyncio.to_thread(claai.read, lambda _: len(answered(again)) == 2 and bool(answered(second)))
    finally:
        claai.close()
    assert answered(first)[-1] == "repeated"
    await system.ready(limit=60)
    report = await at_rest(system)
    assert report.clean, report.told()


def alarmed(system: System, text: str) -> bool:
    """Whether a service has an alarm that says so."""
    for door in system.doors.values():
        with urllib.request.urlopen(f"http://127.0.0.1:{door}/status", timeout=5) as answer:
            if any(text in said for said in json.load(answer)["alarms"].values()):
                return True
    return False
