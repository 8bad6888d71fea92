"""What the mails cost: a row of their own, since one of them costs more than a firm's whole way.

Referrals are made while no mail server is there; then one opens, and everything that waits is sent.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

from bench import firms
from bench.hops import STOP_WITHIN, start, until
from bench.meters import Meters, between
from bench.proof import require_clean
from bench.quiet import until_quiet
from bench.stand import Stand, fresh
from bench.throughput import STILL, Figures, our_course
from deploy.local.home import SERVICES, Home
from deploy.local.parts import fetch

SENT_WITHIN = 300.0
_SENT = """SELECT count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'pending') AS pending,
    extract(epoch FROM max(sent_at) - min(sent_at))::float8 AS seconds FROM notifications"""


async def measure(at: Stand, prefix: str, firms_sent: int) -> Figures:
    """Mails per second from the first that is marked as sent to the last, and processor time per 1,000 mails."""
    async with fresh(at, prefix):
        async with our_course(at, prefix, mail=True) as (under_way, quiet):
            await under_way.begin(firms.one_need(firms_sent, datetime.now(UTC)))
            await until_quiet(quiet, under_way.hops, STILL)
            async with _mail_server(at.home, prefix) as sink:
                meters = Meters((*under_way.hops.pids, sink), at.broker, at.postgres)
                before = meters.use()
                found = await _until_sent(quiet.stores["notifier"])
                await until_quiet(quiet, under_way.hops, STILL)
                spent = between(before, meters.use())
        looked_at = await require_clean(at.home, prefix)
    thousands = found["sent"] / 1000
    by_hop = {f"python_{name}_s": used / thousands for name, used in zip(SERVICES, spent.python, strict=False)}
    return {
        "firms": firms_sent,
        "mails": found["sent"],
        "seconds_s": found["seconds"],
        "mails_per_second": found["sent"] / max(found["seconds"], 0.001),
        "python_s": sum(spent.python[:-1]) / thousands,
        **by_hop,
        "mail_server_s": spent.python[-1] / thousands,
        "broker_s": spent.broker / thousands,
        "postgres_s": spent.postgres / thousands,
        "audited": looked_at,
    }


async def _until_sent(store: asyncpg.Connection) -> asyncpg.Record:
    found: list[asyncpg.Record] = []

    async def all_sent() -> bool:
        row = await store.fetchrow(_SENT)
        assert row is not None
        found[:] = [row]
        return bool(row["sent"] and not row["pending"])

    await until(all_sent, SENT_WITHIN, "the mails to be sent", pause=0.5)
    return found[0]


@asynccontextmanager
async def _mail_server(home: Home, prefix: str) -> AsyncIterator[int]:
    """The pid of a local mail server that keeps what it takes and sends nothing on."""
    command = (sys.executable, "-m", "deploy.local.mail_sink")
    process = start(home, f"{prefix}mail", command, {"PORTOLANO_HOME": str(home.root)})

    async def opens() -> bool:
        status, _ = await asyncio.to_thread(fetch, home.port("mail_http"), "/api/count")
        return status == 200

    try:
        await until(opens, 30.0, "the mail server")
        yield process.pid
    finally:
        await asyncio.to_thread(process.stop, signal.SIGTERM, STOP_WITHIN)
