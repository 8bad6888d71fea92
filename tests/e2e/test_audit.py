"""The auditor can fail: each damage done by hand is found, named, and exits with 1."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.home import CHECKOUT, Home
from shared.testing.waiting import until
from tests.e2e.firms import submission
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.ground import ground

PREFIX = "damage."
FIRMS = 40


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def settled(home: Home, mail_sink: str) -> AsyncIterator[System]:
    """A system through which some firms have gone, and which is at rest."""
    async with ground(home, PREFIX):
        system = System(home, PREFIX)
        try:
            await system.start()
            partner = Partner(home, "cna", PREFIX)
            for n in range(FIRMS):
                partner.submit(submission(n))
            partner.flush()

            async def arrived() -> bool:
                return bool(await system.stores["notifier"].fetchval("SELECT count(*) FROM notifications") >= FIRMS)

            await until(arrived, limit=60, what="notifications")
            await at_rest(system)
            yield system
        finally:
            await system.stop()


def audited(home: Home) -> tuple[int, list[dict[str, str]]]:
    """Exit code and findings of `portolano audit`."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "audit", "--json", "--prefix", PREFIX],
        env={**os.environ, "PORTOLANO_HOME": str(home.root)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)["findings"]


async def taken_away(store: Any, table: str, condition: str) -> Any:
    """Delete one row by hand, as somebody with too many rights would."""
    return await store.fetchrow(f"DELETE FROM {table} WHERE {condition} RETURNING {table}.*")


async def put_back(store: Any, table: str, row: Any) -> None:
    places = ", ".join(f"${k}" for k in range(1, len(row) + 1))
    await store.execute(f"INSERT INTO {table} VALUES ({places})", *row.values())


async def test_an_undamaged_system_is_clean(settled: System) -> None:
    code, findings = audited(settled.home)
    assert (code, findings) == (0, [])


async def test_a_deleted_outbox_row_is_named(settled: System) -> None:
    store = settled.stores["intake"]
    feed = await store.fetchval("SELECT feed FROM outbox WHERE feed LIKE '%intake.firms%' ORDER BY feed, first LIMIT 1")
    row = await taken_away(store, "outbox", f"feed = '{feed}' AND first = 1")
    code, findings = audited(settled.home)
    await put_back(store, "outbox", row)
    assert code == 1
    assert [(one["check"], one["where"]) for one in findings] == [("journal", feed)]
    assert f"numbers 1 to {row['n']} have no outbox row" in findings[0]["text"]


async def test_a_deleted_referral_is_named_and_the_partner_that_was_asked(settled: System) -> None:
    store = settled.stores["referral"]
    row = await taken_away(store, "referrals", "referral_id = (SELECT max(referral_id::text)::uuid FROM referrals)")
    code, findings = audited(settled.home)
    await put_back(store, "referrals", row)
    assert code == 1
    assert {one["where"] for one in findings} == {f"referral {row['referral_id']}"}
    assert f"was told to {row['partner']} and is not in the store" in {one["text"] for one in findings}


async def test_a_doubled_mail_row_is_named(settled: System) -> None:
    store = settled.stores["notifier"]
    row = await store.fetchrow(
        """INSERT INTO notifications
        SELECT (jsonb_populate_record(n, '{"purpose": "again", "message_id": "<again@example>"}')).*
        FROM notifications n WHERE state = 'sent' LIMIT 1 RETURNING *"""
    )
    code, findings = audited(settled.home)
    await store.execute("DELETE FROM notifications WHERE purpose = 'again'")
    assert code == 1
    wanted = f"message {row['referral_id']}/mail/{row['recipient']}/again"
    assert {(one["check"], one["where"].removeprefix("a ")) for one in findings} == {("effects", wanted)}


async def test_a_miscounted_record_is_named(settled: System) -> None:
    store = settled.stores["classifier"]
    await store.execute("UPDATE positions SET applied = applied - 1 WHERE partition = 0")
    code, findings = audited(settled.home)
    await store.execute("UPDATE positions SET applied = applied + 1 WHERE partition = 0")
    assert code == 1
    assert [one["check"] for one in findings] == ["conservation"]
    assert findings[0]["where"] == f"classifier reading {PREFIX}intake.firms.v1/0"


async def test_records_removed_before_their_keep_are_named(settled: System) -> None:
    assert audited(settled.home)[0] == 0, "what the tests before damaged was put back"
    partition = TopicPartition(f"{PREFIX}classifier.assessments.v1", 0, 3)
    admin = AdminClient({**settled.home.kafka_admin()})  # kept: its futures die with it
    admin.delete_records([partition])[partition].result(10)
    code, findings = audited(settled.home)
    assert code == 1
    kept = [one for one in findings if one["check"] == "keep"]
    assert kept[0]["where"] == f"{PREFIX}classifier.assessments.v1/0"
    assert "numbers 1 to 3 were removed" in kept[0]["text"]
