"""What the four stores hold of the cast, read as the operator, in read-only transactions.

The stores are read against the stream, the last one first: what a later service has not read yet is then seen as
unread, and never missed because it moved on between two looks.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import msgspec

from deploy.local.home import SERVICES, Home, database_name
from shared.contracts import topics
from shared.errors import Unreachable
from shared.feeds.clock import HOUSE_TIME
from shared.postgres.pool import Connection

PATIENCE = 4.0
"""Seconds for one look at all stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """A firm as the classifier has it."""

    version: int
    status: str
    possible: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRow:
    """A need as referral has it."""

    firm_id: str
    front: str
    import_: bool
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRow:
    referral_id: str
    firm_id: str
    partner: str
    status: str
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    referral_id: str
    firm_id: str
    recipient: str
    purpose: str
    message_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The stores at one moment. Firms by firm_id; `unread`: records that a service has yet to read, by its name;
    `unpublished`: records that it has said and not published; `held`: records of the cast that it has set aside.
    """

    registered: Mapping[str, int] = field(default_factory=dict)
    assessed: Mapping[str, Assessed] = field(default_factory=dict)
    routed: Mapping[str, int] = field(default_factory=dict)
    needs: Sequence[NeedRow] = ()
    referrals: Sequence[ReferralRow] = ()
    mails: Sequence[MailRow] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    unpublished: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0
    """Clocks of the cast's referrals and queries that are due and have not been heard."""


class Stores:
    """Connections to the four databases."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._of = connections

    async def first_number(self, begin: int) -> int:
        """The first running number, from `begin` on, that no earlier evening has used."""
        used = await self._of["intake"].fetchval(_NUMBERS, timeout=PATIENCE)
        return begin if used is None else max(begin, int(used) + 1)

    async def strangers(self) -> bool:
        """Whether intake knows of anything that no demo has told: whose deadlines are nobody's to play with."""
        return bool(await self._of["intake"].fetchval(_STRANGERS, timeout=PATIENCE))

    async def look(self, firm_ids: Collection[str]) -> View:
        """Everything about these firms. Raises `Unreachable` where a store does not answer in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._look(list(firm_ids))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unreachable(f"a store does not answer ({type(error).__name__}): `portolano status`") from error

    async def _look(self, firms: list[str]) -> View:
        read: dict[str, dict[str, int]] = {}
        given: dict[str, dict[str, int]] = {}
        unpublished: dict[str, int] = {}
        held: dict[str, int] = {}
        mails: Sequence[asyncpg.Record] = ()
        needs: Sequence[asyncpg.Record] = ()
        referrals: Sequence[asyncpg.Record] = ()
        firms_at: dict[str, Sequence[asyncpg.Record]] = {}
        overdue = 0
        for service in reversed(SERVICES):
            connection = self._of[service]
            # One snapshot for a store: what it has read and what it holds belong together.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                read[service] = {row["feed"]: row["sequence"] for row in await connection.fetch(_READ)}
                if service == "notifier":
                    mails = await connection.fetch(_MAILS, firms)
                else:
                    firms_at[service] = await connection.fetch(_FIRMS[service], firms)
                if service == "referral":
                    needs = await connection.fetch(_NEEDS, firms)
                    referrals = await connection.fetch(_REFERRALS, firms)
                    overdue = await connection.fetchval(_OVERDUE, firms)
                rows = await connection.fetch(_SAID)
                given[service] = {row["feed"]: row["sequence"] for row in rows}
                unpublished[service] = sum(max(row["sequence"] - row["published"], 0) for row in rows)
                held[service] = await connection.fetchval(_HELD, firms) or 0
        return View(
            registered={row["firm_id"]: row["version"] for row in firms_at["intake"]},
            assessed={row["firm_id"]: _assessed(row) for row in firms_at["classifier"]},
            routed={row["firm_id"]: row["version"] for row in firms_at["referral"]},
            needs=[NeedRow(**dict(row)) for row in needs],
            referrals=[ReferralRow(**dict(row)) for row in referrals],
            mails=[MailRow(**dict(row)) for row in mails],
            unread=_unread(given, read),
            unpublished=unpublished,
            held=held,
            overdue=overdue,
        )


@asynccontextmanager
async def stores(home: Home) -> AsyncIterator[Stores]:
    """The four stores, open. Raises `Unreachable` where the database does not answer."""
    opened: dict[str, Connection] = {}
    try:
        for service in SERVICES:
            try:
                opened[service] = await asyncpg.connect(**home.admin_dsn(database_name(service)), timeout=PATIENCE)
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                raise Unreachable(f"the store of {service} does not answer: `portolano status`") from error
        yield Stores(opened)
    finally:
        for connection in opened.values():
            connection.terminate()


def _unread(given: Mapping[str, Mapping[str, int]], read: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Records of internal feeds that their reader has yet to read; the writer counted them later than the reader."""
    unread: Counter[str] = Counter()
    for topic in topics.internal_topics():
        for feed, sequence in given[topic.writer].items():
            if feed.rpartition("/")[0] == topic.name:
                for reader in topic.readers:
                    unread[reader] += max(sequence - read[reader].get(feed, 0), 0)
    return dict(unread)


def _assessed(row: asyncpg.Record) -> Assessed:
    segment = msgspec.json.decode(row["segment"])
    return Assessed(version=row["version"], status=segment["status"], possible=tuple(segment["possible"]))


_NUMBERS = "SELECT max(substring(id FROM 6 FOR 7)::int) FROM submissions WHERE id ~ '^demo-[0-9]{7}-'"
_STRANGERS = "SELECT EXISTS (SELECT FROM submissions WHERE id !~ '^demo-[0-9]{7}-')"
_READ = "SELECT topic || '/' || partition AS feed, sequence FROM positions"
_SAID = """SELECT f.feed, f.sequence, coalesce(r.published, 0)::bigint AS published
FROM feeds f LEFT JOIN relayed r USING (feed)"""
_HELD = "SELECT sum(held)::bigint FROM firms WHERE firm_id = ANY($1::uuid[])"
_FIRMS = {
    "intake": "SELECT firm_id::text, version FROM profiles WHERE firm_id = ANY($1::uuid[])",
    "classifier": "SELECT firm_id::text, version, segment::text FROM assessments WHERE firm_id = ANY($1::uuid[])",
    "referral": "SELECT firm_id::text, version FROM assessments WHERE firm_id = ANY($1::uuid[])",
}
_NEEDS = """SELECT firm_id::text, front, import AS import_, state FROM needs
WHERE firm_id = ANY($1::uuid[]) AND state <> 'withdrawn'"""
_REFERRALS = """SELECT referral_id::text, firm_id::text, partner, status, replaces::text FROM referrals
WHERE firm_id = ANY($1::uuid[])"""
_OVERDUE = f"SELECT count(*) FROM timers WHERE firm_id = ANY($1::uuid[]) AND due_at <= {HOUSE_TIME}"
_MAILS = """SELECT referral_id::text, firm_id::text, recipient, purpose, message_id, state FROM notifications
WHERE firm_id = ANY($1::uuid[]) AND channel = 'mail'"""
