"""A service's parts list inside the operator's process: its handlers, its credentials, its store; nothing is read.

`redriving` works on what was set aside, `commanding` carries out what a person decides, `restating` says anew what the
service has said last, `recovering` brings a restored store forward.
"""

import os
import pwd
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

import asyncpg

from deploy.local.home import Home
from shared.agreement import load, load_versions
from shared.errors import Trouble, Unreachable
from shared.feeds.batches import Transactions
from shared.feeds.clock import Clock
from shared.feeds.commands import Commanding
from shared.feeds.failures import Outgrown
from shared.feeds.numbers import load_layout
from shared.feeds.recovery import Recovery
from shared.feeds.redrive import Redriving
from shared.feeds.replay import Replaying
from shared.feeds.restating import Restating
from shared.feeds.subscriptions import sources_of
from shared.postgres.pool import open_pool
from shared.service import Service, code_version
from shared.settings import ServiceSettings

T = TypeVar("T", bound=Transactions[Any])
_PASSING = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


@asynccontextmanager
async def redriving(home: Home, service: str, prefix: str = "") -> AsyncIterator[Redriving[Any]]:
    """What redrives and discards records of a service. Raises `Unreachable` while its store does not answer."""
    async with _inside(Redriving, home, service, prefix, look="portolano held list") as (records, _):
        yield records


@asynccontextmanager
async def commanding(home: Home, service: str, prefix: str = "") -> AsyncIterator[Commanding[Any]]:
    """What carries out commands in a service. Raises `Unreachable` while its store does not answer."""
    async with _inside(Commanding, home, service, prefix, look="portolano explain") as (commands, _):
        yield commands


@asynccontextmanager
async def restating(home: Home, service: str, prefix: str = "") -> AsyncIterator[Restating[Any]]:
    """What says a service's state anew. Raises `Unreachable` while its store does not answer."""
    async with _inside(Restating, home, service, prefix, look="portolano feeds show") as (it, _):
        yield it


@asynccontextmanager
async def recovering(home: Home, service: str, prefix: str = "") -> AsyncIterator[Recovery[Any]]:
    """What brings a restored store forward. Raises `Unreachable` while the store or the broker does not answer.

    It decides anew what the service had decided, mails included: where that runs with settings of its own, they count
    here too.
    """
    own = {name: value for name, value in os.environ.items() if name.startswith(f"{service.upper()}_")}
    look = f"portolano recover {service}"
    async with _inside(Replaying, home, service, prefix, look, own) as (replaying, parts):
        yield Recovery(
            replaying,
            parts.settings.access(),
            parts.settings.address(),
            parts.subscriptions,
            parts.timers,
            load_versions(parts.settings.agreement).partners,
            parts.recall,
            frozenset(event.type for event in import_module(f"services.{service}.handlers").RESTATES.says),
        )


@asynccontextmanager
async def _inside(
    kind: type[T], home: Home, service: str, prefix: str, look: str, beside: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[tuple[T, Service[Any]]]:
    """Transactions on the service's store. `look` is the command that shows what became of an interrupted one, `beside`
    are settings beside those of the home."""
    if not home.is_made:
        raise Unreachable("PostgreSQL is not running: start the system with `portolano up`")
    parts = parts_of(service, home.service_environment(service, prefix) | dict(beside))
    settings = parts.settings
    try:
        pool = await open_pool(settings.address(), application=f"{service}-operator", size=2)
    except (*_PASSING, asyncpg.PostgresError) as error:
        why = "PostgreSQL is not running" if isinstance(error, OSError) else f"the store of {service} is closed to us"
        raise Unreachable(f"{why}: start the system with `portolano up`, or look at `portolano status`") from error
    try:
        async with pool.acquire() as connection:
            layout = await load_layout(connection, service, prefix)
        sources = sources_of(parts.subscriptions, prefix, load(settings.agreement).partners)
        clock = Clock(moved=settings.moved_clock)
        yield kind(pool, layout, parts.context, sources, code_version(), clock), parts
    except _PASSING as error:
        raise Unreachable(f"the store of {service} has gone; what was committed holds: `{look}`") from error
    except _BUSY as error:
        raise Trouble(f"{service} works on the same firm at this moment: give the command again") from error
    except Outgrown as error:
        raise Trouble(f"{service} was given more partitions at this moment: give the command again") from error
    except asyncpg.UndefinedTableError as error:
        raise Trouble(f"the store of {service} is not as this command knows it: run `portolano provision`") from error
    finally:
        pool.terminate()


def parts_of(service: str, environment: Mapping[str, str]) -> Service[Any]:
    """The service's parts list, with the settings that its process would read from this environment."""
    app = import_module(f"services.{service}.app")
    kind: type[ServiceSettings] = get_type_hints(app.service)["settings"]
    values = {
        name.lower().removeprefix(f"{service}_"): value
        for name, value in environment.items()
        if name != f"{service.upper()}_SECRETS"
    }
    settings = kind(_secrets_dir=environment[f"{service.upper()}_SECRETS"], **values)  # type: ignore[arg-type]  # text, which pydantic reads
    parts: Service[Any] = app.service(settings)
    return parts


def whoever() -> str:
    """The user of the operating system who gives the command; not what an environment variable claims."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
