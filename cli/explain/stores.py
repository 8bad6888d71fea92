"""The services' databases, opened by the operator for reading: one snapshot, in which nothing can be written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from deploy.local.home import Home, database_name
from shared.errors import Trouble, Unreachable
from shared.postgres.pool import Connection, prepare


@asynccontextmanager
async def opened(home: Home, service: str, prefix: str = "") -> AsyncIterator[Connection]:
    """A read-only, repeatable-read transaction in a service's store. Raises `Unreachable` while nobody answers."""
    if not home.is_made:
        raise Unreachable("PostgreSQL is not running: start the system with `portolano up`")
    try:
        connection: Connection = await asyncpg.connect(
            **home.admin_dsn(database_name(service, prefix)),
            timeout=5,
            command_timeout=30,
            server_settings={"application_name": "portolano-explain", "timezone": "UTC"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        why = "PostgreSQL is not running" if isinstance(error, OSError) else f"the store of {service} is closed to us"
        raise Unreachable(f"{why}: start the system with `portolano up`, or look at `portolano status`") from error
    try:
        await prepare(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
        raise Unreachable(f"PostgreSQL has gone while {service}'s store was read: `portolano status`") from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise Trouble(f"the store of {service} is not as this command knows it: run `portolano provision`") from error
    finally:
        await connection.close(timeout=5)
