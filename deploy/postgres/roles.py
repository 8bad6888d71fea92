"""What ought to stand on the database server, and the statements that bring it about. Pure.

Each service has a database of its own and two roles. `<service>_owner` owns database and tables and cannot log in;
`<service>` logs in, reads and writes rows and creates nothing, temporary tables included. Nobody else may connect to
the database, and no service to the server's own ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_ATTRIBUTES = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, and the line in which a person reads of it. The statement stays out of `repr`: it can hold the
    verifier of a password."""

    line: str
    statement: str = field(repr=False)

    def __str__(self) -> str:
        return self.line


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the server. `plain`: none of the attributes that let it past the rules."""

    can_login: bool
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Database:
    owner: str
    may_connect: frozenset[str]
    """The roles to which it is granted; `public` where it is granted to everybody."""
    may_make_temporary: frozenset[str] = frozenset()
    """Likewise, for temporary tables."""
    search_path: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """What stands on the server, as far as provisioning looks at it."""

    roles: Mapping[str, Role]
    databases: Mapping[str, Database]
    members: frozenset[tuple[str, str]]
    """(role, member) where the member is one of ours: none of ours is to have anybody's rights but its own."""
    locked_out: frozenset[str]
    """Login roles whom the password in the secrets does not let in."""


def owner_of(service: str) -> str:
    return f"{service}_owner"


def steps(server: Server, databases: Mapping[str, str], verifier_of: Mapping[str, str]) -> list[Step]:
    """What is to be done so that `databases` (service → name) stand as described above.

    `verifier_of` gives each service's password as `verifier` makes it.
    """
    services = list(databases)
    return [
        *(step for service in services for step in _roles(server, service, verifier_of[service])),
        *(
            Step(f"take role {role} from {member}", f'REVOKE "{role}" FROM "{member}"')
            for role, member in sorted(server.members)
        ),
        *(step for service, name in databases.items() for step in _database(server, service, name, services)),
        *(step for name in ("postgres", "template1") for step in _closed_to(server, name, ["public", *services])),
    ]


def _roles(server: Server, service: str, verifier: str) -> Iterator[Step]:
    owner = owner_of(service)
    found = server.roles.get(owner)
    if found is None:
        yield Step(f"create role {owner}", f'CREATE ROLE "{owner}" NOLOGIN {_ATTRIBUTES}')
    elif found.can_login or not found.plain:
        yield Step(f"strip role {owner} of what it need not have", f'ALTER ROLE "{owner}" NOLOGIN {_ATTRIBUTES}')
    found = server.roles.get(service)
    if found is None:
        yield Step(f"create role {service}", f"CREATE ROLE \"{service}\" LOGIN {_ATTRIBUTES} PASSWORD '{verifier}'")
    else:
        if not found.can_login or not found.plain:
            yield Step(f"set role {service} to log in and nothing more", f'ALTER ROLE "{service}" LOGIN {_ATTRIBUTES}')
        if service in server.locked_out:
            yield Step(
                f"set the password of role {service} anew: the one in the secrets does not let it in",
                f"ALTER ROLE \"{service}\" PASSWORD '{verifier}'",
            )


def _database(server: Server, service: str, name: str, services: Iterable[str]) -> Iterator[Step]:
    found, owner = server.databases.get(name), owner_of(service)
    if found is None:
        # From template0: nothing that somebody has put into template1 gets in.
        yield Step(f"create database {name}", f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE template0')
        found = Database(owner, may_connect=frozenset({"public"}), may_make_temporary=frozenset({"public"}))
        server = Server(server.roles, {**server.databases, name: found}, server.members, server.locked_out)
    if found.owner != owner:
        yield Step(f"give database {name} to {owner}", f'ALTER DATABASE "{name}" OWNER TO "{owner}"')
    yield from _closed_to(server, name, ["public", *(other for other in services if other != service)])
    for role in ("public", service):
        if role in found.may_make_temporary:
            yield Step(
                f"revoke temporary tables in database {name} from {role}",
                f'REVOKE TEMPORARY ON DATABASE "{name}" FROM {_named(role)}',
            )
    if service not in found.may_connect:
        yield Step(f"let {service} connect to database {name}", f'GRANT CONNECT ON DATABASE "{name}" TO "{service}"')
    if found.search_path != "public":
        yield Step(f"set the search path of database {name}", f'ALTER DATABASE "{name}" SET search_path = public')


def _closed_to(server: Server, name: str, roles: Iterable[str]) -> Iterator[Step]:
    found = server.databases.get(name)
    for role in roles:
        if found is not None and role in found.may_connect:
            yield Step(
                f"revoke connect to database {name} from {role}",
                f'REVOKE CONNECT ON DATABASE "{name}" FROM {_named(role)}',
            )


def _named(role: str) -> str:
    return "PUBLIC" if role == "public" else f'"{role}"'


def verifier(password: str, salt: bytes, iterations: int = 4096) -> str:
    """A password as PostgreSQL stores it (RFC 5803), so that the password itself is in no statement and in no log.

    `salt` has to be random, 16 bytes. The password has to be ASCII, for which SASLprep changes nothing.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{parts[0]}${parts[1]}:{parts[2]}"
