"""Stored firms are asked about another policy, and the store cannot be changed by it."""

import asyncio
import json
import tracemalloc
from pathlib import Path

import asyncpg
import msgspec
import pytest

from cli.main import run
from cli.whatif.comparison import Comparison
from cli.whatif.replay import Replay
from cli.whatif.stored import stored
from deploy.local.home import Home, database_name
from shared.agreement import CURRENT
from tests.ground import ground
from tests.unit.cli.whatif_firms import ACCORD, firms, stricter

FIRMS = 700
"""More than one fetch."""

_STORED = """
INSERT INTO profiles (firm_id, version, codice_fiscale, digest, state, cause_id, registered_at)
VALUES ($1, 1, $2, 'x', $3, 'c', now())
"""


@pytest.fixture(scope="module")
async def store(home: Home, prefix: str) -> None:
    """Firms; one more that another code stands for, and one that was erased."""
    connection = await asyncpg.connect(**home.admin_dsn(database_name("intake", prefix)))
    some = list(firms(FIRMS + 2))
    rows = [(one.firm_id, one.profile.codice_fiscale, msgspec.json.encode(one).decode()) for one in some]
    await connection.executemany(_STORED, rows)
    await connection.execute("UPDATE profiles SET state = NULL WHERE firm_id = $1", some[-1].firm_id)
    await connection.execute(
        """INSERT INTO successions (firm_id, successor_id, codice_fiscale, kind, at, partner, submission_id)
        VALUES ($1, $2, '', 'merger', now(), 'cna', 's')""",
        some[-2].firm_id,
        some[0].firm_id,
    )
    await connection.close()


@pytest.mark.usefixtures("store")
async def test_every_firm_that_stands_is_read_once_in_the_order_of_the_ids(home: Home, prefix: str) -> None:
    async with stored(home, prefix) as snapshot:
        read = [firm.firm_id async for some in snapshot.read() for firm in some]
        assert (snapshot.firms, snapshot.succeeded) == (FIRMS, 1)
    assert read == sorted({firm.firm_id for firm in firms(FIRMS)})


@pytest.mark.usefixtures("store")
async def test_neither_the_transaction_nor_its_role_can_write(home: Home, prefix: str) -> None:
    async with stored(home, prefix) as snapshot:
        told = await snapshot.connection.fetchrow(
            """SELECT current_setting('transaction_read_only') AS read_only, current_setting('transaction_isolation')
            AS isolation, has_table_privilege('profiles', 'INSERT, UPDATE, DELETE') AS may_write"""
        )
        assert told is not None
        assert tuple(told) == ("on", "repeatable read", False)
        with pytest.raises((asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError)):
            await snapshot.connection.execute("DELETE FROM profiles")


@pytest.mark.usefixtures("store")
async def test_the_command_finds_no_change_under_the_policy_in_force_and_some_under_another(
    home: Home, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(home.root))
    candidate = tmp_path / "candidate.yml"
    text = CURRENT.read_text(encoding="utf-8").replace("shares: [0.10, 0.25, 0.50]", "shares: [0.20, 0.30, 0.50]")
    candidate.write_text(text.replace('version: "2017.1"', 'version: "stricter"'), encoding="utf-8")

    async def whatif(*arguments: str) -> str:
        assert await asyncio.to_thread(run, ["whatif", "--prefix", prefix, *arguments]) == 0
        return capsys.readouterr().out

    assert await whatif(str(CURRENT)) == "no change\n"
    assert (await whatif(str(candidate))).startswith("1")
    found = json.loads(await whatif(str(candidate), "--json", "--sample", "2"))
    assert (found["firms"], found["left_out"], found["before"], found["after"]) == (FIRMS, 1, "2017.1", "stricter")
    assert sum(one["firms"] for one in found["segments"]) <= found["changed"]
    assert len(found["samples"]) == 2
    receipts = found["samples"][0]["receipts"]
    assert {one["after"]["agreement"] for one in receipts if one["after"]} <= {"stricter"}


_COPIED = """
INSERT INTO profiles (firm_id, version, codice_fiscale, digest, state, cause_id, registered_at)
SELECT gen_random_uuid(), 1, gen_random_uuid(), 'x', state, 'c', now() FROM profiles, generate_series(1, $1)
"""


async def peak(home: Home, prefix: str) -> tuple[int, int]:
    """How many firms two policies were asked about, and the most memory (bytes) that this took at once."""
    tracemalloc.start()
    try:
        async with stored(home, prefix) as snapshot:
            candidate = stricter(shares=(0.20, 0.30, 0.50))
            comparison = Comparison(Replay(ACCORD, snapshot.at), Replay(candidate, snapshot.at), 5)
            async for some in snapshot.read():
                for firm in some:
                    comparison.add(firm)
        return comparison.firms, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_more_firms_take_more_time_and_no_more_memory(home: Home) -> None:
    async with ground(home, stores=("intake",)) as prefix:
        connection = await asyncpg.connect(**home.admin_dsn(database_name("intake", prefix)))
        some = [(one.firm_id, one.profile.codice_fiscale, msgspec.json.encode(one).decode()) for one in firms(500)]
        await connection.executemany(_STORED, some)
        await connection.execute(_COPIED, 1)
        await peak(home, prefix)  # what is kept for good: the agreement's own tables
        few, before = await peak(home, prefix)
        await connection.execute(_COPIED, 5)
        await connection.close()
        many, after = await peak(home, prefix)
    assert (few, many) == (1_000, 6_000)
    assert after < 2 * before, f"{before:,} bytes for {few:,} firms, {after:,} for {many:,}"
