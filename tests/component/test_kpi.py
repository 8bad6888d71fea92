"""Figures of a real store, against the same counted by plain SQL and by hand; and that reading changes nothing."""

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import msgspec
import pytest

from cli.kpi.stored import stored
from cli.main import run
from deploy.local.home import Home, database_name
from shared.contracts.classifier import FirmAssessed, Segment
from shared.contracts.firm import Consent, Place, Profile, Publisher
from shared.testing.builders import tax_code

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
FIRMS = 240
PARTNERS = ("cna", "confartigianato", "unioncamere", "aice")


def id_of(what: str, number: int) -> str:
    return str(uuid5(UUID(int=0), f"{what} {number}"))


def firm(dice: random.Random, number: int) -> FirmAssessed:
    segment = dice.choice(("no_experience", "light_presence", None))
    return FirmAssessed(
        firm_id=id_of("firm", number),
        version=1,
        profile=Profile(codice_fiscale=tax_code(number), name="F", office=Place(province=dice.choice(("MI", "BG")))),
        publishers=(Publisher(partner="cna", submission_id="s", observed_at=BEGIN),),
        segment=Segment(
            status="classified" if segment else "provisional",
            value=segment,
            possible=(),
            presumptions=(),
            warnings=(),
            agreement="2017.1",
        ),
        needs=(),
        consents=(Consent(to=dice.choice(("cna", "any")), purpose="referral", given_at=BEGIN),),
    )


@pytest.fixture(scope="module")
async def store(home: Home, prefix: str) -> asyncpg.Connection:
    """Firms with one need each, given to a partner on some day, answered some working days later."""
    connection = await asyncpg.connect(**home.admin_dsn(database_name("referral", prefix)))
    dice = random.Random(7)
    for number in range(FIRMS):
        known = firm(dice, number)
        at = BEGIN + timedelta(days=dice.randrange(60))
        ids = known.firm_id, id_of("need", number), id_of("referral", number)
        await connection.execute(
            "INSERT INTO assessments VALUES ($1, 1, $2, $3)", ids[0], msgspec.json.encode(known).decode(), at
        )
        front, import_ = dice.choice((("information", False), ("assistance", False), ("assistance", True)))
        end = dice.choice(("accepted", "accepted", "in_progress", "completed", "rejected", "cancelled", "requested"))
        state = "met" if end == "completed" else "referred"
        await connection.execute(
            """INSERT INTO needs (need_id, firm_id, front, import, declared, state, excluded, rerouted)
            VALUES ($1, $2, $3, $4, true, $5, '{}', 0)""",
            ids[1],
            ids[0],
            front,
            import_,
            state,
        )
        await connection.execute(
            """INSERT INTO referrals (referral_id, need_id, firm_id, partner, front, import, status, role,
            requested_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, 'requested', 'responsible', $7, $7)""",
            ids[2],
            ids[1],
            ids[0],
            dice.choice(PARTNERS),
            front,
            import_,
            at,
        )
        for status in {"in_progress": ("accepted", "in_progress"), "completed": ("accepted", "completed")}.get(
            end, () if end == "requested" else (end,)
        ):
            at += timedelta(days=dice.randrange(9), hours=1)
            await connection.execute(
                "UPDATE referrals SET status = $2, changed_at = $3, reason = $4, outcomes = $5 WHERE referral_id = $1",
                ids[2],
                status,
                at,
                "no_response" if status == "cancelled" else None,
                '[{"code": "trained"}]' if status == "completed" else "[]",
            )
    return connection


@pytest.fixture(autouse=True)
def at_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(home.root))


