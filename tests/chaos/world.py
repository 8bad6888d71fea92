"""The system under test: servers of its own, links that can be cut, two replicas of every service.

A replica that ends is begun again after a moment, as its supervisor would. Servers come back when they are told to.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from deploy.local import ports
from deploy.local.home import CHECKOUT, SERVICES, Home, database_name
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.provision import provision
from shared.agreement import load
from shared.contracts.topics import topics
from shared.testing.waiting import until
from tests.chaos import life
from tests.chaos.life import Life
from tests.chaos.link import Link, Mode

_TETHERED = [sys.executable, "-I", "-S", str(CHECKOUT / "deploy" / "local" / "tether.py")]
"""A run that is itself killed leaves no service behind that asks for servers for ever."""
REPLICAS = 2
STARTING = 30.0
"""Seconds in which a process that finds no server gives up."""
BEGIN_AGAIN = 0.3
"""Seconds until a replica that ended is begun again."""


class LinkedKafka(Kafka):
    """A broker that tells its clients of the inner listener to come by the link."""

    link_port = 0

    def _write_settings(self, path: Path, data: Path) -> None:
        super()._write_settings(path, data)
        partners = self.home.port("kafka_partners")
        with open(path, "a") as file:
            file.write(
                f"\nadvertised.listeners=INTERNAL://127.0.0.1:{self.link_port},PARTNERS://127.0.0.1:{partners}\n"
            )


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service by name: `intake-1`."""

    service: str
    number: int

    def __str__(self) -> str:
        return f"{self.service}-{self.number}"


