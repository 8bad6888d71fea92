"""The process that keeps the system alive: `python -m deploy.local.supervisor [--observe]`, started by `portolano up`.

It starts Kafka and PostgreSQL, provisions them, starts the mail sink and the services, and from then on starts again
whatever ends, with growing pauses. The first start is strict: a part that does not come up fails the whole, because a
person is waiting for the reason. Its children are tethered to it and do not outlive it. SIGTERM stops it in order.
"""

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from deploy.local import observe, parts
from deploy.local.child import Child, Identity
from deploy.local.home import Held, Home
from deploy.local.logs import log_path
from deploy.local.parts import Part
from deploy.local.state import LOCK, PartState, Phase, State, SystemState
from shared.errors import Trouble

Provision = Callable[[Home], Awaitable[list[str]]]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_HEALTHY_AFTER = 60.0
_LOOK_EVERY = 0.2
_log = logging.getLogger("supervisor")


@dataclass(frozen=True)
class Parts:
    """What is kept alive, in the order of the start; stopping goes the other way round."""

    ground: Sequence[Part]
    """Needed by everything: Kafka, PostgreSQL."""
    mail: Sequence[Part]
    services: Sequence[Part]
    provision: Provision
    viewing: Sequence[Part] = ()
    """What takes and shows the traces, where somebody wants to see them."""

    def all(self) -> tuple[Part, ...]:
        return (*self.ground, *self.mail, *self.viewing, *self.services)


class Supervisor:
    """Runs the parts of one home."""

    def __init__(self, home: Home, kept: Parts) -> None:
        self._home = home
        self._parts = kept
        own = Identity.of(os.getpid())
        assert own is not None
        self._state = SystemState(own.pid, own.began)
        self._state.parts = [PartState(part.name, part.address) for part in kept.all()]
        self._of = {state.name: state for state in self._state.parts}
        self._children: dict[str, Child] = {}

    async def run(self, stop: asyncio.Event) -> int:
        """Run until `stop` is set or the first start fails; returns the exit code."""
        self._tell()
        start = asyncio.create_task(self._start_all())
        wish = asyncio.create_task(stop.wait())
        code = 0
        try:
            await asyncio.wait({start, wish}, return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                start.result()
                self._phase(Phase.READY)
                _log.info("ready")
                async with asyncio.TaskGroup() as keepers:
                    tasks = [keepers.create_task(self._keep(part)) for part in self._parts.all()]
                    await wish
                    for task in tasks:
                        task.cancel()
        except Trouble as trouble:
            self._state.problem, code = str(trouble), 1
            _log.error("%s", trouble)
        except Exception as failed:
            self._state.problem, code = f"the supervisor failed: {failed!r}", 1
            _log.exception("failed")
        finally:
            self._phase(Phase.STOPPING)
            wish.cancel()
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
            await self._stop_all()
            self._phase(Phase.FAILED if code else Phase.STOPPED)
        return code

    # Starting --------------------------------------------------------------------------------------------------

    async def _start_all(self) -> None:
        await self._first_start(self._parts.ground)
        try:
            done = await self._parts.provision(self._home)
        except Trouble:
            raise
        except Exception as failed:
            _log.exception("provisioning failed")
            raise Trouble(f"provisioning failed: {failed!r}; log: {log_path(self._home, LOCK)}") from failed
        for line in done:
            _log.info("provisioned: %s", line)
        await self._first_start((*self._parts.mail, *self._parts.viewing, *self._parts.services))

    async def _first_start(self, group: Sequence[Part]) -> None:
        """Start these side by side. The first that fails ends it: a person waits, and one line is what they get."""

        async def strictly(part: Part) -> None:
            try:
                await self._start(part)
            except Exception as failed:
                self._set(part, State.FAILED, why=str(failed))
                raise failed if isinstance(failed, Trouble) else Trouble(f"{part.name}: {failed!r}") from failed

        try:
            async with asyncio.TaskGroup() as starting:
                for part in group:
                    starting.create_task(strictly(part))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _start(self, part: Part) -> None:
        self._set(part, State.STARTING)
        launch = asyncio.create_task(asyncio.to_thread(part.launch))
        try:
            child = await asyncio.shield(launch)
        except asyncio.CancelledError:
            # A thread cannot be cancelled: let it finish, so that whoever stops the part afterwards finds its child.
            await asyncio.wait({launch})
            raise
        self._children[part.name] = child
        self._set(part, State.STARTING, child=child)
        await asyncio.to_thread(part.wait_ready)
        self._set(part, State.READY, child=child)

    # Keeping ---------------------------------------------------------------------------------------------------

    async def _keep(self, part: Part) -> None:
        """Start a part again whenever it ends. The pause doubles with each failure, and a minute of health forgives."""
        failures = 0
        while True:
            child = self._children[part.name]
            code = await _end_of(child)
            if time.time() - self._of[part.name].since > _HEALTHY_AFTER:
                failures = 0
            why = _how_it_ended(code)
            while True:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures) * random.uniform(0.5, 1.0)
                failures += 1
                _log.warning("%s: %s; starting again in %.1f s", part.name, why, pause)
                self._of[part.name].restarts += 1
                self._set(part, State.BACKING_OFF, why=why)
                await asyncio.sleep(pause)
                try:
                    await self._start(part)
                    break
                except Exception as failed:  # whatever it is, the others live on and this one is tried again
                    why = str(failed) if isinstance(failed, Trouble) else repr(failed)
                    # Half up is not up: what still runs of this attempt goes before the next one.
                    await asyncio.to_thread(part.stop)

    # Stopping --------------------------------------------------------------------------------------------------

    async def _stop_all(self) -> None:
        # Services first, so that they can still commit; Kafka before PostgreSQL, of which nobody then has need.
        await self._stop(self._parts.services)
        await self._stop((*self._parts.mail, *self._parts.viewing))
        for part in self._parts.ground:
            await self._stop([part])

    async def _stop(self, group: Sequence[Part]) -> None:
        await asyncio.gather(*(asyncio.to_thread(part.stop) for part in group))
        for part in group:
            if self._of[part.name].state is not State.FAILED:
                self._set(part, State.STOPPED)

    # What is told ----------------------------------------------------------------------------------------------

    def _set(self, part: Part, state: State, *, child: Child | None = None, why: str = "") -> None:
        told = self._of[part.name]
        identity = Identity.of(child.pid) if child else None
        told.state, told.since = state, time.time()
        told.pid, told.began = (identity.pid, identity.began) if identity else (None, None)
        told.last_exit = why or told.last_exit
        self._tell()

    def _phase(self, phase: Phase) -> None:
        self._state.phase = phase
        self._tell()

    def _tell(self) -> None:
        try:
            self._state.write(self._home)
        except Trouble as trouble:
            # A full disk must not end the one process that could start things again once there is room.
            _log.error("%s", trouble)


