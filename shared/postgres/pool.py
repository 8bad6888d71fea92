"""Connections to a service's database, all made alike.

Identifiers travel as text (`uuid` columns read and write `str`), JSON documents as bytes that msgspec encodes and
decodes, and a session that does nothing inside a transaction for ten seconds is ended by the server: what a stopped
process holds, a firm's row or a partition's position, keeps the others from its work.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import msgspec

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and who asks. The password stays out of `repr`."""

    host: str
    port: int
    database: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Address({self.user}@{self.host}:{self.port}/{self.database})"

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for asyncpg."""
        return {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "user": self.user,
            "password": self.password,
        }


async def prepare(connection: Connection) -> None:
    """Teach a new connection our types: uuid as text, jsonb as whatever msgspec makes of it."""
    await connection.set_type_codec("uuid", encoder=str, decoder=str, schema="pg_catalog", format="text")
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
        schema="pg_catalog",
        format="text",
    )


async def open_pool(address: Address, *, application: str, size: int = 4) -> Pool:
    """A pool of at most `size` connections. Raises what asyncpg raises when the database is not there.

    Services look rows up by their keys. A plan is made once for a connection and kept, and one that is made while a
    table is small reads all of it; it would go on doing so while the table grows, until the server next analyses it.
    """
    return await asyncpg.create_pool(
        **address.arguments(),
        min_size=1,
        max_size=size,
        init=prepare,
        timeout=5,
        command_timeout=60,
        server_settings={
            "application_name": application,
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": "10s",
            "lock_timeout": "20s",
            "enable_seqscan": "off",
        },
    )


async def connect(address: Address, *, application: str, idle_session_timeout: float | None = None) -> Connection:
    """One connection outside the pool, for what must keep its session (advisory locks, LISTEN)."""
    settings = {"application_name": application, "timezone": "UTC"}
    if idle_session_timeout is not None:
        settings["idle_session_timeout"] = f"{int(idle_session_timeout * 1000)}ms"
    connection: Connection = await asyncpg.connect(
        **address.arguments(), timeout=5, command_timeout=30, server_settings=settings
    )
    await prepare(connection)
    return connection
