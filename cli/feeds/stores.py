"""A service's database opened by the operator to change what belongs to the runtime: no service's role may do that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from deploy.local.home import Home, database_name
from shared.errors import Trouble, Unreachable
from shared.postgres.pool import Connection, prepare


@asynccontextmanager
async def administered(home: Home, service: str, prefix: str = "") -> AsyncIterator[Connection]:
    """The administrator's connection to a service's store. Raises `Unreachable` while nobody answers."""
    if not (home.root / "ports.json").exists():  # asked first: a look at an absent system must not make one
        raise Unreachable("PostgreSQL is not running: start the system with `portolano up`")
    try:
        connection: Connection = await asyncpg.connect(
            **home.admin_dsn(database_name(service, prefix)),
            timeout=5,
            command_timeout=60,
            server_settings={"application_name": "portolano-feeds", "timezone": "UTC"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        why = "PostgreSQL is not running" if isinstance(error, OSError) else f"the store of {service} is closed to us"
        raise Unreachable(f"{why}: start the system with `portolano up`, or look at `portolano status`") from error
    try:
        await prepare(connection)
        yield connection
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
        raise Unreachable(
            f"the store of {service} has gone; what was committed holds: give the same command again"
        ) from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise Trouble(f"the store of {service} is not as this command knows it: run `portolano provision`") from error
    finally:
        connection.terminate()  # at once, whatever it waits for: what is not committed goes, locks too
