"""One look at the whole system: the four stores, as the operator and in read-only transactions, and Kafka's ends.

Every query is bounded: by the number of feeds and partitions, or by a limit. The stores are read against the stream,
the last one first, so that what moved on between two of them is seen as waiting, and never missed.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import psutil

from cli.top.door import Door
from cli.top.looks import Books, Look, Stretch
from deploy.local import state
from deploy.local.home import SERVICES, Home, database_name
from shared.agreement import load
from shared.contracts import topics
from shared.errors import Unreachable
from shared.postgres.pool import Connection

PATIENCE = 4.0
"""Seconds for one look."""
_PARTNERS = "partners"


@dataclass(slots=True)
class _Store:
    """What one store tells. By feed or source (`topic/partition`)."""

    read: dict[str, int] = field(default_factory=dict)
    """Records consumed."""
    next_offset: dict[str, int] = field(default_factory=dict)
    sequence: dict[str, int] = field(default_factory=dict)
    """The last number read of a feed."""
    said: dict[str, int] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    books: Books = field(default_factory=Books)
    mails_pending: int = 0
    mails_oldest: float | None = None

    def unsent(self, feeds: Sequence[str]) -> int:
        return sum(max(0, self.said[feed] - self.published[feed]) for feed in feeds)


class Watcher:
    """Connections to the stores and to Kafka."""

    def __init__(self, home: Home, connections: Mapping[str, Connection], door: Door) -> None:
        self._home, self._of, self._door = home, connections, door

    async def look(self) -> Look:
        """Everything at this moment. Raises `Unreachable` where a store does not answer in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._look()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unreachable(f"a store does not answer ({type(error).__name__}): `portolano status`") from error

    async def _look(self) -> Look:
        stores: dict[str, _Store] = {}
        for service in reversed(SERVICES):
            stores[service] = await self._store(service)
        ends = await asyncio.to_thread(self._door.ends)
        stretches = [
            await self._inbound(stores["intake"], "intake", "firms", ends),
            *[await self._internal(stores, topic) for topic in topics.internal_topics()[:2]],
            await self._outbound(stores["referral"], "referral", "referrals"),
            await self._internal(stores, topics.internal_topics()[2]),
            self._mail(stores["notifier"]),
            await self._internal(stores, topics.internal_topics()[3]),
            await self._inbound(stores["referral"], "referral", "updates", ends),
            await self._outbound(stores["intake"], "intake", "receipts"),
        ]
        return Look(
            at=time.monotonic(),
            stretches=tuple(stretches),
            books={service: stores[service].books for service in SERVICES},
            states=states(self._home),
            note="" if ends is not None else "Kafka does not answer: `portolano status`",
        )

    async def _store(self, service: str) -> _Store:
        found, outcomes = _Store(), defaultdict[str, int](int)
        connection = self._of[service]
        # One snapshot for a store: what it has read and what it has said belong together.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for row in await connection.fetch(_POSITIONS):
                source = f"{row['topic']}/{row['partition']}"
                found.read[source] = row["next_offset"] - row["first_offset"]
                found.next_offset[source] = row["next_offset"]
                found.sequence[source] = row["sequence"]
                for outcome in ("applied", "repeated", "refused", "discarded"):
                    outcomes[outcome] += row[outcome]
            for row in await connection.fetch(_FEEDS):
                found.said[row["feed"]], found.published[row["feed"]] = row["sequence"], row["published"]
            for row in await connection.fetch(_ASIDE):
                outcomes[row["state"]] = row["count"]
            unsent = {feed: found.published[feed] + 1 for feed in found.said if found.unsent([feed])}
            age = await _age(connection, unsent)
            if service == "notifier":
                for row in await connection.fetch(_MAILS):
                    found.mails_pending, found.mails_oldest = row["count"], row["oldest"]
        found.books = Books(**outcomes, outbox=found.unsent(list(found.said)), outbox_age=age)
        return found

    async def _inbound(self, store: _Store, reader: str, noun: str, ends: Mapping[str, int] | None) -> Stretch:
        """From all partners to the service that reads what they write."""
        mine = {source: count for source, count in store.read.items() if _is_partners(source, noun)}
        unread: dict[str, int] = {}
        for topic, end in (ends or {}).items():
            at = store.next_offset.get(f"{topic}/0", 0)
            if _is_partners(f"{topic}/0", noun) and end > at:
                unread[topic] = at
        return Stretch(
            source=_PARTNERS,
            target=reader,
            passed=sum(mine.values()),
            waiting=None if ends is None else sum(ends[topic] - at for topic, at in unread.items()),
            oldest=await asyncio.to_thread(self._door.oldest, unread),
        )

    async def _outbound(self, store: _Store, writer: str, noun: str) -> Stretch:
        """From a service to all partners: what it says is on its way until Kafka has it."""
        feeds = [feed for feed in store.said if _is_partners(feed, noun)]
        unsent = {feed: store.published[feed] + 1 for feed in feeds if store.unsent([feed])}
        return Stretch(
            source=writer,
            target=_PARTNERS,
            passed=sum(min(store.published[feed], store.said[feed]) for feed in feeds),
            waiting=store.unsent(feeds),
            unsent=store.unsent(feeds),
            oldest=await _age(self._of[writer], unsent),
        )

    async def _internal(self, stores: Mapping[str, _Store], topic: topics.Topic) -> Stretch:
        """Between two of our services: what one has said and the other has not read."""
        writer, reader = stores[topic.writer], stores[topic.readers[0]]
        feeds = [feed for feed in writer.said if feed.rpartition("/")[0] == topic.name]
        unread = {feed: reader.sequence.get(feed, 0) + 1 for feed in feeds}
        unread = {feed: number for feed, number in unread.items() if number <= writer.said[feed]}
        return Stretch(
            source=topic.writer,
            target=topic.readers[0],
            passed=sum(count for source, count in reader.read.items() if source.rpartition("/")[0] == topic.name),
            waiting=sum(writer.said[feed] - number + 1 for feed, number in unread.items()),
            unsent=writer.unsent(feeds),
            oldest=await _age(self._of[topic.writer], unread),
        )

    def _mail(self, store: _Store) -> Stretch:
        """From the notifier to the mail server: each message that ended is said once on the deliveries' topic."""
        told = [count for feed, count in store.said.items() if feed.rpartition("/")[0] == topics.NOTIFIER_DELIVERIES]
        return Stretch(
            source="notifier",
            target="mail",
            passed=sum(told),
            waiting=store.mails_pending,
            oldest=store.mails_oldest,
        )


