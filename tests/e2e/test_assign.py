"""A person at the Region decides: needs are handed over and taken back, errors are entered as such; it is kept who did
it and why, and nothing that is not the Region's gives way."""

import asyncio
import json
import os
import pwd
from typing import Any

from shared.testing.waiting import until
from tests.e2e.firms import now, submission, tax_code
from tests.e2e.partner import Partner
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.e2e.test_commands import lines, portolano

ME = pwd.getpwuid(os.getuid()).pw_name
FIRST = 9_700


def asked(partner: Partner, n: int) -> list[dict[str, Any]]:
    """What the partner was asked to do for the n-th firm on the front that these tests use."""
    return [
        one
        for one in partner.of("referral.requested.v1")
        if one["firm"]["codice_fiscale"] == tax_code(n) and one["front"] == "training_and_orientation"
    ]


def errors_told(partner: Partner) -> list[dict[str, Any]]:
    return [one for one in partner.of("referral.cancelled.v1") if one["status"] == "entered_in_error"]


async def needs_of(system: System, n: int, state: str) -> str:
    """The id of the n-th firm's need on that front, once it stands so."""
    found: list[str] = []
    journey: dict[str, Any] = {}

    async def there() -> bool:
        done = await asyncio.to_thread(portolano, system.home, f"explain {tax_code(n)} --json")
        journey.update(json.loads(done.stdout) if done.returncode == 0 else {})
        found[:] = [
            one["need_id"]
            for one in journey.get("needs", ())
            if one["what"] == "training and orientation" and one["state"] == state
        ]
        return bool(found)

    await until(there, limit=30, what=f"a need that is {state}")
    return found[0]


async def commands_of(system: System, need: str) -> list[Any]:
    rows = await system.stores["referral"].fetch(
        "SELECT id::text, referral_id::text, given_by, reason FROM commands WHERE need_id = $1", need
    )
    return list(rows)


async def test_what_nobody_is_left_for_goes_to_whom_a_person_chose(system: System) -> None:
    publisher, chamber, aice = (Partner(system.home, code) for code in ("confapi", "unioncamere", "aice"))
    try:
        publisher.submit(submission(FIRST, needs=("training_and_orientation",)))
        publisher.flush()
        await asyncio.to_thread(chamber.read, lambda one: bool(asked(one, FIRST)))
        chamber.answer(asked(chamber, FIRST)[0]["referral_id"], "rejected", now(), reason="no_capacity")
        chamber.flush()
        need = await needs_of(system, FIRST, "manual")
        words = f"assign {need} aice --json"
        tried = await asyncio.to_thread(portolano, system.home, f"{words} --dry-run --reason", "by phone")
        assert (tried.returncode, [one["dry_run"] for one in lines(tried)]) == (0, [True]), tried.stderr
        assert await commands_of(system, need) == []
        again = await asyncio.to_thread(portolano, system.home, f"assign {need} unioncamere --reason", "by phone")
        assert (again.returncode, again.stderr) == (
            1,
            "unioncamere has had this need and did not keep it: it is out of it\n",
        )
        done = await asyncio.to_thread(portolano, system.home, f"{words} --reason", "agreed by phone")
        (told,) = lines(done)
        await asyncio.to_thread(aice.read, lambda one: bool(asked(one, FIRST)))
        (request,) = asked(aice, FIRST)
        aice.answer(request["referral_id"], "accepted", now())
        aice.flush()
        await asyncio.to_thread(aice.read, lambda one: bool(one.of("update-recorded.v1")))
    finally:
        for partner in (publisher, chamber, aice):
            partner.close()
    assert (done.returncode, told["partner"], told["by"]) == (0, "aice", ME), done.stderr
    assert request["referral_id"] == told["referral_id"]
    assert request["decision"]["rule"] == "assigned_by_person"
    assert "person" not in request["decision"]
    assert "agreed by phone" not in json.dumps(request)
    (kept,) = await commands_of(system, need)
    assert (kept["given_by"], kept["reason"]) == (ME, "agreed by phone")
    assert (kept["id"], kept["referral_id"]) == (told["command_id"], told["referral_id"])
    english = await asyncio.to_thread(portolano, system.home, f"explain {told['referral_id']}")
    italian = await asyncio.to_thread(portolano, system.home, f"explain {told['referral_id']} --lang it")
    assert f"decided by {ME}: agreed by phone" in english.stdout
    assert f"ha deciso {ME}: agreed by phone" in italian.stdout
    assert f"cause {told['command_id']}" in english.stdout
    late = await asyncio.to_thread(portolano, system.home, f"assign {need} cna --reason", "by phone")
    assert (late.returncode, late.stdout) == (1, "")
    assert late.stderr == f"need {need} is referred already: its referral is accepted\n"
    report = await at_rest(system)
    assert report.clean, report.told()