@dataclass
class World:
    """Everything that runs, and how to strike it."""

    home: Home
    kafka: LinkedKafka
    postgres: Postgres
    links: dict[str, Link]
    doors: dict[Replica, int]
    session_seconds: float = 2.0
    processes: dict[Replica, "subprocess.Popen[bytes] | Life"] = field(default_factory=dict)
    stopped: set[Replica] = field(default_factory=set)
    unkept: set[Replica] = field(default_factory=set)
    """Replicas that somebody else begins again."""
    ended: dict[str, int] = field(default_factory=dict)
    """How often replicas ended by themselves after they had begun their work, by name and exit code."""
    settings: dict[str, str] = field(default_factory=dict)
    still: Path | None = None
    """Where replicas are told at which point to stand still: a directory for each service; None: no points."""
    _began: dict[Replica, float] = field(default_factory=dict)
    _inputs: dict[str, list[str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    @property
    def replicas(self) -> list[Replica]:
        return list(self.doors)

    # Replicas

    def begin(self, replica: Replica, *, dies: str = "", **more: str) -> None:
        """Start this process; `dies` names the point and moment (`before`, `after`) of its death, if it has points;
        `more` is what else its environment has."""
        service = replica.service.upper()
        environment = {**os.environ, **self.home.service_environment(replica.service), **self.settings, **more}
        environment[f"{service}_HTTP_PORT"] = str(self.doors[replica])
        environment[f"{service}_KAFKA"] = f"127.0.0.1:{self.links['kafka'].port}"
        environment[f"{service}_DATABASE_PORT"] = str(self.links["postgres"].port)
        environment[f"{service}_KAFKA_SESSION_SECONDS"] = str(self.session_seconds)
        if replica.service == "notifier":
            environment["NOTIFIER_SMTP_PORT"] = str(self.links["mail"].port)
            environment["NOTIFIER_PAGE_PORT"] = str(*ports.choose(1))
        self._began[replica] = time.monotonic()
        path = self.home.log / f"{replica}.log"
        if self.still:
            environment |= {"PORTOLANO_DIES": dies, "PORTOLANO_STOPS": str(self.still / replica.service)}
            self.processes[replica] = Life(replica.service, environment, path)
            return
        program = f"services.{replica.service}"
        with open(path, "ab") as log:
            self.processes[replica] = subprocess.Popen(
                [*_TETHERED, str(os.getpid()), str(int(signal.SIGKILL)), "-", sys.executable, "-m", program],
                env=environment,
                cwd=CHECKOUT,
                stderr=log,
                stdout=log,
            )

    async def keep(self) -> None:
        """Begin again whatever ends, for ever."""
        while True:
            for replica, process in list(self.processes.items()):
                code = process.poll()
                if code is not None and replica not in self.unkept:
                    if code != -signal.SIGKILL and not self._had_no_start(replica, code):
                        self.ended[f"{replica}: {code}"] = self.ended.get(f"{replica}: {code}", 0) + 1
                    await asyncio.sleep(BEGIN_AGAIN)
                    self.begin(replica)
            await asyncio.sleep(0.1)

    def _had_no_start(self, replica: Replica, code: int) -> bool:
        """Whether it ended because a server was away when it began: it says so in a line, and is begun again."""
        return code == 1 and time.monotonic() - self._began[replica] < STARTING

    async def stopped_at(self, service: str, point: str, limit: float = 90.0) -> Replica:
        """The replica of this service that comes to the point first, once it stands still there.

        `point` with its `begin`, `before` or `after`. Raises `AssertionError` where none comes there.
        """
        assert self.still is not None, "this world's replicas have no points"
        place = self.still / service
        (place / point).touch()
        replicas = [one for one in self.replicas if one.service == service]

        async def stands() -> Replica | None:
            return next((one for one in replicas if (place / str(self.processes[one].pid)).exists()), None)

        replica = await until(stands, limit=limit, what=f"{service} at: {point}")
        (place / str(self.processes[replica].pid)).unlink()
        self.stopped.add(replica)
        return replica

    def stop_still(self, replica: Replica) -> None:
        """SIGSTOP: it stands still and nobody is told."""
        self.stopped.add(replica)
        self.processes[replica].send_signal(signal.SIGSTOP)

    def go_on(self, replica: Replica) -> None:
        self.stopped.discard(replica)
        self.processes[replica].send_signal(signal.SIGCONT)

    def kill(self, replica: Replica) -> None:
        """SIGKILL; nothing of it runs any more when this returns."""
        self.stopped.discard(replica)
        self.processes[replica].kill()
        self.processes[replica].wait()

    def is_ready(self, replica: Replica) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.doors[replica]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    async def ready(self, limit: float = 90.0) -> None:
        """Every replica serves."""

        async def all_of_them() -> bool:
            return all([await asyncio.to_thread(self.is_ready, one) for one in self.replicas])

        await until(all_of_them, limit=limit, what="the readiness of all replicas")

    # Servers

    def kill_kafka(self) -> None:
        assert self.kafka.child is not None
        self.kafka.child.process.kill()
        self.kafka.child.process.wait()

    def kafka_is_there(self) -> bool:
        return self.kafka.child is not None and self.kafka.child.process.poll() is None

    def postgres_is_there(self) -> bool:
        return self.postgres.child is not None and self.postgres.child.process.poll() is None

    def kill_postgres(self) -> None:
        assert self.postgres.child is not None
        self.postgres.child.process.kill()
        self.postgres.child.process.wait()

    async def bring_back(self, server: str) -> None:
        """Start a server that was killed; it answers when this returns."""
        part = self.kafka if server == "kafka" else self.postgres
        await asyncio.to_thread(part.launch)
        await asyncio.to_thread(part.wait_ready, 90.0)

    def heal(self) -> None:
        """Everything passes, everybody goes on."""
        for link in self.links.values():
            link.set(Mode.PASS)
        for replica in list(self.stopped):
            self.go_on(replica)

    # What is on its way

    async def store(self, service: str) -> Any:
        """A connection of one's own to a store, past the link."""
        return await asyncpg.connect(**self.home.admin_dsn(database_name(service)), timeout=10)

    async def unread(self, service: str) -> dict[tuple[str, int], tuple[int, int]]:
        """Partitions with records that the service has yet to consume: its next offset, and the end."""
        if not self._inputs:
            declared = topics(load().partners)
            self._inputs = {name: [one.name for one in declared if name in one.readers] for name in SERVICES}
        ends = await asyncio.to_thread(self._ends, self._inputs[service])
        store = await self.store(service)
        try:
            at = {(r["topic"], r["partition"]): r["next_offset"] for r in await store.fetch("SELECT * FROM positions")}
        finally:
            await store.close()
        return {key: (at.get(key, 0), end) for key, end in ends.items() if end > at.get(key, 0)}

    async def unpublished(self, service: str) -> int:
        """Records that were said and are not known to be on their topics."""
        store = await self.store(service)
        try:
            return int(
                await store.fetchval(
                    """SELECT coalesce(sum(sequence - coalesce(published, 0)), 0)::bigint
                    FROM feeds LEFT JOIN relayed USING (feed)"""
                )
            )
        finally:
            await store.close()

    def count_partitions_anew(self) -> None:
        """After topics were given more."""
        self._counts.clear()

    def _ends(self, names: list[str]) -> dict[tuple[str, int], int]:
        admin = AdminClient({**self.home.kafka_admin(), "log_level": 0, "socket.timeout.ms": 5000})
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent leaves this one without types
        if missing := [name for name in names if name not in self._counts]:
            listed = admin.list_topics(timeout=5).topics
            self._counts |= {name: len(listed[name].partitions) for name in missing if name in listed}
        wanted = {TopicPartition(n, k): latest for n in names for k in range(self._counts.get(n, 0))}
        found = admin.list_offsets(wanted, request_timeout=5)
        return {(one.topic, one.partition): future.result(6).offset for one, future in found.items()}

    async def at_rest(self, limit: float) -> None:
        """Nothing is on its way: all is read, said, published, and every mail has ended.

        `AssertionError` names what still waits once nothing of it has moved for `limit` seconds: a busy machine takes
        its time, and whatever is lost never moves.
        """
        before: dict[str, int] = {}
        moved_at = time.monotonic()
        while True:
            try:
                waiting = await self._waiting()
            except (KafkaException, OSError, TimeoutError, asyncpg.PostgresError, KeyError):
                waiting = before
            else:
                if not any(waiting.values()):
                    return
            if waiting != before:
                before, moved_at = waiting, time.monotonic()
            elif time.monotonic() - moved_at > limit:
                raise AssertionError(f"nothing has moved for {limit:.0f} s: {waiting}")
            await asyncio.sleep(0.3)

    async def _waiting(self) -> dict[str, int]:
        """Records unread and unpublished by each service, mails not ended."""
        waiting: dict[str, int] = {}
        for service in SERVICES:
            waiting[f"unread by {service}"] = sum(end - at for at, end in (await self.unread(service)).values())
            waiting[f"unpublished by {service}"] = await self.unpublished(service)
        store = await self.store("notifier")
        try:
            waiting["mails"] = await store.fetchval("SELECT count(*) FROM notifications WHERE state = 'pending'")
        finally:
            await store.close()
        return waiting


@asynccontextmanager
async def world(
    root: Path,
    *,
    partitions: int,
    replicas: int = REPLICAS,
    settings: dict[str, str] | None = None,
    points: bool = False,
    session_seconds: float = 2.0,
) -> AsyncIterator[World]:
    """Started and ready; nothing of it is left at the end. `session_seconds`: after how many the broker takes a
    process for dead. `settings`: what all services are told besides; with `points` its replicas can be made to die or
    stand still at any."""
    home = Home(root)
    letters = _mailbox_in_memory(root)
    postgres, kafka = Postgres(home), LinkedKafka(home)
    free = ports.choose(3 + replicas * len(SERVICES), avoid={home.port(name) for name in ports.NAMES})
    targets = {"kafka": home.port("kafka_internal"), "postgres": home.port("postgres"), "mail": home.port("smtp")}
    links = {name: Link(name, free.pop(), target) for name, target in targets.items()}
    kafka.link_port = links["kafka"].port
    doors = {Replica(service, n): free.pop() for service in SERVICES for n in range(1, replicas + 1)}
    it = World(home, kafka, postgres, links, doors, session_seconds, settings=dict(settings or {}))
    if points:
        it.still = root / "still"
        for service in SERVICES:
            (it.still / service).mkdir(parents=True)
    sink: subprocess.Popen[bytes] | None = None
    keeper: asyncio.Task[None] | None = None
    try:
        for link in links.values():
            await link.start()
        await asyncio.gather(asyncio.to_thread(postgres.launch), asyncio.to_thread(kafka.launch))
        await asyncio.gather(asyncio.to_thread(postgres.wait_ready, 90), asyncio.to_thread(kafka.wait_ready, 90))
        await provision(home, partitions=partitions)
        sink = _mail_sink(home)
        for replica in doors:
            it.begin(replica)
        keeper = asyncio.create_task(it.keep())
        await it.ready()
        yield it
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        it.heal()
        for process in it.processes.values():
            process.kill()
            process.wait()
        if points:
            life.end()
        if sink is not None:
            sink.terminate()
            sink.wait(10)
        for link in links.values():
            await link.stop()
        await asyncio.to_thread(kafka.stop)
        await asyncio.to_thread(postgres.stop)
        letters.cleanup()


def _mailbox_in_memory(root: Path) -> "tempfile.TemporaryDirectory[str]":
    """The mail server is a stranger that nobody kills; on a disk, its two fsyncs a mail are all that is waited for."""
    memory = Path("/dev/shm")
    letters = tempfile.TemporaryDirectory(prefix="portolano-mail-", dir=memory if memory.is_dir() else root)
    (root / "mail").symlink_to(letters.name)
    return letters


def _mail_sink(home: Home) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PORTOLANO_HOME": str(home.root)}
    command = [sys.executable, "-m", "deploy.local.mail_sink"]
    with open(home.log / "mail_sink.log", "ab") as log:
        return subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=log, stdout=log)
