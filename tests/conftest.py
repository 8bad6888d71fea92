"""One broker and one Postgres for the whole run; every test that needs them has topics and databases of its own."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from deploy.local.home import Home
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from tests import lending
from tests.ground import ground
from tests.sharing import SERVED, Shares, share

# A run that was started in the background ignores Ctrl-C, and so would every process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast examples come is the machine's affair: nothing is asserted on absolute time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@dataclass(frozen=True)
class Servers:
    """The broker and the database of the run; a test that stops one starts it again."""

    home: Home
    postgres: Postgres
    kafka: Kafka


@contextmanager
def serving() -> Iterator[Servers]:
    """A broker and a database in a directory of their own; ended, by process id, afterwards."""
    root = Path(tempfile.mkdtemp(prefix="portolano-test-"))
    home = Home(root)
    postgres, kafka = Postgres(home), Kafka(home)
    try:
        postgres.launch()
        kafka.launch()
        postgres.wait_ready(60)
        kafka.wait_ready(60)
        yield Servers(home, postgres, kafka)
    finally:
        kafka.stop()
        postgres.stop()
        if os.environ.get("PORTOLANO_KEEP_TESTS") is None:
            shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Those of the whole run; or those of another run that has lent them, and that ends them itself."""
    lent = lending.lent()
    if lent is not None:
        yield Servers(lent, Postgres(lent), Kafka(lent))
        return
    with serving() as both:
        yield both


@pytest.fixture(scope="session")
def home(servers: Servers) -> Home:
    return servers.home


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def prefix(home: Home) -> AsyncIterator[str]:
    """Topics and databases of this module alone."""
    async with ground(home) as mine:
        yield mine


_SHOWN: list[list[str]] = []
"""What tests want to be read when the run is over, a title and its lines each: of this process, or of all where it only
hands the tests out."""


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[str, Iterable[str]], None]:
    """Print a table under its title when the run is over, whether the test holds or fails."""
    told = request.node.user_properties  # the one thing that a test's report brings home from another process
    return lambda title, lines: told.append(("shown", [title, *lines]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _SHOWN.extend(told for name, told in report.user_properties if name == "shown" and isinstance(told, list))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for title, *lines in _SHOWN:
        terminalreporter.section(title)
        terminalreporter.write_line("\n".join(lines))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()) and share(item.nodeid) != SERVED:
            raise pytest.UsageError(f"{item.nodeid} uses the servers of the run: say so in tests/sharing.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    config.option.loadscopereorder = False  # the two large shares come early, and small ones fill up what is left
    return Shares(config, log)
