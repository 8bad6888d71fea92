"""What `portolano recover` cannot bring back it refuses before it changes anything, in one line."""

from pathlib import Path

import asyncpg
import pytest

from cli.held.answers import ANSWERS
from cli.held.parts import recovering, redriving
from deploy.kafka.broker import Broker
from deploy.local.home import database_name
from shared.errors import Trouble
from shared.feeds import growth
from shared.feeds.aside import Closing
from shared.feeds.growth import Growth
from shared.postgres.pool import prepare
from shared.testing.waiting import until
from tests.chaos.copies import dump, restore
from tests.component.feeds.remade import remake
from tests.component.services.conftest import Set
from tests.component.services.stage import PARTITIONS, Stage
from tests.e2e.firms import SUBMITTED, submission

DOOR, RECEIPTS, FIRMS = "partners.cna.firms.v1", "partners.cna.receipts.v1", "intake.firms.v1"


async def submit(stage: Stage, n: int) -> None:
    await stage.knock("cna", "firms", SUBMITTED, submission(n), f"e-{n}")


async def back(stage: Stage, copy: Path) -> None:
    """The store is as old as the copy."""
    await stage.store.close()
    await restore(stage.home, stage.service, copy, stage.prefix)
    stage.store = await asyncpg.connect(**stage.home.admin_dsn(database_name(stage.service, stage.prefix)))


async def refusal(stage: Stage) -> str:
    """What the command says, which has then changed nothing."""
    async with recovering(stage.home, stage.service, stage.prefix) as recovery:
        with pytest.raises(Trouble) as refused:
            await recovery.look()
    assert await stage.store.fetchval("SELECT count(*) FROM recoveries") == 0
    told = str(refused.value)
    assert "\n" not in told
    return told.replace(stage.prefix, "")


async def published(stage: Stage) -> None:
    sql = "SELECT coalesce(sum(sequence - published), 0) = 0 FROM feeds LEFT JOIN relayed USING (feed)"
    await until(lambda: stage.store.fetchval(sql), what="the cursors at the heads")


async def test_a_copy_from_before_a_record_was_discarded_is_refused(set_stage: Set, tmp_path: Path) -> None:
    stage = await set_stage("intake")
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    await stage.store.execute("ALTER TABLE submissions ADD CONSTRAINT fault CHECK (id <> 'e-1') NOT VALID")
    async with stage.run():
        await submit(stage, 1)
        id = await until(lambda: stage.store.fetchval("SELECT id FROM held"), what="a held record")
        async with redriving(stage.home, "intake", stage.prefix) as records:
            await records.discard(id, ANSWERS, Closing("somebody", "sent again as s-17"))
        await stage.said(RECEIPTS, 2)
    await back(stage, tmp_path / "copy")
    told = await refusal(stage)
    assert told.startswith(f"{RECEIPTS}/0: number 2 tells that a person discarded a record since the copy")
    assert told.endswith("put a newer copy in place")


async def test_a_copy_from_before_partitions_grew_is_refused(set_stage: Set, tmp_path: Path) -> None:
    stage = await set_stage("intake")
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    topic = stage.prefix + FIRMS
    await Broker(stage.home.kafka_admin(), stage.home.kafka_client).add_partitions({topic: 2 * PARTITIONS})
    await prepare(stage.store)
    async with stage.store.transaction():
        heads = await growth.hold(stage.store, [f"{topic}/{k}" for k in range(PARTITIONS)])
        change = Growth("00000000-0000-0000-0000-000000000001", PARTITIONS, 2 * PARTITIONS, heads, "somebody")
        await growth.grow(stage.store, change)
    new = [f"{topic}/{k}" for k in range(PARTITIONS, 2 * PARTITIONS)]
    async with stage.run():
        n = 0
        while not await stage.store.fetchval("SELECT count(*) FROM feeds WHERE feed = ANY($1)", new):
            await submit(stage, n := n + 1)
            await stage.said(RECEIPTS, n)
        await published(stage)
    await back(stage, tmp_path / "copy")
    told = await refusal(stage)
    assert f"the store knows {PARTITIONS} partitions: they grew since this copy was made" in told
    assert told.endswith("put one of afterwards in place")


async def test_a_copy_from_before_a_topic_that_it_reads_was_made_again_is_refused(
    set_stage: Set, tmp_path: Path
) -> None:
    stage = await set_stage("intake")
    async with stage.run():
        await submit(stage, 1)
        await stage.said(RECEIPTS, 1)
        await published(stage)
    await dump(stage.home, "intake", tmp_path / "copy", stage.prefix)
    async with stage.run():
        await submit(stage, 2)
        await stage.said(RECEIPTS, 2)
        await published(stage)
    await remake(stage.home, DOOR, stage.prefix)
    await back(stage, tmp_path / "copy")
    assert await refusal(stage) == f"{DOOR}/0 is another topic than the one that was read: it was made again"
