"""What readers have lost is said anew: their projections are what they were, and nothing else has happened."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from cli.feeds.restating import restate
from shared.contracts.topics import SERVICES
from shared.feeds import restating
from shared.feeds.records import unpack
from shared.feeds.restating import Restated
from tests.e2e.firms import now, submission, tax_code
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.e2e.test_commands import lines, portolano

FIRST, FIRMS, LOST = 12_400, 6, 3

PROJECTIONS: Mapping[str, Sequence[tuple[str, str]]] = {
    "classifier": [("assessments", "version, status, segment::text, needs::text, missing::text, digest")],
    "referral": [
        ("assessments", "version, state::text"),
        ("placements", "version, segment"),
        ("deliveries", "referral_id, channel, recipient, purpose, message_id, delivered_at"),
    ],
    "notifier": [
        ("referrals", "referral_id, partner, role, front, import, market"),
        ("questions", "purpose, id, partner, language, until, front, import, market, outcomes::text, answer"),
    ],
}
"""What each service keeps of what it has heard: table and columns that mean something."""

DONE = {
    "intake": ["submissions", "profiles"],
    "referral": ["referrals", "needs", "decisions", "movements", "information_requests"],
    "notifier": ["notifications"],
}
"""Tables in which something new would stand, had something been done."""


class Killed(Exception):
    """The command ends here, like one that is killed."""


async def kept(system: System) -> dict[str, Any]:
    return {
        f"{service}.{table}": sorted(
            map(repr, await system.stores[service].fetch(f"SELECT firm_id, {columns} FROM {table}"))
        )
        for service, tables in PROJECTIONS.items()
        for table, columns in tables
        if table != "placements"
    }


async def done(system: System) -> dict[str, Any]:
    """How much has been done, and how far partners' feeds are."""
    counts = {
        f"{service}.{table}": await system.stores[service].fetchval(f"SELECT count(*) FROM {table}")
        for service, tables in DONE.items()
        for table in tables
    }
    for service in SERVICES:
        rows = await system.stores[service].fetch("SELECT feed, sequence FROM feeds WHERE feed LIKE 'partners.%'")
        counts |= {row["feed"]: row["sequence"] for row in rows}
    return counts


async def said_anew(system: System, service: str) -> list[tuple[str, str]]:
    """Id and firm of each event that was said by a command, from the journal."""
    found = []
    for row in await system.stores[service].fetch("SELECT body FROM outbox"):
        for record in unpack(row["body"]):
            if b"restated.v1" in record.value:
                document = json.loads(record.value)
                found.append((document["id"], document["partitionkey"]))
    return found


async def lose(system: System, firms: Sequence[str]) -> None:
    for service, tables in PROJECTIONS.items():
        for table, _ in tables:
            await system.stores[service].execute(f"DELETE FROM {table} WHERE firm_id = ANY($1::uuid[])", firms)


async def complete_one(system: System, firms: Sequence[str]) -> None:
    """One of these firms' referrals is completed, so that the firm is asked whether that is so."""
    row = await system.stores["referral"].fetchrow(
        """SELECT referral_id::text, partner FROM referrals
        WHERE firm_id = ANY($1::uuid[]) AND status = 'requested' AND role = 'responsible' LIMIT 1""",
        firms,
    )
    partner = Partner(system.home, row["partner"])
    partner.answer(row["referral_id"], "accepted", now())
    partner.answer(row["referral_id"], "in_progress", now())
    partner.answer(row["referral_id"], "completed", now(), outcomes=[{"code": "export_plan"}])
    partner.flush()


async def test_a_lost_projection_is_said_anew_and_nothing_else_happens(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.reconnect()  # the outage of another test has ended the connections of this one
    await system.ready()
    partner = Partner(system.home, "confapi")
    for n in range(FIRST, FIRST + FIRMS):
        partner.submit(submission(n, needs=("assistance",)))
    partner.flush()
    await at_rest(system)
    rows = await system.stores["intake"].fetch(
        "SELECT firm_id::text FROM profiles WHERE codice_fiscale = ANY($1)",
        [tax_code(n) for n in range(FIRST, FIRST + LOST)],
    )
    lost = [row["firm_id"] for row in rows]
    await complete_one(system, lost)
    await at_rest(system)
    before, was_done = await kept(system), await done(system)
    assert any("outcomes" in one for one in before["notifier.questions"])
    await lose(system, lost)
    await system.stores["classifier"].execute(
        "UPDATE assessments SET needs = '[]', segment = '{}' WHERE firm_id <> ALL($1::uuid[])", lost
    )
    broken = await kept(system)
    assert all(broken[table] != before[table] for table in before), "each has lost something"

    monkeypatch.setattr(restating, "MOST", 2)

    async def dies(so_far: Restated) -> None:
        raise Killed

    with pytest.raises(Killed):
        await restate(system.home, "intake", id=str(uuid4()), by="somebody", heard=dies)
    assert len(await said_anew(system, "intake")) == 2
    rehearsed = await asyncio.to_thread(portolano, system.home, "feeds restate intake --dry-run --json")
    assert len(await said_anew(system, "intake")) == 2
    told = {}
    for service in SERVICES:
        answer = await asyncio.to_thread(portolano, system.home, f"feeds restate {service} --json")
        assert answer.returncode == 0, answer.stderr
        (one,) = lines(answer)
        told[service] = one["said"]
        assert one["said"] > 0
    assert lines(rehearsed)[0]["said"] == told["intake"]
    report = await at_rest(system)

    assert await kept(system) == before
    assert await done(system) == was_done
    assert report.clean, report.told()
    for service in SERVICES:
        events = await said_anew(system, service)
        assert len(events) == len({id for id, _ in events}) == told[service], service
    firms = [firm for _, firm in await said_anew(system, "intake")]
    assert len(firms) == len(set(firms)), "an interrupted command says nothing twice"
    (row,) = await system.stores["intake"].fetch("SELECT given_by, finished_at FROM restatements")
    assert (row["given_by"], row["finished_at"] is not None) == ("somebody", True)
