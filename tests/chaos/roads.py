"""Which process comes to which point, and what brings it there where its everyday work does not.

A point is looked up by how its name begins; the first road that fits is taken. A point without a road is every
service's. Points of persons' commands have theirs in `persons`.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from shared.testing.waiting import until
from tests.chaos.giving import give
from tests.chaos.link import Mode
from tests.chaos.traffic import SLICE, WAYS, Traffic
from tests.chaos.world import Replica, World

Way = Callable[[World, Traffic], AbstractAsyncContextManager[None]]
HEAVY = 7
"""Slices of long firms: more than a megabyte and a half for each of two partitions, where a batch of Kafka's is one."""


@asynccontextmanager
async def everyday(it: World, traffic: Traffic) -> AsyncIterator[None]:
    """The work of a service as it comes."""
    yield


@asynccontextmanager
async def mail_away(it: World, traffic: Traffic) -> AsyncIterator[None]:
    """No mail server: only of what was not taken something is written there."""
    it.links["mail"].set(Mode.REFUSE)
    yield
    it.links["mail"].set(Mode.PASS)


@asynccontextmanager
async def much_at_once(it: World, traffic: Traffic) -> AsyncIterator[None]:
    """More to publish than a batch of Kafka's holds: many long firms, which are to be published again."""
    replica, feed = Replica("intake", 1), "intake.firms.v1/0"
    if await it.unpublished("intake") < SLICE:
        if it.processes[replica].poll() is not None:
            it.begin(replica)
        store = await it.store("intake")
        first = 1 + await store.fetchval("SELECT sequence FROM feeds WHERE feed = $1", feed)
        wanted = traffic.sent + (HEAVY + 1) * SLICE
        traffic.heavy(HEAVY)

        async def written() -> bool:
            if traffic.sent < wanted or traffic.in_hand:
                return False
            return not await it.unread("intake") and not await it.unpublished("intake")

        try:
            await until(written, limit=90, what="long firms")
        finally:
            await store.close()
        it.kill(replica)
        again = await give(it.home, f"feeds republish {feed} --from {first}")
        assert again.code == 0, again.words
    yield


@asynccontextmanager
async def faulty_clock(it: World, traffic: Traffic) -> AsyncIterator[None]:
    """A reminder that fails for good. Afterwards the fault is mended, by a newer version of the code as it were."""
    store = await it.store("referral")
    waiting = """SELECT referral_id::text FROM referrals WHERE status = 'requested' AND role = 'responsible'
        AND remind_at IS NOT NULL ORDER BY remind_at"""
    try:

        async def unanswered() -> str | None:
            ids = [row["referral_id"] for row in await store.fetch(waiting)]
            return next((id for id in ids if uuid.UUID(id).int % 8 not in WAYS), None)

        id = await until(unanswered, limit=60, what="a referral that nobody answers")
        await store.execute(
            f"""ALTER TABLE referrals ADD CONSTRAINT fault
            CHECK (referral_id <> '{id}' OR (status = 'requested' AND remind_at IS NOT NULL)) NOT VALID"""
        )
        yield
        await store.execute("ALTER TABLE referrals DROP CONSTRAINT fault")
        await store.execute("UPDATE timers SET failed_by = 'an older version' WHERE failure IS NOT NULL")
    finally:
        await store.close()


@dataclass(frozen=True, slots=True)
class Road:
    """Who comes there; what is so meanwhile; what else its environment has; whether it is told to end once it works."""

    service: str | None = None
    way: Way = everyday
    told: Mapping[str, str] = field(default_factory=dict)
    parting: bool = False


TRACING = {
    "OTEL_SDK_DISABLED": "false",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}
ROADS: Mapping[str, Road] = {
    "shared.feeds.firing Firing._set_aside": Road("referral", faulty_clock),
    "shared.feeds.firing": Road("referral"),
    "shared.feeds.watermarks": Road("referral"),
    "shared.feeds.traces": Road("referral", told=TRACING),
    "shared.feeds.runtime Feeds.work": Road("notifier"),
    "services.notifier.mail _write": Road("notifier", mail_away),
    "services.notifier": Road("notifier"),
    "shared.feeds.relay Relay._let_go": Road(parting=True),
    "shared.feeds.kafka Producer.send send 1": Road("intake", much_at_once),
}


def road_to(point: str) -> Road:
    """The first whose beginning fits; to any other point everyday work leads."""
    return next((road for place, road in ROADS.items() if point.startswith(place)), Road())
