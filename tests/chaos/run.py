"""One seed from the first firm to the verdict."""

import asyncio
import email.parser
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.home import SERVICES, database_name
from tests.chaos.blows import Blow, Blows, Pace, Striker, What
from tests.chaos.checker import Finding, Scene, judge
from tests.chaos.evidence import read_stores, read_topics
from tests.chaos.traffic import Traffic
from tests.chaos.world import World, world

_HEADERS = email.parser.BytesHeaderParser()


@dataclass(frozen=True, slots=True)
class Result:
    """What a seed has shown."""

    seed: int
    firms: int
    records: int
    """Sent by the partners."""
    said: int
    """Said by the services, repeats left out."""
    blows: Blows
    ended: dict[str, int]
    findings: list[Finding]
    seconds: float

    @property
    def kills(self) -> list[Blow]:
        """The kills that count."""
        return self.blows.counted(What.KILL, What.KAFKA, What.POSTGRES)


async def run(
    seed: int,
    firms: int,
    *,
    rate: float = 30.0,
    pace: Pace | None = None,
    weights: dict[What, int] | None = None,
    partitions: int = 12,
    session: float = 2.0,
    rest: float = 120.0,
    root: Path | None = None,
    begun: Callable[[World], Awaitable[None]] | None = None,
    judged: Callable[[Scene], None] = lambda scene: None,
) -> Result:
    """Run one seed. Raises `AssertionError` where nothing moves for `rest` seconds and there is no rest.

    `session`: seconds after which the broker takes a process for dead. Everything lies in `root`, which goes where no
    fault was found; `begun` is told when all is up, `judged` gets what was judged.
    """
    began = time.monotonic()
    root = root or Path(tempfile.mkdtemp(prefix="portolano-chaos-"))
    result: Result | None = None
    try:
        async with world(root, partitions=partitions, session_seconds=session) as it:
            if begun is not None:
                await begun(it)
            traffic = Traffic(it.home, firms, seed, rate)
            striker = Striker(it, seed, pace or Pace(), weights)
            over = asyncio.Event()
            traffic.start()
            striking = asyncio.create_task(striker.run(over))
            while not traffic.over.is_set():
                if striking.done():
                    striking.result()
                await asyncio.sleep(0.2)
            over.set()
            await striking
            await asyncio.to_thread(traffic.finish)
            await it.at_rest(rest)
            scene = await look(it, traffic)
            said = sum(1 for topic in {name for name, _ in scene.logs} for _ in scene.told(topic))
            result = Result(
                seed, firms, len(traffic.ledger.entries), said, striker.blows, it.ended, judge(scene),
                time.monotonic() - began,
            )  # fmt: skip
            judged(scene)
        return result
    finally:
        if result is not None and not result.findings:
            shutil.rmtree(root, ignore_errors=True)


async def look(it: World, traffic: Traffic) -> Scene:
    """Everything that is there to be judged."""
    stores = await read_stores({service: it.home.admin_dsn(database_name(service)) for service in SERVICES})
    settings: dict[str, str | int] = {**it.home.kafka_admin(), "log_level": 0}
    logs = await asyncio.to_thread(read_topics, settings)
    mails = Counter(
        str(_HEADERS.parsebytes(path.read_bytes())["Message-ID"]).strip() for path in it.home.mail.glob("*.eml")
    )
    return Scene(traffic.ledger, logs, stores, mails)
