"""Forward-only migrations: numbered SQL files, each applied once, in one transaction, under a lock.

The files of a directory are applied in the order of their names. What was applied is remembered with its SHA-256: a
file that changed afterwards is refused, because two stores would then differ while claiming to be the same. A lock
timeout keeps a migration from queueing behind, and so blocking, the traffic of a running service.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from shared.errors import Trouble
from shared.postgres.pool import Connection

_LEDGER = """CREATE TABLE IF NOT EXISTS migrations (
    name        text PRIMARY KEY,
    sha256      text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now())"""
_LOCK = 7_262_001


async def migrate(connection: Connection, directories: Sequence[Path], *, owner: str, login: str) -> list[str]:
    """Bring a database up to date and give `login` what a service may do with it (DML, no DDL).

    The connection is an administrator's; objects will belong to `owner`. Gives back the names applied now. Raises
    `Trouble` where a file that was applied has been changed.
    """
    applied: list[str] = []
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '10s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(f'SET LOCAL ROLE "{owner}"')
        await connection.execute(_LEDGER)
        known = {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM migrations")}
        for directory in directories:
            for file in sorted(directory.glob("*.sql")):
                text = file.read_text(encoding="utf-8")
                name, digest = f"{directory.parent.name}/{file.name}", hashlib.sha256(text.encode()).hexdigest()
                if name in known:
                    if known[name] != digest:
                        raise Trouble(f"Migration {name} was changed after it was applied: add a new file instead.")
                    continue
                await connection.execute(text)
                await connection.execute("INSERT INTO migrations (name, sha256) VALUES ($1, $2)", name, digest)
                applied.append(name)
        await connection.execute(f'GRANT USAGE ON SCHEMA public TO "{login}"')
        await connection.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{login}"')
        await connection.execute(f'REVOKE INSERT, UPDATE, DELETE ON migrations, layout, growths FROM "{login}"')
        await connection.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{login}"')
        await connection.execute(f'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO "{login}"')
    return applied


async def lay_out(connection: Connection, partitions: int) -> int:
    """Record with how many internal partitions a new store begins, and give how many it has: one that has a number
    keeps it. It is raised by `shared.feeds.growth` alone."""
    await connection.execute("INSERT INTO layout (partitions) VALUES ($1) ON CONFLICT DO NOTHING", partitions)
    return int(await connection.fetchval("SELECT partitions FROM layout"))
