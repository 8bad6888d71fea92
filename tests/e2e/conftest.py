"""The whole system for end-to-end tests: services as processes, a mail sink, partners as outside clients."""

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy.local.home import CHECKOUT, Home
from deploy.provision import provision
from shared.testing.waiting import until
from tests.e2e.system import System


@pytest.fixture(scope="session")
def mail_sink(home: Home) -> Iterator[str]:
    """The address of the mail sink's page."""
    with open(home.log / "mail_sink.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.mail_sink"],
            env={**os.environ, "PORTOLANO_HOME": str(home.root)},
            cwd=CHECKOUT,
            stderr=log,
            stdout=log,
        )
    yield f"http://127.0.0.1:{home.port('mail_http')}"
    process.terminate()
    process.wait(10)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(home: Home, mail_sink: str) -> AsyncIterator[System]:
    """The system as `portolano up` would run it, without a prefix, so that the commands find it."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{mail_sink}/api/count", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    await until(lambda: asyncio.to_thread(answers), what="the mail sink")
    await provision(home)
    system = System(home)
    try:
        await system.start()
        yield system
    finally:
        await system.stop()