async def _end_of(child: Child) -> int:
    while True:
        code = child.exit_code()
        if code is not None:
            return code
        await asyncio.sleep(_LOOK_EVERY)


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


async def supervise(home: Home, kept: Parts) -> int:
    """Keep these parts until SIGTERM. Returns the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await Supervisor(home, kept).run(stop)


def local_parts(home: Home, *, observed: bool = False) -> Parts:
    """The whole system; `observed`: with the viewer of traces, and services that send it theirs."""
    return Parts(
        ground=(parts.KafkaPart(home), parts.PostgresPart(home)),
        mail=(parts.mail_sink(home),),
        services=parts.services(home, observe.environment(home) if observed else None),
        provision=_provision,
        viewing=observe.viewing(home) if observed else (),
    )


async def _provision(home: Home) -> list[str]:
    from deploy.provision import provision  # only here: it brings Kafka's and the agreement's libraries with it

    return await provision(home)


def main(make_parts: Callable[[Home], Parts] = local_parts) -> int:
    """Supervise the home that the environment names; what there is to say goes to stderr, which is a log."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    home = Home.from_environment()
    try:
        with home.lock(LOCK, wait=False):
            return asyncio.run(supervise(home, make_parts(home)))
    except Held:
        _log.error("another supervisor runs in %s", home.root)
        return 1
    except Trouble as trouble:
        _log.error("%s", trouble)
        return 1


if __name__ == "__main__":
    sys.exit(main(partial(local_parts, observed=observe.FLAG in sys.argv[1:])))
