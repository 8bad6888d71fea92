"""Succession and erasure in the real store: what is kept, what is gone, what is passed on."""

from typing import Any

from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUCCEEDED
from shared.testing.builders import tax_code
from shared.testing.waiting import until
from tests.component.intake.conftest import SEEN, Desk, seen

OLD, NEW = {"codice_fiscale": tax_code(1)}, {"codice_fiscale": tax_code(2)}
CONSENT = {"to": "any", "purpose": "referral", "given_at": SEEN}


def outcomes(receipts: list[dict[str, Any]]) -> list[str]:
    return [receipt.get("outcome") or receipt["problems"][0]["rule"] for receipt in receipts]


async def test_a_successor_is_known_by_what_was_said_of_the_old_code_whoever_hears_of_it_first(desk: Desk) -> None:
    succeeded = OLD | {"successor": NEW["codice_fiscale"], "kind": "code_corrected", "at": SEEN}
    async with desk.intake():
        await desk.say("cna", seen(OLD | {"artisan": True}, consents=[CONSENT]), id="e-1")
        await desk.say("cna", succeeded, SUCCEEDED, id="e-2")
        await desk.say("cna", seen(OLD | {"artisan": False}, observed_at="2026-01-03T08:00:00Z"), id="e-3")
        receipts = await desk.receipts("cna", 3)
        await desk.say("aice", seen(NEW | {"rea": "BG-1"}), id="e-1")
        await desk.receipts("aice", 1)
    assert outcomes(receipts) == ["registered", "succeeded", "updated"]
    assert [one["rule"] for one in receipts[2]["warnings"]] == ["firm-succeeded"]
    said = await desk.said()
    [link] = [one for one in said if one["type"] == "it.portolano.firm.succeeded-by.v1"]
    successor = [one for one in said if one["firm_id"] == link["successor_id"]]
    assert [one["version"] for one in successor] == [1, 2, 3]
    profile = successor[-1]["profile"]
    assert (profile["codice_fiscale"], profile["artisan"], profile["rea"]) == (tax_code(2), False, "BG-1")
    assert [one["to"] for one in successor[-1]["consents"]] == ["any"]
    sources = await desk.store.fetchval("SELECT sources::text FROM profiles WHERE codice_fiscale = $1", tax_code(2))
    assert '"leaves"' in sources


async def test_an_erasure_leaves_id_position_outcome_and_keyed_hash_and_refuses_what_is_older(desk: Desk) -> None:
    request = OLD | {"requested_at": "2026-01-05T08:00:00Z"}
    async with desk.intake():
        await desk.say("cna", seen(OLD, consents=[CONSENT], reference="crm-7"), id="e-1")
        await desk.say("aice", seen(OLD), id="e-1")
        await desk.receipts("aice", 1)
        await desk.say("cna", request, ERASURE_REQUESTED, id="e-2")
        await desk.receipts("cna", 2)
        await until(lambda: desk.store.fetchval("SELECT count(*) FROM erasures"), what="the erasure mark")
        contents = await desk.store.fetch(
            "SELECT (SELECT count(*) FROM assertions) AS assertions, (SELECT count(*) FROM consents) AS consents"
        )
        profile = await desk.store.fetchrow("SELECT * FROM profiles")
        left = await desk.store.fetch("SELECT * FROM submissions ORDER BY partner, id")
        await desk.say("cna", seen(OLD, consents=[CONSENT], reference="crm-7"), id="e-1")
        await desk.say("cna", seen(OLD), id="e-3")
        await desk.say("cna", OLD | {"to": "any", "revoked_at": SEEN}, REVOKED, id="e-4")
        await desk.say("cna", seen(OLD | {"artisan": True}, observed_at="2026-01-06T08:00:00Z"), id="e-5")
        receipts = await desk.receipts("cna", 6)
    assert [tuple(row) for row in contents] == [(0, 0)]
    assert (profile["codice_fiscale"], profile["state"], profile["sources"], profile["version"]) == (
        None,
        None,
        None,
        2,
    )
    assert [(row["partner"], row["id"], row["reference"]) for row in left] == [
        ("aice", "e-1", None),
        ("cna", "e-1", None),
        ("cna", "e-2", None),
    ]
    assert outcomes(receipts) == [
        "registered",
        "erasure_accepted",
        "repeated",
        "firm-erased",
        "revoked",
        "registered",
    ]
    said = [(one["type"].split(".")[-2], one["version"]) for one in await desk.said()]
    assert said == [("registered", 1), ("registered", 2), ("erased", 2), ("registered", 3)]
