"""Processes that stand still in the moment that matters, lose what they hold to another replica, and wake late.

Each of these makes one process a sleeper, waits until its work was done by somebody else, wakes it, and waits until it
has counted that it came too late.
"""

import asyncio
import re
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from shared.feeds.clock import HOUSE_TIME
from shared.testing.waiting import until
from tests.chaos.link import Mode
from tests.chaos.world import Replica, World

COMMITS = "shared.feeds.batches Transactions._transact commit 1 before"
BEGINS = "shared.feeds.batches Transactions._transact commit 1 begin"
SENDS = "shared.feeds.kafka Producer.send send 2 before"
MOVES = "shared.feeds.relay Relay._flush cursor 1 before"
FIRES = "shared.feeds.firing Firing._transact commit 1 begin"
MAILS = "services.notifier.smtp Line.send mail 1 before"
LEAST_MAILS = 12
"""More than a process has senders: then some are in a server's hand, and some wait in a queue."""
LIMIT = 120.0
"""Seconds in which another one takes over, busy machine or not: the longest lease, of a mail, is half a minute."""
_FENCED = re.compile(r'^portolano_fenced_total\{as="(\w+)",service="\w+"\} ([0-9.]+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Who slept where, and what it counted when it woke."""

    replica: Replica
    point: str
    fenced: int
    in_hand: frozenset[str] = frozenset()
    """What it held: message ids, or feeds."""


async def reader(it: World, service: str, point: str) -> Sleeper:
    """Its partitions go to another one, which reads on."""
    replica = await it.stopped_at(service, point)
    starts = {key: next_ for key, (next_, _) in (await it.unread(service)).items()}

    async def moved() -> bool:
        store = await it.store(service)
        try:
            rows = await store.fetch("SELECT topic, partition, next_offset FROM positions")
        finally:
            await store.close()
        at = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return all(at.get(key, 0) > start for key, start in starts.items())

    return await _wake(it, replica, point, "reader", moved, frozenset(f"{topic}/{n}" for topic, n in starts))


async def relay(it: World, service: str, point: str) -> Sleeper:
    """The server ends its session; another one gets the locks, with higher epochs, and publishes on."""
    replica = await it.stopped_at(service, point)
    store = await it.store(service)
    try:
        rows = await store.fetch("SELECT feed, epoch, sequence, published FROM relayed JOIN feeds USING (feed)")
        waiting = {row["feed"]: row for row in rows if row["sequence"] > row["published"]}

        async def taken_over() -> bool:
            now = {row["feed"]: row for row in await store.fetch("SELECT feed, epoch, published FROM relayed")}
            return all(
                now[feed]["epoch"] > row["epoch"] and now[feed]["published"] >= row["sequence"]
                for feed, row in waiting.items()
            )

        return await _wake(it, replica, point, "relay", taken_over, frozenset(waiting))
    finally:
        await store.close()


async def timer(it: World, point: str) -> Sleeper:
    """Another one fires what it had chosen."""
    store = await it.store("referral")
    due = f"SELECT kind, id, version FROM timers WHERE failure IS NULL AND due_at <= {HOUSE_TIME}"

    async def days_pass() -> None:
        while True:
            await store.execute("INSERT INTO clock_moves (ahead) VALUES (interval '1 day')")
            await asyncio.sleep(1.0)  # the pace at which days pass

    try:
        passing = asyncio.create_task(days_pass())
        try:
            replica = await it.stopped_at("referral", point)
        finally:
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)
        chosen = {tuple(row) for row in await store.fetch(due)}

        async def fired() -> bool:
            return chosen.isdisjoint({tuple(row) for row in await store.fetch(due)})

        return await _wake(it, replica, point, "timer", fired, frozenset(id for _, id, _ in chosen))
    finally:
        await store.close()


async def mails_pile_up(it: World) -> None:
    """Wait until so many firms have come through all services that a process of the notifier has its hands full."""
    store = await it.store("notifier")
    try:

        async def enough() -> bool:
            n = await store.fetchval("SELECT count(*) FROM notifications WHERE state = 'pending'")
            return bool(n >= LEAST_MAILS)

        await until(enough, limit=LIMIT, what="mails that wait")
    finally:
        await store.close()


async def notifier(it: World, point: str) -> Sleeper:
    """Its lease on the mails in its hand runs out, and another one sends them. Until now none could be sent."""
    store = await it.store("notifier")
    try:
        stopping = asyncio.create_task(it.stopped_at("notifier", point))
        it.links["mail"].set(Mode.PASS)
        replica = await stopping
        leased = "SELECT message_id FROM notifications WHERE state = 'pending' AND next_at > now()"
        in_hand = frozenset(row["message_id"] for row in await store.fetch(leased))

        async def sent() -> bool:
            rows = await store.fetch(
                "SELECT FROM notifications WHERE message_id = ANY($1) AND state <> 'sent'", list(in_hand)
            )
            return not rows

        return await _wake(it, replica, point, "notifier", sent, in_hand)
    finally:
        await store.close()


async def _wake(
    it: World,
    replica: Replica,
    point: str,
    as_: str,
    taken_over: Callable[[], Awaitable[bool]],
    in_hand: frozenset[str],
) -> Sleeper:
    await until(taken_over, limit=LIMIT, what=f"somebody who takes over from {replica} at {point}")
    it.go_on(replica)

    async def fenced() -> int:
        try:
            return (await asyncio.to_thread(_counted, it, replica)).get(as_, 0)
        except OSError:
            return 0

    return Sleeper(replica, point, await until(fenced, limit=LIMIT, what=f"{replica} too late as {as_}"), in_hand)


def _counted(it: World, replica: Replica) -> Mapping[str, int]:
    """What the process has counted by now, by `as`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{it.doors[replica]}/metrics", timeout=5) as answer:
        return {as_: int(float(n)) for as_, n in _FENCED.findall(answer.read().decode())}
