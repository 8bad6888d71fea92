"""Processor time and memory of the processes that take part, by kind; and who else was at work on the machine."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Use:
    """Seconds of processor time since a process began. `python`: per process, in the contender's order."""

    python: tuple[float, ...]
    broker: float
    postgres: float
    machine: float
    """Of all processes on all cores, ours and strangers'."""
    own: float
    """Of the measuring process itself."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, proportional (PSS): what processes share counts once."""

    python: tuple[int, ...]
    broker: int
    postgres: int


class Meters:
    """Looks at the contender's processes `python` and at the two servers, by pid."""

    def __init__(self, python: Sequence[int], broker: int, postgres: int) -> None:
        self._python = [psutil.Process(pid) for pid in python]
        self._broker = psutil.Process(broker)
        self._postgres = psutil.Process(postgres)
        self._own = psutil.Process()

    def use(self) -> Use:
        times = psutil.cpu_times()
        # Guests are counted in user time already.
        idle = times.idle + getattr(times, "iowait", 0.0)
        guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        return Use(
            python=tuple(_spent(process) for process in self._python),
            broker=_spent(self._broker),
            postgres=_spent_by_family(self._postgres),
            machine=sum(times) - idle - guest,
            own=_spent(self._own),
        )

    def memory(self) -> Memory:
        postgres = [self._postgres, *self._postgres.children(recursive=True)]
        return Memory(
            python=tuple(_pss(process) for process in self._python),
            broker=_pss(self._broker),
            postgres=sum(_pss(process) for process in postgres),
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds between two looks. `others`: of everybody who had nothing to do with the measurement."""

    python: tuple[float, ...]
    broker: float
    postgres: float
    others: float


def between(before: Use, after: Use) -> Spent:
    python = tuple(later - earlier for earlier, later in zip(before.python, after.python, strict=True))
    broker, postgres = after.broker - before.broker, after.postgres - before.postgres
    own = after.own - before.own
    others = after.machine - before.machine - sum(python) - broker - postgres - own
    return Spent(python, broker, postgres, max(0.0, others))


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _spent_by_family(parent: psutil.Process) -> float:
    """With the children that live and those that have ended: PostgreSQL has a process for each connection."""
    times = parent.cpu_times()
    total = float(times.user + times.system + times.children_user + times.children_system)
    for child in parent.children(recursive=True):
        with suppress(psutil.Error):
            total += _spent(child)
    return total


def _pss(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    return 0
