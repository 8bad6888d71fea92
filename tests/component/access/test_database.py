"""Each service has its own database and nothing else: tried with its own role and password."""

from typing import Any

import asyncpg
import pytest

from deploy.local.home import Home, database_name
from deploy.provision import plan, provision
from shared.contracts.topics import SERVICES
from shared.postgres.pool import Address, open_pool


def login(home: Home, service: str, database: str) -> dict[str, Any]:
    return {**home.admin_dsn(database), "user": service, "password": home.database_password(service)}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_connects_to_its_own_database_and_to_no_other(service: str, home: Home, prefix: str) -> None:
    others = [database_name(other, prefix) for other in SERVICES if other != service]
    for database in [*others, "postgres", "template1"]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT privilege"):
            await asyncpg.connect(**login(home, service, database))
    connection = await asyncpg.connect(**login(home, service, database_name(service, prefix)))
    assert await connection.fetchval("SELECT count(*) FROM positions") == 0
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (x int)",
        "CREATE TEMPORARY TABLE t (x int)",
        "CREATE SCHEMA s",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE DATABASE d",
        "CREATE ROLE r",
        "DROP TABLE positions",
        "ALTER TABLE positions ADD COLUMN x int",
        "TRUNCATE positions",
        "SET ROLE {service}_owner",
        "SET ROLE portolano",
        "INSERT INTO migrations (name, sha256) VALUES ('x', 'x')",
        "UPDATE layout SET partitions = 1",
        "DELETE FROM growths",
        "COPY positions TO PROGRAM 'cat'",
        "SELECT * FROM pg_authid",
    ],
)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_changes_rows_and_nothing_else(service: str, statement: str, home: Home, prefix: str) -> None:
    connection = await asyncpg.connect(**login(home, service, database_name(service, prefix)))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.format(service=service))
        firm = "00000000-0000-0000-0000-000000000001"
        async with connection.transaction():
            await connection.execute("INSERT INTO firms (firm_id) VALUES ($1)", firm)
            await connection.execute("DELETE FROM firms WHERE firm_id = $1", firm)
    finally:
        await connection.close()


async def test_the_owners_of_the_tables_cannot_log_in(home: Home, prefix: str) -> None:
    arguments: dict[str, Any] = {**home.admin_dsn()}
    admin = await asyncpg.connect(**arguments)
    owners = [f"{service}_owner" for service in SERVICES]
    found = await admin.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND NOT rolcanlogin", owners)
    await admin.close()
    assert {row["rolname"] for row in found} == {*owners}


async def test_what_a_hand_has_changed_is_told_and_mended(home: Home, prefix: str) -> None:
    database = database_name("intake", prefix)
    arguments: dict[str, Any] = {**home.admin_dsn()}
    admin = await asyncpg.connect(**arguments)
    await admin.execute(f'GRANT CONNECT ON DATABASE "{database}" TO notifier')
    await admin.execute("GRANT intake_owner TO notifier")
    await admin.execute("ALTER ROLE notifier CREATEDB PASSWORD 'another'")
    await admin.close()
    lines = [
        "set role notifier to log in and nothing more",
        "set the password of role notifier anew: the one in the secrets does not let it in",
        "take role intake_owner from notifier",
        f"revoke connect to database {database} from notifier",
    ]
    assert await plan(home, topic_prefix=prefix, partitions=2) == lines
    assert await provision(home, topic_prefix=prefix, partitions=2) == lines
    assert await plan(home, topic_prefix=prefix, partitions=2) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT privilege"):
        await asyncpg.connect(**login(home, "notifier", database))


async def test_who_stands_still_within_a_transaction_loses_it_and_others_get_its_rows(home: Home, prefix: str) -> None:
    firm = "00000000-0000-0000-0000-000000000001"
    database = database_name("intake", prefix)
    arguments = login(home, "intake", database)
    address = Address(**{name: arguments[name] for name in ("host", "port", "user", "password", "database")})
    pool = await open_pool(address, application="still")
    other = await asyncpg.connect(**arguments)
    await other.execute("INSERT INTO firms (firm_id) VALUES ($1)", firm)
    stopped = await pool.acquire()
    await stopped.execute("BEGIN")
    await stopped.fetch("SELECT * FROM firms WHERE firm_id = $1 FOR UPDATE", firm)
    # It waits for the row: without a limit on whoever holds that, until its own.
    await other.execute("SELECT * FROM firms WHERE firm_id = $1 FOR UPDATE", firm, timeout=45)
    await other.execute("DELETE FROM firms WHERE firm_id = $1", firm)
    await other.close()
    pool.terminate()
