"""A server that was stopped is not taken for one that serves."""

import signal

import psutil
import pytest

from deploy.local.probes import answers
from tests.conftest import Servers


@pytest.mark.parametrize("part", ["postgres", "kafka"])
def test_a_stopped_server_does_not_answer_and_one_that_goes_on_does(servers: Servers, part: str) -> None:
    child = servers.postgres.child if part == "postgres" else servers.kafka.child
    assert child is not None
    assert answers(servers.home, part)
    process = psutil.Process(child.pid)
    process.send_signal(signal.SIGSTOP)
    try:
        assert not answers(servers.home, part)
    finally:
        process.send_signal(signal.SIGCONT)
    assert answers(servers.home, part)