async def test_a_person_overrides_no_consent_and_no_queue(system: System) -> None:
    partner, store = Partner(system.home, "confapi"), system.stores["referral"]
    try:
        partner.submit(submission(FIRST + 1, needs=("training_and_orientation",), consent="claai"))
        partner.flush()
        need = await needs_of(system, FIRST + 1, "waiting_consent")
        before = await store.fetchval("SELECT count(*) FROM referrals WHERE need_id = $1", need)
        for code, refusal in (
            ("cna", "the firm has not consented to cna: without it nothing is handed over"),
            ("abi", "abi is no signatory; the signatories are regione, "),
        ):
            refused = await asyncio.to_thread(portolano, system.home, f"assign {need} {code} --reason", "by phone")
            assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
            assert refused.stderr.startswith(refusal)
        unknown = "5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f"
        nothing = await asyncio.to_thread(portolano, system.home, f"assign {unknown} cna --reason", "by phone")
        assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
        assert nothing.stderr.startswith(f"there is no need {unknown}")
        firm_id = await store.fetchval("SELECT firm_id FROM needs WHERE need_id = $1", need)
        await store.execute("UPDATE firms SET held = held + 1 WHERE firm_id = $1", firm_id)
        waits = await asyncio.to_thread(portolano, system.home, f"assign {need} claai --reason", "by phone")
        await store.execute("UPDATE firms SET held = held - 1 WHERE firm_id = $1", firm_id)
        assert waits.returncode == 1
        assert waits.stderr.startswith("records of this firm are held; they go first")
    finally:
        partner.close()
    assert await commands_of(system, need) == []
    assert await store.fetchval("SELECT count(*) FROM referrals WHERE need_id = $1", need) == before


async def test_of_two_persons_who_decide_at_the_same_moment_one_is_told_that_it_is_done(system: System) -> None:
    partner = Partner(system.home, "confapi")
    try:
        data = submission(FIRST + 2, needs=("training_and_orientation",), consent="claai")
        data["consents"] = [{**data["consents"][0], "to": code} for code in ("claai", "cna")]
        partner.submit(data)
        partner.flush()
        need = await needs_of(system, FIRST + 2, "waiting_consent")
    finally:
        partner.close()
    both = await asyncio.gather(
        *(
            asyncio.to_thread(portolano, system.home, f"assign {need} {code} --reason", "at once")
            for code in ("claai", "cna")
        )
    )
    assert sorted(one.returncode for one in both) == [0, 1], both
    (refusal,) = [one.stderr for one in both if one.returncode]
    assert refusal == f"need {need} is referred already: its referral is requested\n"
    assert len(await commands_of(system, need)) == 1
    report = await at_rest(system)
    assert report.clean, report.told()


