"""A real server in a home of its own: it asks for passwords, it is durable, and it comes back from a kill -9."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.home import DatabaseArguments, Home
from deploy.local.postgres import Postgres


@pytest.fixture
def server() -> Iterator[Postgres]:
    # Not under pytest's own directory: another run of pytest closes that again for the user of the server.
    with tempfile.TemporaryDirectory(prefix="portolano-postgres-") as root:
        postgres = Postgres(Home(Path(root)))
        postgres.start()
        yield postgres
        postgres.stop()


async def test_the_server_is_durable_closed_and_survives_a_kill(server: Postgres) -> None:
    connection = await asyncpg.connect(**server.home.admin_dsn())
    settings = "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses"
    found = [await connection.fetchval(f"SHOW {name}") for name in settings]
    assert found == ["on", "on", "on", "on", "127.0.0.1"]
    assert await connection.fetchval("SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**DatabaseArguments({**server.home.admin_dsn(), "password": "wrong"}))

    await connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    assert server.child is not None
    os.kill(server.child.pid, signal.SIGKILL)
    server.child.process.wait()
    # What a crash in a container leaves: a lock file whose pid lives, but is not the server's.
    data = server.home.postgres / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n{server.home.port('postgres')}\n\n\n\nready\n")
    server.start()
    connection = await asyncpg.connect(**server.home.admin_dsn())
    assert await connection.fetchval("SELECT number FROM kept") == 1
    await connection.close()
