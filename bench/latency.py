"""How long a partner waits: from its `send` over TLS to its own `getmany` that brings the `referral.requested`.

On the idle system one firm after another; under load at fixed times, whatever has come back by then. There the clock
of a firm starts at the time at which it was due, so that a generator that falls behind makes the figures worse, not
better.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import firms
from bench.figures import quantile
from bench.hops import until
from bench.meters import between
from bench.plan import Size
from bench.proof import REQUESTED, require_clean
from bench.quiet import until_quiet
from bench.stand import Stand, fresh
from bench.throughput import STILL, Figures, our_course
from cli.commands.partner import settings_of
from cli.demo.submissions import Submission
from cli.partner.logins import logins_of
from deploy.local.home import Home
from shared.contracts import topics
from shared.errors import Trouble

WARM = 20
"""Single firms before those that count: the first ones open connections and prepare statements."""
ARRIVED_WITHIN = 60.0


class _Told(msgspec.Struct):
    reference: str = ""


@dataclass(slots=True)
class Partner:
    """A partner's own clients. `arrived`: when each reference came back, in seconds of the monotonic clock."""

    code: str
    prefix: str
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    arrived: dict[str, float] = field(default_factory=dict)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    _read: msgspec.json.Decoder[_Told] = field(default_factory=lambda: msgspec.json.Decoder(_Told))

    async def send(self, submission: Submission) -> None:
        """Hand it to the client, which sends at once; its acknowledgement is not waited for here."""
        letter = submission.letter
        headers = [(name, value) for name, value in letter.headers()]
        await self.producer.send(
            self.prefix + topics.firms(self.code), letter.data, key=letter.id.encode(), partition=0, headers=headers
        )

    async def listen(self) -> None:
        """Take what comes until cancelled."""
        while True:
            for records in (await self.consumer.getmany(timeout_ms=1000)).values():
                at = time.monotonic()
                for record in records:
                    if ("ce_type", REQUESTED.encode()) in record.headers:
                        self.arrived.setdefault(self._read.decode(record.value).reference, at)
                self.heard.set()


async def measure(at: Stand, prefix: str, size: Size) -> Figures:
    """Quantiles in milliseconds, on the idle system and under load; processor time of the whole under load."""
    async with fresh(at, prefix):
        async with (
            our_course(at, prefix) as (under_way, quiet),
            _partners(at.home, prefix) as partners,
        ):
            idle = (await _singles(partners, WARM + size.singles))[WARM:]
            before = under_way.meters.use()
            loaded = await _paced(partners, WARM + size.singles, size.per_second, size.seconds)
            spent = between(before, under_way.meters.use())
            await until_quiet(quiet, under_way.hops, STILL)
        looked_at = await require_clean(at.home, prefix)
    thousands = len(loaded) / 1000
    return {
        **_quantiles("idle", idle),
        **_quantiles("load", loaded),
        "load_per_second": size.per_second,
        "python_s": sum(spent.python) / thousands,
        "broker_s": spent.broker / thousands,
        "postgres_s": spent.postgres / thousands,
        "others_cores": spent.others / size.seconds,
        "audited": looked_at,
    }


async def _singles(partners: dict[str, Partner], count: int) -> list[float]:
    """Seconds of each firm, sent when the one before it has come back."""
    waits = []
    for submission in firms.own_need(count, datetime.now(UTC)):
        partner, reference = partners[submission.partner], _reference(submission)
        began = time.monotonic()
        await partner.send(submission)
        async with asyncio.timeout(ARRIVED_WITHIN):
            while reference not in partner.arrived:
                partner.heard.clear()
                await partner.heard.wait()
        waits.append(partner.arrived[reference] - began)
    return waits


async def _paced(partners: dict[str, Partner], first: int, per_second: int, seconds: int) -> list[float]:
    """Seconds of each firm from the moment at which it was due."""
    letters = list(firms.own_need(per_second * seconds, datetime.now(UTC), first))
    began = time.monotonic() + 0.1
    due = [(began + n / per_second, partners[letter.partner], _reference(letter)) for n, letter in enumerate(letters)]
    for (at, partner, _), letter in zip(due, letters, strict=True):
        wait = at - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        await partner.send(letter)

    async def all_back() -> bool:
        return all(reference in partner.arrived for _, partner, reference in due)

    await until(all_back, ARRIVED_WITHIN, "the referrals of all firms")
    return [partner.arrived[reference] - at for at, partner, reference in due]


def _reference(submission: Submission) -> str:
    return msgspec.json.decode(submission.letter.data, type=_Told).reference


def _quantiles(title: str, waits: Sequence[float]) -> Figures:
    wanted = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    told = {f"{title}_{name}_ms": quantile(waits, share) * 1000 for name, share in wanted.items()}
    return {**told, f"{title}_firms": len(waits)}


@asynccontextmanager
async def _partners(home: Home, prefix: str) -> AsyncIterator[dict[str, Partner]]:
    """The partners that own the needs of the bench's firms, logged in and listening from the end on."""
    partners: dict[str, Partner] = {}
    listening: list[asyncio.Task[None]] = []
    try:
        for code in dict.fromkeys(wish.partner for wish in firms.ONE_NEED):
            client, acks = _client(home, code)
            consumer = AIOKafkaConsumer(**client, enable_auto_commit=False, auto_offset_reset="none")
            producer = AIOKafkaProducer(**client, acks=acks, enable_idempotence=True, linger_ms=0)
            partners[code] = Partner(code, prefix, producer, consumer)
            await producer.start()
            await consumer.start()
            outbound = TopicPartition(prefix + topics.referrals(code), 0)
            consumer.assign([outbound])
            consumer.seek(outbound, 0)
            listening.append(asyncio.create_task(partners[code].listen()))
        yield partners
        if failed := [task.exception() for task in listening if task.done()]:
            raise Trouble(f"a partner stopped listening: {failed[0]!r}")
    finally:
        for task in listening:
            task.cancel()
        for partner in partners.values():
            for close in (partner.consumer.stop, partner.producer.stop):
                with suppress(Exception):
                    await asyncio.wait_for(close(), 5.0)


def _client(home: Home, code: str) -> tuple[dict[str, object], str]:
    """What `portolano partner config` gives the partner: for any client of aiokafka, and `acks` for its producer."""
    user = logins_of(home, code).current
    address = f"127.0.0.1:{home.port('kafka_partners')}"
    settings = dict(settings_of("python", user, home.kafka_password(user), address, home.partners_ca))
    context = ssl.create_default_context(cafile=settings.pop("ssl_cafile"))
    acks = settings.pop("acks")
    return {**settings, "ssl_context": context, "client_id": f"{code}.bench"}, acks
