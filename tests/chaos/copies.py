"""Copies of a store, as an operator makes them with PostgreSQL's own tools, and what a store says that lasts."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local import postgres
from deploy.local.home import Home, database_name

PASSING = {
    "heartbeat": None,
    "outages": None,
    "outbox": None,
    "generations": None,
    "recoveries": None,
    "recovered": None,
    "relayed": None,
    "positions": {"moved_at", "applied", "repeated", "first_offset", "next_offset"},
    "timers": {"version"},
    "movements": {"id"},
    "notifications": {"next_at", "created_at", "taken", "put_off", "sent_at"},
    "clock_moves": None,
    "migrations": {"applied_at"},
    "referral_traces": None,
    "decisions": {"decided_at"},
    "placements": {"placed_at", "version"},
    "assessments": {"assessed_at"},
}
"""What of a store may differ although nothing is lost: tables, None for the whole of one, and columns. The last
three tell when, and in which batch, something was heard of which nothing was said."""


async def dump(home: Home, service: str, to: Path, prefix: str = "") -> None:
    await _run(home, "pg_dump", "--format=custom", "--create", f"--file={to}", database_name(service, prefix))


async def restore(home: Home, service: str, copy: Path, prefix: str = "") -> None:
    """Put the copy in the store's place; connections to it are cut."""
    admin = await asyncpg.connect(**home.admin_dsn())
    try:
        await admin.execute(f'DROP DATABASE "{database_name(service, prefix)}" WITH (FORCE)')
    finally:
        await admin.close()
    await _run(home, "pg_restore", "--create", "--exit-on-error", "--dbname=postgres", str(copy))


async def _run(home: Home, tool: str, *words: str) -> None:
    told = home.admin_dsn()
    environment = {**os.environ, "PGPASSWORD": told["password"], "PGHOST": told["host"], "PGUSER": told["user"]}
    command = [str(postgres._binaries() / tool), f"--port={told['port']}", *words]

    def call() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    done = await asyncio.to_thread(call)
    assert done.returncode == 0, done.stderr


async def lasting(home: Home, service: str, prefix: str = "") -> dict[str, set[str]]:
    """Each table's rows as text, without what passes."""
    store = await asyncpg.connect(**home.admin_dsn(database_name(service, prefix)))
    try:
        tables = await store.fetch(
            """SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"""
        )
        rows: dict[str, set[str]] = {}
        for (name,) in tables:
            passing: Any = PASSING.get(name, set())
            if passing is not None:
                found = await store.fetch(f'SELECT * FROM "{name}"')
                rows[name] = {str({k: v for k, v in row.items() if k not in passing}) for row in found}
        return rows
    finally:
        await store.close()
