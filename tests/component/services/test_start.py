"""A service that cannot start says so in one line, whatever the libraries between make of it."""

import asyncio
import os
import sys

from tests.component.services.conftest import Set
from tests.component.services.stage import Stage


async def start(stage: Stage, **changed: str) -> tuple[int | None, str]:
    """The exit status of the stage's service as a process, and the last line that it left on stderr."""
    environment = {**os.environ, **stage.home.service_environment(stage.service, stage.prefix), **changed}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{stage.service}", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, told = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, told.decode().strip().splitlines()[-1]


async def test_a_store_that_was_restored_is_the_last_line(set_stage: Set) -> None:
    stage = await set_stage("intake")
    async with stage.run():
        await stage.knock("cna", "firms", "it.portolano.nothing.v1", {}, "e-1")
        await stage.said("partners.cna.receipts.v1", 1)
    await stage.store.execute("UPDATE feeds SET sequence = 0")
    await stage.store.execute("UPDATE relayed SET published = 0")
    status, told = await start(stage)
    assert (status, told.startswith("intake: "), "restored from an older copy" in told) == (1, True, True), told


async def test_a_store_that_is_not_there_is_the_last_line(set_stage: Set) -> None:
    stage = await set_stage("classifier")
    status, told = await start(stage, CLASSIFIER_DATABASE_NAME="nowhere")
    assert (status, told.startswith("classifier: "), "nowhere" in told) == (1, True, True), told
