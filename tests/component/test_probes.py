"""A server that was stopped is not taken for one that serves."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.probes import answers
from shared.testing.waiting import until
from tests.conftest import Servers, serving


@pytest.fixture(scope="module")
def lonely() -> Iterator[Servers]:
    """Servers that nobody else uses: a broker that was stopped is fenced, and with the thousands of partitions of a
    whole run it takes half a minute until all have a leader again."""
    with serving() as both:
        yield both


def threads(pid: int) -> set[str]:
    """The states in which its threads are; T: stopped."""
    lines = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return {line.rpartition(")")[2].split()[0] for line in lines}


async def stands_still(pid: int) -> None:
    """A signal stops a process thread by thread: one on another processor may answer meanwhile."""

    async def all_of_it() -> bool:
        return threads(pid) == {"T"}

    await until(all_of_it, what=f"the halt of every thread of {pid}")


@pytest.mark.parametrize("part", ["postgres", "kafka"])
async def test_a_stopped_server_does_not_answer_and_one_that_goes_on_does(lonely: Servers, part: str) -> None:
    child = lonely.postgres.child if part == "postgres" else lonely.kafka.child
    assert child is not None
    assert answers(lonely.home, part)
    process = psutil.Process(child.pid)
    process.send_signal(signal.SIGSTOP)
    try:
        await stands_still(child.pid)
        assert not answers(lonely.home, part)
    finally:
        process.send_signal(signal.SIGCONT)
    assert answers(lonely.home, part)
