"""One measurement of one contender: firms are published before its first hop, the hop is let go, the end is awaited."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bench import firms, services, typical, ways
from bench.hops import Hop, Hops, running
from bench.meters import Memory, Meters, Spent, Use, between
from bench.proof import requested, require_clean
from bench.publish import publish
from bench.quiet import LOOK_EVERY, Quiet, until_quiet
from bench.stand import Stand, fresh
from bench.topics import Topics
from cli.demo.submissions import Submission
from deploy.local.home import SERVICES
from shared.agreement import load
from shared.contracts.topics import topics
from shared.errors import Trouble

Figures = dict[str, float]
STILL = 60.0
"""Seconds without any progress after which a measurement is given up."""


@dataclass(slots=True)
class Course:
    """A measurement under way: what takes part, and where the meters stood when it began."""

    at: Stand
    prefix: str
    hops: Hops
    meters: Meters
    everything: Topics
    published: int = 0
    began: float = 0.0
    _before: Use | None = None
    _lay_before: int = 0

    async def publish(self, submissions: Iterable[Submission]) -> int:
        return await asyncio.to_thread(publish, self.at.home, submissions, self.prefix)

    async def begin(self, submissions: Iterable[Submission]) -> None:
        """Put everything before the first hop while that stands still, then let it go."""
        self.hops.hold()
        self.published = await self.publish(submissions)
        self._lay_before = sum((await self.everything.ends()).values())
        self._before = self.meters.use()
        self.began = self.hops.go()

    def spent(self) -> Spent:
        assert self._before is not None
        return between(self._before, self.meters.use())

    async def written(self) -> int:
        """Records that the contender has written since it began."""
        return sum((await self.everything.ends()).values()) - self._lay_before


@asynccontextmanager
async def course(at: Stand, prefix: str, hops: list[Hop]) -> AsyncIterator[Course]:
    """All hops run and are ready; nothing is published yet."""
    everything = Topics(at.admin(), [prefix + topic.name for topic in topics(load().partners)])
    async with running(at.home, prefix, hops) as group:
        yield Course(at, prefix, group, Meters(group.pids, at.broker, at.postgres), everything)


@asynccontextmanager
async def our_course(at: Stand, prefix: str, *, mail: bool = False) -> AsyncIterator[tuple[Course, Quiet]]:
    """Our services, warm: a few firms have been through."""
    async with (
        course(at, prefix, services.portolano(at.home, prefix, mail=mail)) as under_way,
        Quiet(at.home, prefix, under_way.everything) as quiet,
    ):
        await under_way.publish(firms.warming(datetime.now(UTC)))
        await until_quiet(quiet, under_way.hops, STILL)
        yield under_way, quiet


async def ours(at: Stand, prefix: str, submissions: Iterable[Submission], firms_sent: int, *, each: bool) -> Figures:
    """Our services, from intake's first read to the last acknowledged `referral.requested`.

    `each`: every firm must get exactly one. Processor time is counted until the last service is done, the notifier
    included, for which nobody waits. Raises `Trouble` where the audit finds anything.
    """
    async with fresh(at, prefix):
        async with our_course(at, prefix) as (under_way, quiet):
            await under_way.begin(submissions)
            await until_quiet(quiet, under_way.hops, STILL)
            spent, memory = under_way.spent(), under_way.meters.memory()
            written, last = await under_way.written(), await under_way.everything.last_append()
        referrals, at_last = await requested(at.home, prefix)
        if each and (len(referrals) != firms_sent + firms.WARMING or set(referrals.values()) != {1}):
            raise Trouble(f"{referrals.total()} referrals for {len(referrals)} of {firms_sent} firms")
        looked_at = await require_clean(at.home, prefix)
    return {
        **_common(firms_sent, at_last - under_way.began, spent, written),
        **_memory(memory),
        "submissions": under_way.published,
        "referrals": referrals.total() - firms.WARMING,
        "until_quiet_s": last - under_way.began,
        "audited": looked_at,
    }


async def other(at: Stand, prefix: str, contender: str, firms_sent: int) -> Figures:
    """`raw` or `typical`, from the first hop's first read to the last acknowledged record behind the fourth."""
    async with fresh(at, prefix):
        if contender == "typical":
            await typical.prepare(at.home, prefix)
        async with course(at, prefix, services.others(at.home, contender, prefix)) as under_way:
            end = Topics(at.admin(), [ways.end(prefix)])
            now = datetime.now(UTC)
            await under_way.publish(firms.warming(now))
            await _until_arrived(end, firms.WARMING, under_way.hops)
            await under_way.begin(firms.one_need(firms_sent, now))
            await _until_arrived(end, firms.WARMING + firms_sent, under_way.hops)
            spent, memory = under_way.spent(), under_way.meters.memory()
            written, last = await under_way.written(), await end.last_append()
        if sum((await end.ends()).values()) != firms.WARMING + firms_sent:
            raise Trouble(f"{contender} has brought another number than {firms_sent} to the end")
    return {**_common(firms_sent, last - under_way.began, spent, written), **_memory(memory)}


async def _until_arrived(end: Topics, wanted: int, hops: Hops) -> None:
    arrived, since = 0, time.monotonic()
    while arrived < wanted:
        hops.require_alive()
        await asyncio.sleep(LOOK_EVERY)
        now = sum((await end.ends()).values())
        if now > arrived:
            arrived, since = now, time.monotonic()
        elif time.monotonic() - since > STILL:
            raise Trouble(f"{arrived} of {wanted} firms arrived and nothing moves; logs: {hops.logs}")


def _common(sent: int, seconds: float, spent: Spent, written: int) -> Figures:
    """What every measurement of a throughput tells; processor seconds per 1,000 firms."""
    thousands = sent / 1000
    by_hop = {f"python_{name}_s": used / thousands for name, used in zip(SERVICES, spent.python, strict=True)}
    return {
        "firms": sent,
        "seconds_s": seconds,
        "firms_per_second": sent / seconds,
        "python_s": sum(spent.python) / thousands,
        **by_hop,
        "broker_s": spent.broker / thousands,
        "postgres_s": spent.postgres / thousands,
        "others_cores": spent.others / seconds,
        "written": written / sent,
    }


def _memory(used: Memory) -> Figures:
    by_hop = {f"{name}_bytes": own for name, own in zip(SERVICES, used.python, strict=True)}
    return {**by_hop, "python_bytes": sum(used.python), "broker_bytes": used.broker, "postgres_bytes": used.postgres}
