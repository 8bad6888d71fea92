"""A feed can be published again from any number, and nobody is the worse for it."""

import json
import os
import subprocess
import sys
from typing import Any

from deploy.local.home import CHECKOUT
from shared.testing.waiting import until
from tests.e2e.firms import submission
from tests.e2e.partner import Partner
from tests.e2e.system import System


def feeds(system: System, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "feeds", *words],
        env={**os.environ, "PORTOLANO_HOME": str(system.home.root)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_partners_feed_comes_again_under_the_same_numbers(system: System) -> None:
    claai = Partner(system.home, "claai")
    event_id = claai.submit(submission(700_000))
    claai.flush()

    def receipts() -> list[dict[str, Any]]:
        return [data for data in claai.of("submission.accepted.v1") if data["submission_id"] == event_id]

    claai.read(lambda _: len(receipts()) == 1)
    assert "would come" in feeds(system, "republish", "partners.claai.receipts.v1/0", "--from", "1", "--dry-run").stderr
    assert feeds(system, "republish", "partners.claai.receipts.v1/0", "--from", "1").returncode == 0
    claai.read(lambda _: len(receipts()) == 2)
    assert receipts()[0] == receipts()[1]

    async def published() -> bool:
        rows = {row["feed"]: row for row in json.loads(feeds(system, "show", "--json").stdout)}
        mine = rows["partners.claai.receipts.v1/0"]
        return bool(mine["published"] == mine["head"])

    await until(published, what="the cursor back at the head")


async def test_what_the_journal_does_not_have_is_refused(system: System) -> None:
    refused = feeds(system, "republish", "partners.claai.receipts.v1/0", "--from", "999999")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nothing from 999999 on to repeat" in refused.stderr
    assert feeds(system, "republish", "no.such.feed/0", "--from", "1").returncode == 1