async def test_a_person_takes_back_what_has_not_begun_and_asks_back_what_has(system: System) -> None:
    publisher, chamber = Partner(system.home, "confapi"), Partner(system.home, "unioncamere")
    try:
        publisher.submit(submission(FIRST + 3, needs=("training_and_orientation",)))
        publisher.flush()
        await asyncio.to_thread(chamber.read, lambda one: bool(asked(one, FIRST + 3)))
        referral = asked(chamber, FIRST + 3)[0]["referral_id"]
        words = f"cancel {referral} --reason superseded --json"
        tried = await asyncio.to_thread(portolano, system.home, f"{words} --dry-run")
        assert (tried.returncode, lines(tried)[0]["status"]) == (0, "cancelled"), tried.stderr
        done = await asyncio.to_thread(portolano, system.home, words)
        (told,) = lines(done)
        assert (told["asked"], told["status"], told["need_state"]) == (False, "cancelled", "manual")
        await asyncio.to_thread(chamber.read, lambda one: bool(one.of("referral.cancelled.v1")))
        assert chamber.of("referral.cancelled.v1")[-1]["reason"] == "superseded"
        again = await asyncio.to_thread(portolano, system.home, words)
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr == f"referral {referral} is cancelled (superseded) and does not change any more\n"

        given = await asyncio.to_thread(
            portolano, system.home, f"assign {told['need_id']} unioncamere --json --reason", "it was a mistake"
        )
        second = lines(given)[0]["referral_id"]
        await asyncio.to_thread(chamber.read, lambda one: len(asked(one, FIRST + 3)) == 2)
        for status in ("accepted", "in_progress"):
            chamber.answer(second, status, now())
        chamber.flush()
        await asyncio.to_thread(chamber.read, lambda one: len(one.of("update-recorded.v1")) >= 2)
        asking = await asyncio.to_thread(portolano, system.home, f"cancel {second} --reason firm_request --json")
        assert (lines(asking)[0]["asked"], lines(asking)[0]["status"]) == (True, "in_progress"), asking.stderr
        await asyncio.to_thread(chamber.read, lambda one: bool(one.of("cancellation-requested.v1")))
        chamber.answer(second, "cancellation_confirmed", now())
        chamber.flush()
        await asyncio.to_thread(chamber.read, lambda one: len(one.of("referral.cancelled.v1")) >= 2)
    finally:
        publisher.close()
        chamber.close()
    assert chamber.of("referral.cancelled.v1")[-1]["reason"] == "firm_request"
    kept = await commands_of(system, told["need_id"])
    assert sorted(one["reason"] for one in kept) == ["firm_request", "it was a mistake", "superseded"]
    story = await asyncio.to_thread(portolano, system.home, f"explain {second}")
    ordered = f"{ME} at regione orders need “training and orientation” to be taken back from unioncamere"
    assert f"{ordered}: superseded" in story.stdout
    assert f"{ordered}: firm request" in story.stdout
    report = await at_rest(system)
    assert report.clean, report.told()


async def test_two_persons_enter_in_error_what_was_completed_and_the_partner_hears_of_it(system: System) -> None:
    publisher, chamber = Partner(system.home, "confapi"), Partner(system.home, "unioncamere")
    try:
        publisher.submit(submission(FIRST + 4, needs=("training_and_orientation",)))
        publisher.flush()
        await asyncio.to_thread(chamber.read, lambda one: bool(asked(one, FIRST + 4)))
        referral = asked(chamber, FIRST + 4)[0]["referral_id"]
        for status in ("accepted", "in_progress"):
            chamber.answer(referral, status, now())
        chamber.answer(referral, "completed", now(), outcomes=[{"code": "trained"}])
        chamber.flush()
        await asyncio.to_thread(chamber.read, lambda one: bool(one.of("referral.closed.v1")))
        words = ["--reason", "it was another firm's course"]
        alone = await asyncio.to_thread(
            portolano, system.home, f"correct {referral} --second-person {ME.upper()}", *words
        )
        assert (alone.returncode, alone.stdout) == (1, "")
        assert alone.stderr == f"{ME.upper()} gives the command: a second person is to agree\n"
        command = f"correct {referral} --second-person bruno.v --json"
        tried = await asyncio.to_thread(portolano, system.home, f"{command} --dry-run", *words)
        assert (tried.returncode, lines(tried)[0]["was"]) == (0, "completed"), tried.stderr
        done = await asyncio.to_thread(portolano, system.home, command, *words)
        (told,) = lines(done)
        assert (told["status"], told["need_state"], told["second_person"]) == ("entered_in_error", "manual", "bruno.v")
        await asyncio.to_thread(chamber.read, lambda one: bool(errors_told(one)))
    finally:
        publisher.close()
        chamber.close()
    assert [one["referral_id"] for one in errors_told(chamber)] == [referral]
    story = await asyncio.to_thread(portolano, system.home, f"explain {referral}")
    assert (
        f"{ME} at regione, and bruno.v with them, call the referral of need “training and orientation”" in story.stdout
    )
    report = await at_rest(system)
    assert report.clean, report.told()
