"""What failed through our fault: applied after all, in order, once the fault is mended; or given up, and answered."""

import asyncio
import json
import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.testing.waiting import until
from tests.e2e.firms import now, submission
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.e2e.test_commands import lines, portolano

FINAL = ("accepted.v1", "refused.v1")
ME = pwd.getpwuid(os.getuid()).pw_name


@asynccontextmanager
async def fault(system: System, service: str, table: str, condition: str) -> AsyncIterator[None]:
    """Something that makes the service's handler fail for good: a constraint of its own store."""
    store = system.stores[service]
    await store.execute(f"ALTER TABLE {table} ADD CONSTRAINT fault CHECK ({condition}) NOT VALID")
    try:
        yield
    finally:
        await store.execute(f"ALTER TABLE {table} DROP CONSTRAINT fault")


async def open_records(system: System, service: str, wanted: list[str]) -> list[int]:
    """The ids of what the service has set aside, once it is as many as `wanted`, in these states."""
    ids: list[int] = []

    async def there() -> bool:
        rows = await system.stores[service].fetch("SELECT id, state FROM held WHERE closed_at IS NULL ORDER BY id")
        ids[:] = [row["id"] for row in rows]
        return [row["state"] for row in rows] == wanted

    await until(there, limit=30, what=f"{wanted} in {service}")
    return ids


async def counts(system: System, service: str) -> dict[str, int]:
    row = await system.stores[service].fetchrow(
        """SELECT sum(applied)::int AS applied, sum(refused)::int AS refused, sum(held)::int AS held,
        sum(discarded)::int AS discarded, sum(applied + repeated + refused + held + discarded)::int AS all
        FROM positions"""
    )
    return dict(row)


def answers(partner: Partner, id: str) -> list[str]:
    """What the partner was told about its record, in order: the endings of the types."""
    return [kind.rsplit(".", 2)[-2] for kind, data in partner.told if data.get("submission_id") == id]


def is_answered(partner: Partner, id: str) -> bool:
    return any(kind.endswith(FINAL) and data.get("submission_id") == id for kind, data in partner.told)


async def test_what_failed_through_a_fault_is_redriven_with_its_queue_and_in_order(system: System) -> None:
    partner = Partner(system.home, "confapi")
    store = system.stores["classifier"]
    try:
        first = partner.submit(submission(9_500))
        partner.flush()
        await asyncio.to_thread(partner.read, lambda p: is_answered(p, first))
        firm_id = next(data["firm_id"] for data in partner.of("accepted.v1") if data["submission_id"] == first)
        await at_rest(system)
        before = await counts(system, "classifier")
        async with fault(system, "classifier", "assessments", f"firm_id <> '{firm_id}'"):
            for name in ("the second", "the third", "the fourth"):
                partner.submit(submission(9_500, name=name))
            partner.flush()
            head, *queue = await open_records(system, "classifier", ["held", "queued", "queued"])
            behind = await asyncio.to_thread(portolano, system.home, f"held redrive classifier {queue[0]}")
            still = await asyncio.to_thread(portolano, system.home, f"held redrive classifier {head} --json")
        assert (behind.returncode, behind.stderr.count("\n")) == (1, 1)
        assert f"behind record {head}" in behind.stderr
        assert (still.returncode, [one["outcome"] for one in lines(still)]) == (1, ["held"])
        tried = await asyncio.to_thread(portolano, system.home, f"held redrive classifier {head} --dry-run")
        assert (tried.returncode, tried.stderr) == (0, "3 closed, 0 still held; a dry run: nothing was kept of it\n")
        assert await open_records(system, "classifier", ["held", "queued", "queued"]) == [head, *queue]
        done = await asyncio.to_thread(portolano, system.home, "held redrive classifier --all --json")
    finally:
        partner.close()
    assert done.returncode == 0, done.stderr
    assert [(one["id"], one["outcome"]) for one in lines(done)] == [(id, "applied") for id in (head, *queue)]
    after = await counts(system, "classifier")
    assert after == {**before, "applied": before["applied"] + 3, "all": before["all"] + 3}
    assert await store.fetchval("SELECT held FROM firms WHERE firm_id = $1", firm_id) == 0
    row = await store.fetchrow("SELECT * FROM held WHERE id = $1", head)
    assert (row["state"], row["closed_by"]) == ("redriven", ME)
    assert row["closing_note"].startswith("redriven by version ")
    report = await at_rest(system)
    assert report.clean, report.told()
    profile = await store.fetchrow("SELECT version FROM assessments WHERE firm_id = $1", firm_id)
    assert profile["version"] == 4
    again = await asyncio.to_thread(portolano, system.home, f"held redrive classifier {head}")
    assert (again.returncode, again.stderr) == (1, f"record {head} was redriven by {ME}: nothing is left to do\n")


