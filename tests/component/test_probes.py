"""A server that was stopped is not taken for one that serves."""

import signal
from collections.abc import Iterator

import psutil
import pytest

from deploy.local.probes import answers
from tests.conftest import Servers, serving


@pytest.fixture(scope="module")
def lonely() -> Iterator[Servers]:
    """Servers that nobody else uses: a broker that was stopped is fenced, and with the thousands of partitions of a
    whole run it takes half a minute until all have a leader again."""
    with serving() as both:
        yield both


@pytest.mark.parametrize("part", ["postgres", "kafka"])
def test_a_stopped_server_does_not_answer_and_one_that_goes_on_does(lonely: Servers, part: str) -> None:
    child = lonely.postgres.child if part == "postgres" else lonely.kafka.child
    assert child is not None
    assert answers(lonely.home, part)
    process = psutil.Process(child.pid)
    process.send_signal(signal.SIGSTOP)
    try:
        assert not answers(lonely.home, part)
    finally:
        process.send_signal(signal.SIGCONT)
    assert answers(lonely.home, part)