async def kpi(capsys: pytest.CaptureFixture[str], prefix: str, *arguments: str) -> dict[str, Any]:
    assert await asyncio.to_thread(run, ["kpi", "--prefix", prefix, "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


_ANSWERS = """
SELECT front, partner, CASE
    WHEN status = 'rejected' THEN 'rejected' WHEN status = 'cancelled' THEN 'expired'
    WHEN status = 'requested' THEN 'open' ELSE 'accepted' END AS answer, count(*)::int AS n
FROM referrals GROUP BY 1, 2, 3
"""


async def test_shown_counts_are_those_of_plain_sql(
    store: asyncpg.Connection, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await kpi(capsys, prefix, "--by", "front,partner")
    rows = found["sections"]["tasks"]["rows"]
    plain = [(row["front"], row["partner"], row["answer"], row["n"]) for row in await store.fetch(_ANSWERS)]
    shown = 0
    for row in rows:
        mine = Counter[str]()
        for front, partner, answer, n in plain:
            if row["by"]["front"] in (None, front) and row["by"]["partner"] in (None, partner):
                mine.update({answer: n, "asked": n})
        for name in ("asked", "accepted", "rejected", "expired", "open"):
            if row["counts"][name] is not None:
                assert row["counts"][name] == mine[name], row["by"]
                assert not 0 < mine[name] < 5
                shown += 1
    assert shown > 20
    whole = rows[0]
    assert whole["counts"]["asked"] == FIRMS
    rate = whole["counts"]["accepted"] / (FIRMS - whole["counts"]["open"])
    assert whole["figures"]["acceptance_rate"] == pytest.approx(rate)


async def test_times_are_medians_in_working_days(
    store: asyncpg.Connection, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await kpi(capsys, prefix)
    rows = await store.fetch(
        """SELECT (m.at AT TIME ZONE 'Europe/Rome')::date AS done,
        (r.requested_at AT TIME ZONE 'Europe/Rome')::date AS asked
        FROM referrals r JOIN movements m USING (referral_id) WHERE m.status = 'accepted'"""
    )
    free = {(4, 6), (4, 25), (5, 1), (6, 2)}  # Easter Monday of 2026 among them

    def days(asked: Any, done: Any) -> int:
        after = (asked + timedelta(days=n) for n in range(1, (done - asked).days + 1))
        return sum(day.weekday() < 5 and (day.month, day.day) not in free for day in after)

    expected = median(days(row["asked"], row["done"]) for row in rows)
    assert found["sections"]["tasks"]["rows"][0]["figures"]["days_to_accept"] == expected
    target = next(one for one in found["targets"] if one["figure"] == "days_to_accept")
    assert (target["value"], target["kept"]) == (expected, expected <= target["at_most"])


async def test_a_partner_sees_its_own_tasks_and_nobody_elses(
    store: asyncpg.Connection, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await kpi(capsys, prefix, "--partner", "cna", "--by", "partner")
    mine = await store.fetchval("SELECT count(*) FROM referrals WHERE partner = 'cna'")
    assert found["sections"]["tasks"]["rows"][0]["counts"]["asked"] == mine
    assert {row["by"]["partner"] for row in found["sections"]["tasks"]["rows"]} == {None, "cna"}
    assert found["sections"]["firms"]["rows"][0]["counts"]["firms"] == mine
    assert "segments" not in found["sections"]
    assert not any(code in json.dumps(found["sections"]) for code in PARTNERS if code != "cna")


async def test_a_time_has_the_tasks_that_were_requested_in_it(
    store: asyncpg.Connection, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await kpi(capsys, prefix, "--from", "2026-03-10", "--to", "2026-04-09")
    wanted = await store.fetchval(
        """SELECT count(*) FROM referrals
        WHERE (requested_at AT TIME ZONE 'Europe/Rome')::date BETWEEN '2026-03-10' AND '2026-04-09'"""
    )
    assert found["sections"]["tasks"]["rows"][0]["counts"]["asked"] == wanted


async def test_what_people_read_says_what_is_withheld(
    store: asyncpg.Connection, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(run, ["kpi", "--prefix", prefix, "--by", "province,partner", "--lang", "it"]) == 0
    told = capsys.readouterr().out
    assert "bisogni affidati ai partner" in told
    assert "ipotesi di questo progetto" in told
    assert "meno di cinque" in told


async def test_neither_the_transaction_nor_its_role_can_write(
    store: asyncpg.Connection, home: Home, prefix: str
) -> None:
    async with stored(home, prefix) as snapshot:
        with pytest.raises((asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError)):
            await snapshot.connection.execute("DELETE FROM movements")
