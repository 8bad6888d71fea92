"""The real database server: what stands on it, the steps done to it, the schema of each service brought up to date."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from deploy.postgres.roles import Database, Role, Server, Step, owner_of, steps, verifier
from shared.errors import Trouble, Unreachable
from shared.postgres.migrations import lay_out, migrate
from shared.postgres.pool import Connection

Arguments = Mapping[str, Any]
"""Keyword arguments for `asyncpg.connect`, which takes too many kinds of them to name here."""

_CHECKOUT = Path(__file__).resolve().parents[2]
_TURN = 7_262_000
_PARTITIONS = "SELECT partitions FROM public.layout"

_ROLES = """
SELECT rolname, rolcanlogin,
       NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS plain
FROM pg_roles WHERE rolname = ANY($1)"""
_MEMBERS = """
SELECT granted.rolname AS role, member.rolname AS member
FROM pg_auth_members m JOIN pg_roles granted ON granted.oid = m.roleid JOIN pg_roles member ON member.oid = m.member
WHERE member.rolname = ANY($1)"""
_DATABASES = """
SELECT d.datname, pg_get_userbyid(d.datdba) AS owner, held.connect, held.temporary,
       (SELECT substr(setting, length('search_path=') + 1)
        FROM pg_db_role_setting s, unnest(s.setconfig) setting
        WHERE s.setdatabase = d.oid AND s.setrole = 0 AND setting LIKE 'search_path=%') AS search_path
FROM pg_database d, LATERAL (
    SELECT array_agg(holder) FILTER (WHERE privilege_type = 'CONNECT') AS connect,
           array_agg(holder) FILTER (WHERE privilege_type = 'TEMPORARY') AS temporary
    FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a,
         LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS holder) h
) held
WHERE d.datname = ANY($1)"""


class Databases:
    """The databases of one prefix on one server.

    `names`: service → database. `admin(database)` gives the administrator's connection arguments, `password(service)`
    what the secrets hold for its login role.
    """

    def __init__(
        self, names: Mapping[str, str], admin: Callable[[str], Arguments], password: Callable[[str], str]
    ) -> None:
        self._names = dict(names)
        self._admin = admin
        self._password = password

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the server's one turn: two provisionings at once would both create the same role."""
        async with self._administrator("postgres") as connection:
            try:
                await connection.execute("SELECT pg_advisory_lock($1)", _TURN)
            except TimeoutError as waited:
                raise Trouble("another provisioning has been going on for a minute: wait for it or end it") from waited
            yield

    async def difference(self) -> list[Step]:
        """What is to be done about roles and databases, in order. Empty where all is as it should be."""
        async with self._administrator("postgres") as connection:
            server = await self._read(connection)
        salted = {service: verifier(self._password(service), secrets.token_bytes(16)) for service in self._names}
        return steps(server, self._names, salted)

    async def apply(self, planned: list[Step]) -> None:
        """Do these steps; CREATE DATABASE allows no transaction around, so each stands alone and can be done again."""
        async with self._administrator("postgres") as connection:
            for step in planned:
                try:
                    await connection.execute(step.statement)
                except asyncpg.PostgresError as refused:
                    raise Trouble(f"cannot {step}: {refused.args[0]}") from refused

    async def pending(self) -> list[str]:
        """The migrations that are yet to be applied, one line each; all of them where a database does not exist."""
        lines = []
        for service, name in self._names.items():
            applied: set[str] = set()
            try:
                async with self._administrator(name) as connection:
                    if await connection.fetchval("SELECT to_regclass('public.migrations')"):
                        applied = {row["name"] for row in await connection.fetch("SELECT name FROM public.migrations")}
            except asyncpg.InvalidCatalogNameError:
                pass
            files = (file for directory in _directories(service) for file in sorted(directory.glob("*.sql")))
            lines += [_migrated(name, label) for file in files if (label := _label(file)) not in applied]
        return lines

    async def partitions(self) -> dict[str, int]:
        """By service, how many partitions its internal topics have; nothing of a store that is yet to be made."""
        found: dict[str, int] = {}
        for service, name in self._names.items():
            try:
                async with self._administrator(name) as connection:
                    if await connection.fetchval("SELECT to_regclass('public.layout')"):
                        partitions = await connection.fetchval(_PARTITIONS)
                        found |= {service: partitions} if partitions else {}
            except asyncpg.InvalidCatalogNameError:
                pass
        return found

    async def migrate(self, partitions: int) -> list[str]:
        """Bring each schema up to date; gives back what was applied. A new store begins with so many partitions."""
        lines = []
        for service, name in self._names.items():
            async with self._administrator(name) as connection:
                try:
                    done = await migrate(connection, _directories(service), owner=owner_of(service), login=service)
                except asyncpg.PostgresError as failed:
                    raise Trouble(f"the migration of database {name} failed, nothing of it stays: {failed}") from failed
                await lay_out(connection, partitions)
            lines += [_migrated(name, label) for label in done]
        return lines

    @asynccontextmanager
    async def _administrator(self, database: str) -> AsyncIterator[Connection]:
        arguments = self._admin(database)
        try:
            async with _connected(arguments) as connection:
                yield connection
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as refused:
            where, user = f"{arguments['host']}:{arguments['port']}", arguments["user"]
            raise Trouble(
                f"Postgres at {where} refuses {user}: its password is not the one in the secrets"
            ) from refused

    async def _read(self, connection: Connection) -> Server:
        services = list(self._names)
        owned = [*services, *map(owner_of, services)]
        roles = {
            row["rolname"]: Role(can_login=row["rolcanlogin"], plain=row["plain"])
            for row in await connection.fetch(_ROLES, owned)
        }
        databases = {
            row["datname"]: Database(
                owner=row["owner"],
                may_connect=frozenset(row["connect"] or ()),
                may_make_temporary=frozenset(row["temporary"] or ()),
                search_path=row["search_path"],
            )
            for row in await connection.fetch(_DATABASES, [*self._names.values(), "postgres", "template1"])
        }
        return Server(
            roles=roles,
            databases=databases,
            members=frozenset((row["role"], row["member"]) for row in await connection.fetch(_MEMBERS, owned)),
            locked_out=frozenset([s for s in services if s in roles and not await self._lets_in(s)]),
        )

    async def _lets_in(self, service: str) -> bool:
        """Whether the stored password works. The server looks at it before it asks whether the database exists."""
        arguments = {**self._admin(self._names[service]), "user": service, "password": self._password(service)}
        try:
            async with _connected(arguments):
                return True
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
            return False
        except asyncpg.PostgresError:
            return True


@asynccontextmanager
async def _connected(arguments: Arguments) -> AsyncIterator[Connection]:
    where = f"{arguments['host']}:{arguments['port']}"
    try:
        connection = await asyncpg.connect(**arguments, timeout=10, command_timeout=60)
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as silent:
        raise Unreachable(f"Postgres does not answer at {where}: start it with `portolano up`") from silent
    try:
        yield connection
    except (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError) as gone:
        raise Unreachable(f"Postgres at {where} went away in the middle: look at `portolano status`") from gone
    finally:
        await connection.close(timeout=5)


def _directories(service: str) -> list[Path]:
    return [_CHECKOUT / "shared" / "feeds" / "migrations", _CHECKOUT / "services" / service / "migrations"]


def _label(file: Path) -> str:
    """A migration as the ledger names it: `<package>/<file>`."""
    return f"{file.parent.parent.name}/{file.name}"


def _migrated(database: str, label: str) -> str:
    return f"migrate database {database}: {label}"
