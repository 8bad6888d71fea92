"""Damaged records through a real broker into the real services: each has one outcome and one answer, and nobody stops.

    python -m tests.prove.fuzz_broker --records 20000
    python -m tests.prove.fuzz_broker --only 812        # that parcel alone, between good firms

All partners write both their topics, over their own listener with their own passwords. Good firms between the damaged
records have to be handed over to a partner. Looked at from outside is whether a process ended, how long the position of
a partition with unread input stood still (first with good firms alone, then with damaged records among them), and what
memory the processes hold once half of the records and once all of them are through.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.helpers import create_ssl_context

from deploy.local.home import CHECKOUT, SERVICES, Home
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared.agreement import load
from tests.e2e.rest import at_rest
from tests.e2e.system import System
from tests.ground import ground
from tests.prove.answers import Place, answers
from tests.prove.parcels import CANARIES, Parcel, consents, good, last, parcel
from tests.prove.watch import Stall, Watch, processes, watching
from tests.prove.wire import Hand

LONGEST = 1.0
"""Seconds that reading may stand still where the machine has nothing else to do."""
TIMES = 3.0
"""How much longer than with good firms alone it may stand still where the machine is busy."""
MOST_GROWTH = 24.0
"""MiB that a process may hold more at the end than when half of the records were through."""
MOST_ALONE = 1000
"""Good firms that go alone."""
REST = 600.0
"""Seconds in which all has to be through once all was sent."""
_WAITING = 4
_OUTCOMES = ("applied", "repeated", "refused", "held", "discarded")


@dataclass(slots=True)
class Sent:
    """What the broker has taken, and what it has not. `places`: which parcel lies where."""

    records: int = 0
    canaries: int = 0
    places: dict[Place, int] = field(default_factory=dict)
    firms: dict[int, Place] = field(default_factory=dict)
    forms: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """What a run has shown; `wrong` is empty where all is well."""

    sent: Sent
    still: Stall
    still_before: Stall
    grown: dict[str, float]
    outcomes: Counter[str]
    wrong: list[str]

    def __str__(self) -> str:
        grown = ", ".join(f"{name} {more:+.1f}" for name, more in self.grown.items())
        ends = ", ".join(f"{count} {name}" for name, count in sorted(self.outcomes.items()))
        refused = ", ".join(f"{count} {form}" for form, count in sorted(self.sent.refused.items()))
        return (
            f"{self.sent.records} records of partners in {self.sent.forms.total()} batches ({ends}; the broker refused "
            f"{refused or 'none'}), each with one outcome and one answer; {self.sent.canaries} good firms among them "
            f"handed over; stood still for {self.still.seconds:.2f} s at most ({self.still_before.seconds:.2f} s with "
            f"good firms alone); memory in MiB: {grown}"
        )


class Post:
    """All partners' hands, and what they have handed over."""

    def __init__(self, system: System, hands: Mapping[str, Hand]) -> None:
        self._prefix, self._hands = system.prefix, hands
        self.sent = Sent()

    async def send(self, parcels: Iterable[Parcel], until: int | None = None) -> None:
        """Send them, each partner one after the other; `until` ends it as soon as the broker has so many records."""
        queues: dict[str, asyncio.Queue[Parcel | None]] = {code: asyncio.Queue(_WAITING) for code in self._hands}
        async with asyncio.TaskGroup() as group:
            for code, queue in queues.items():
                group.create_task(self._hand_over(code, queue))
            for one in parcels:
                if until is not None and self.sent.records >= until:
                    break
                await queues[one.partner].put(one)
            for queue in queues.values():
                await queue.put(None)

    async def _hand_over(self, code: str, queue: "asyncio.Queue[Parcel | None]") -> None:
        while (one := await queue.get()) is not None:
            topic = f"{self._prefix}partners.{code}.{one.topic}.v1"
            answer = await self._hands[code].send(topic, one.raw)
            if one.welcome is not None and one.welcome != (answer.error == 0):
                self.sent.wrong.append(f"parcel {one.number} ({one.form}): the broker answers {answer.error}")
            if answer.error:
                self.sent.refused[one.form] += 1
                continue
            self.sent.forms[one.form] += 1
            self.sent.records += one.count
            self.sent.canaries += len(one.canaries)
            for k in range(one.count):
                self.sent.places[topic, answer.offset + k] = one.number
            for k, firm in one.canaries.items():
                self.sent.firms[firm] = topic, answer.offset + k