@asynccontextmanager
async def watcher(home: Home) -> AsyncIterator[Watcher]:
    """Everything open. Raises `Unreachable` where the database does not answer."""
    opened: dict[str, Connection] = {}
    inbound = [topic.name for topic in topics.topics(load().partners) if topic.kind is topics.Kind.INBOUND]
    try:
        for service in SERVICES:
            try:
                opened[service] = await asyncpg.connect(
                    **home.admin_dsn(database_name(service)),
                    timeout=PATIENCE,
                    server_settings={"statement_timeout": "2000", "application_name": "portolano-top"},
                )
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                raise Unreachable(f"the store of {service} does not answer: `portolano status`") from error
        with Door(home, inbound) as door:
            yield Watcher(home, opened, door)
    finally:
        for connection in opened.values():
            connection.terminate()


def states(home: Home) -> dict[str, str]:
    """Each service's process in a word: what its supervisor last wrote, or `stopped` where the kernel holds it."""
    written = state.read(home)
    found = {}
    for part in written.parts if written is not None else ():
        if part.name in SERVICES:
            found[part.name] = "stopped" if _is_halted(part.pid) else str(part.state)
    return found


def _is_halted(pid: int | None) -> bool:
    try:
        return pid is not None and psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def _is_partners(source: str, noun: str) -> bool:
    return source.startswith("partners.") and source.rpartition("/")[0].endswith(f".{noun}.v1")


async def _age(connection: Connection, numbers: Mapping[str, int]) -> float | None:
    """Seconds since the oldest of these records (a number of each feed) was said; None where the journal is shorter."""
    if not numbers:
        return None
    age: float | None = await connection.fetchval(_AGE, list(numbers), list(numbers.values()))
    return age


_POSITIONS = """SELECT topic, partition, first_offset, next_offset, sequence, applied, repeated, refused, discarded
FROM positions"""
_FEEDS = """SELECT f.feed, f.sequence, coalesce(r.published, 0)::bigint AS published
FROM feeds f LEFT JOIN relayed r USING (feed)"""
_ASIDE = """SELECT state, count(*) FROM (SELECT state FROM held WHERE state IN ('held', 'queued') LIMIT 10000) AS open
GROUP BY state"""
_MAILS = """SELECT count(*), extract(epoch FROM now() - min(created_at))::float AS oldest
FROM (SELECT created_at FROM notifications WHERE state = 'pending' ORDER BY next_at LIMIT 10000) AS pending"""
_AGE = """SELECT extract(epoch FROM clock_timestamp() - min(row.said_at))::float
FROM unnest($1::text[], $2::bigint[]) AS wanted (feed, number)
CROSS JOIN LATERAL (
    SELECT o.said_at FROM generate_series(current_date - 8, current_date + 1, '1 day') AS days (day)
    CROSS JOIN LATERAL (
        SELECT said_at, first FROM outbox
        WHERE day = days.day::date AND feed = wanted.feed AND first <= wanted.number ORDER BY first DESC LIMIT 1
    ) AS o
    ORDER BY o.first DESC LIMIT 1
) AS row"""
"""The journal's key begins with the day, so each day is asked by itself: some probes of an index instead of its whole.
"""