async def test_a_discarded_record_gets_its_final_answer_and_what_waited_behind_it_follows(system: System) -> None:
    partner = Partner(system.home, "confapi")
    store = system.stores["intake"]
    try:
        async with fault(system, "intake", "submissions", "id <> 'given-up'"):
            partner.submit(submission(9_501), "given-up")
            partner.flush()
            (id,) = await open_records(system, "intake", ["held"])
            partner.submit(submission(9_501, name="the second"), "behind-it")
            partner.flush()
            _, behind = await open_records(system, "intake", ["held", "queued"])
            before = await counts(system, "intake")
            given_up = await asyncio.to_thread(
                portolano, system.home, f"held discard intake {id} --json --reason", "sent again as s-17"
            )
        await asyncio.to_thread(partner.read, lambda p: is_answered(p, "behind-it"))
    finally:
        partner.close()
    assert given_up.returncode == 0, given_up.stderr
    assert [(one["id"], one["outcome"]) for one in lines(given_up)] == [(id, "discarded"), (behind, "applied")]
    assert answers(partner, "given-up") == ["held", "refused"]
    assert answers(partner, "behind-it") == ["held", "accepted"]
    (problem,) = next(d["problems"] for d in partner.of("refused.v1") if d["submission_id"] == "given-up")
    assert problem["rule"] == "discarded"
    assert "sent again as s-17" in problem["message"]
    after = await counts(system, "intake")
    moved = {name: after[name] - before[name] for name in after}
    assert moved == {"applied": 1, "refused": 0, "held": -2, "discarded": 1, "all": 0}
    row = await store.fetchrow("SELECT * FROM held WHERE id = $1", id)
    assert (row["state"], row["closed_by"], row["closing_note"]) == ("discarded", ME, "sent again as s-17")
    report = await at_rest(system)
    assert report.clean, report.told()


async def test_an_update_that_is_given_up_is_answered_on_the_referrals_topic(system: System) -> None:
    partner = Partner(system.home, "confapi")
    try:
        async with fault(system, "referral", "updates", "id <> 'no-update'"):
            said = {"referral_id": "5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f", "status": "accepted", "at": now()}
            kind = "it.portolano.referral.updated.v1"
            partner.publish(kind, said, topic="updates", event_id="no-update")
            partner.flush()
            (id,) = await open_records(system, "referral", ["held"])
            done = await asyncio.to_thread(portolano, system.home, f"held discard referral {id} --reason", "a trial")
        assert done.returncode == 0, done.stderr

        def told(one: Partner) -> list[dict[str, Any]]:
            return [data for data in one.of("update-refused.v1") if data.get("update_id") == "no-update"]

        await asyncio.to_thread(partner.read, lambda p: bool(told(p)))
    finally:
        partner.close()
    assert [problem["rule"] for problem in told(partner)[0]["problems"]] == ["discarded"], json.dumps(told(partner))
    report = await at_rest(system)
    assert report.clean, report.told()


async def test_there_is_nothing_to_do_where_nothing_is_held(system: System) -> None:
    none = await asyncio.to_thread(portolano, system.home, "held redrive notifier --all")
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "nothing is held\n")
    unknown = await asyncio.to_thread(portolano, system.home, "held discard notifier 999999 --reason", "a trial")
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("there is no record 999999")
    both = await asyncio.to_thread(portolano, system.home, "held redrive notifier 1 --all")
    assert both.returncode == 2


async def test_who_is_given_up_in_the_middle_of_a_queue_sets_nothing_in_motion(system: System) -> None:
    partner = Partner(system.home, "confapi")
    try:
        async with fault(system, "intake", "submissions", "id <> 'the-head'"):
            partner.submit(submission(9_502), "the-head")
            partner.flush()
            (head,) = await open_records(system, "intake", ["held"])
            partner.submit(submission(9_502, name="the second"), "the-middle")
            partner.flush()
            _, middle = await open_records(system, "intake", ["held", "queued"])
            partner.submit(submission(9_502, name="the third"), "the-last")
            partner.flush()
            await open_records(system, "intake", ["held", "queued", "queued"])
        first = await asyncio.to_thread(
            portolano, system.home, f"held discard intake {middle} --json --reason", "not wanted any more"
        )
        assert [(one["id"], one["outcome"]) for one in lines(first)] == [(middle, "discarded")]
        then = await asyncio.to_thread(portolano, system.home, f"held redrive intake {head} --json")
        assert [one["outcome"] for one in lines(then)] == ["applied", "applied"]
        await asyncio.to_thread(partner.read, lambda p: is_answered(p, "the-last"))
    finally:
        partner.close()
    assert [answers(partner, id)[-1] for id in ("the-head", "the-middle", "the-last")] == [
        "accepted",
        "refused",
        "accepted",
    ]
    report = await at_rest(system)
    assert report.clean, report.told()