@asynccontextmanager
async def posting(system: System) -> AsyncIterator[Post]:
    """Every partner's connection to its own listener."""
    home = system.home
    trusted = create_ssl_context(cafile=str(home.partners_ca))
    async with AsyncExitStack() as stack:
        hands: dict[str, Hand] = {}
        for code in load().partners:
            access: dict[str, Any] = {
                **home.kafka_client(code),
                "security_protocol": "SASL_SSL",
                "ssl_context": trusted,
            }
            access["bootstrap_servers"] = f"127.0.0.1:{home.port('kafka_partners')}"
            hands[code] = await stack.enter_async_context(Hand(access))
        yield Post(system, hands)


async def fuzz(system: System, records: int, seed: int = 1, only: int | None = None, *, timed: bool = True) -> Result:
    """Good firms alone, then so many records with damaged ones among them, in two halves; and what came of it all.

    `timed`: whether it is wrong to stand still for too long.
    """
    codes = load().partners
    before = processes(system)
    async with watching(system) as watch, posting(system) as post:
        firms = min(max(records // 5, 5 * len(codes)), MOST_ALONE)
        await post.send(_good(codes, firms))
        await at_rest(system, REST)
        still_before, referrals = watch.longest, await _referrals(system)
        watch.begin()
        parcels = (parcel(seed, n, referrals, codes) for n in ([only] if only is not None else range(1, sys.maxsize)))
        wanted = post.sent.records + records
        if only is None:
            await post.send(parcels, wanted - records // 2)
            await at_rest(system, REST)
        half = processes(system)
        await post.send(parcels, wanted)
        await post.send(_closing(codes))
        report = await at_rest(system, REST)
        still = watch.longest
        after = processes(system)
        wrong = [*post.sent.wrong, *map(str, report.findings)]
        if {name: (one.pid, one.begun) for name, one in before.items()} != {
            name: (one.pid, one.begun) for name, one in after.items()
        }:
            wrong.append(f"a process ended: {before} before, {after} after")
        grown = {name: after[name].memory - half[name].memory for name in after if name in half}
        wrong += [f"{name} holds {more:.1f} MiB more at the end" for name, more in grown.items() if more > MOST_GROWTH]
        if timed and still.seconds > max(LONGEST, TIMES * still_before.seconds):
            parcels_there = [
                n for (topic, at), n in post.sent.places.items() if topic == still.topic and at >= still.offset
            ]
            told = f"; {again(seed, parcels_there[0])}" if parcels_there else ""
            wrong.append(f"{still.where} stood still for {still.seconds:.2f} s at offset {still.offset}{told}")
        wrong += [line async for line in _judged(system, post.sent, watch, seed)]
        outcomes = await _outcomes(system, "intake") + await _outcomes(system, "referral")
        return Result(post.sent, still, still_before, grown, outcomes, wrong)


def _good(codes: tuple[str, ...], firms: int) -> Iterator[Parcel]:
    """Firms as ordinary clients send them, ten to a batch; their numbers lie below those of the parcels' canaries."""
    for n in range(0, firms, 10):
        numbers = range(CANARIES // 2 + n, CANARIES // 2 + min(n + 10, firms))
        yield good(0, codes[n // 10 % len(codes)], numbers)


def _closing(codes: tuple[str, ...]) -> Iterator[Parcel]:
    """What anybody's client can read, at the end of each topic."""
    for k, code in enumerate(codes):
        yield good(0, code, [CANARIES - 1 - k])
        yield last(0, code)


async def _referrals(system: System) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = await system.stores["referral"].fetch("SELECT partner, referral_id::text AS id FROM referrals ORDER BY 1, 2")
    for row in rows:
        found.setdefault(row["partner"], []).append(row["id"])
    return found


async def _outcomes(system: System, service: str) -> Counter[str]:
    """How the records of partners' topics ended."""
    rows = await system.stores[service].fetch("SELECT * FROM positions WHERE topic ~ 'partners[.]'")
    return Counter({name: count for name in _OUTCOMES if (count := sum(row[name] for row in rows))})


async def _judged(system: System, sent: Sent, watch: Watch, seed: int) -> AsyncIterator[str]:
    """What is wrong with outcomes, answers, canaries, and in the logs."""
    for service in SERVICES:
        for row in await system.stores[service].fetch("SELECT * FROM positions"):
            place, ended = (row["topic"], row["partition"]), sum(row[name] for name in _OUTCOMES)
            if row["next_offset"] != watch.ends.get(place) or ended != row["next_offset"] - row["first_offset"]:
                yield f"{service} at {place}: {ended} outcomes, read to {row['next_offset']} of {watch.ends.get(place)}"
        for row in await system.stores[service].fetch("SELECT topic, record_offset, failure, reason FROM held"):
            place = row["topic"], row["record_offset"]
            told = again(seed, sent.places.get(place, 0))
            yield f"{service} holds {place}: {row['failure']}: {row['reason']}; {told}"
        for line in list(_errors(system.logs / f"{service}.log"))[:5]:
            yield f"{service} says: {line[:600]}"
    answered = await asyncio.to_thread(answers, system)
    for place, number in sent.places.items():
        if (count := len(answered.get(place, ()))) != 1:
            yield f"{place} has {count} final answers; {again(seed, number)}"
    for place in answered.keys() - sent.places.keys():
        yield f"there is an answer to {place}, which nobody sent"
    asked = "SELECT firm_id::text AS firm_id FROM referrals WHERE role = 'responsible'"
    known = "SELECT firm_id::text AS firm_id FROM assessments"
    referred, assessed = [{row["firm_id"] for row in await system.stores["referral"].fetch(q)} for q in (asked, known)]
    for firm, place in sent.firms.items():
        answer = next(iter(answered.get(place, ())), {})
        there = answer.get("firm_id") in (referred if consents(firm) else assessed)
        if answer.get("outcome") != "registered" or not there:
            yield f"the good firm at {place} was not handed over: {answer}; {again(seed, sent.places[place])}"


def _errors(log: Path) -> Iterator[str]:
    """Lines in which a process tells of an error that was not foreseen. That a server is slow to answer is told by the
    client's own loggers, without an exception."""
    for line in log.read_text(errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            if "Traceback" in line or "ERROR" in line:
                yield line
            continue
        ours = str(told.get("logger", "")).startswith(("shared", "services"))
        if "exception" in told or (ours and told.get("level") in ("ERROR", "CRITICAL")):
            yield line


def again(seed: int, number: int) -> str:
    return f"again: python -m tests.prove.fuzz_broker --seed {seed} --only {number}"


async def _alone(records: int, seed: int, only: int | None) -> Result:
    root = Path(tempfile.mkdtemp(prefix="portolano-fuzz-"))
    home = Home(root)
    postgres, kafka = Postgres(home), Kafka(home)
    sink: subprocess.Popen[bytes] | None = None
    result: Result | None = None
    try:
        await asyncio.gather(asyncio.to_thread(postgres.launch), asyncio.to_thread(kafka.launch))
        await asyncio.gather(asyncio.to_thread(postgres.wait_ready, 90), asyncio.to_thread(kafka.wait_ready, 90))
        sink = _mail_sink(home)
        async with ground(home, "fuzz."):
            system = System(home, "fuzz.")
            try:
                await system.start()
                result = await fuzz(system, records, seed, only)
            finally:
                await system.stop()
        return result
    finally:
        if sink is not None:
            sink.terminate()
            sink.wait(10)
        kafka.stop()
        postgres.stop()
        if result is not None and not result.wrong:
            shutil.rmtree(root, ignore_errors=True)
        else:
            print(f"everything is left in {root}")


def _mail_sink(home: Home) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PORTOLANO_HOME": str(home.root)}
    with open(home.log / "mail_sink.log", "ab") as log:
        command = [sys.executable, "-m", "deploy.local.mail_sink"]
        return subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=log, stdout=log)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", type=int, metavar="N", help="the N-th parcel and nothing but good firms besides")
    chosen = options.parse_args()
    result = asyncio.run(_alone(chosen.records, chosen.seed, chosen.only))
    for line in result.wrong[:50]:
        print(line)
    print(f"{len(result.wrong)} things wrong: {result}" if result.wrong else str(result))
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
