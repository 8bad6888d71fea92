"""Two partners speak of one firm at the same moment, and two replicas of intake hear them."""

import asyncio
from collections import defaultdict
from typing import Any

from shared.feeds.runtime import Feeds
from shared.testing.builders import tax_code
from shared.testing.waiting import until
from tests.component.intake.conftest import Desk, seen

ROUNDS, FIRMS = 1000, 25


def heard_by(replica: Feeds[Any]) -> list[str]:
    """The partners whose firms topic this replica reads."""
    return sorted(topic.split(".")[-3] for topic, _ in replica.assignment.partitions)


async def test_nothing_that_two_partners_say_at_the_same_moment_is_lost_and_versions_have_no_gap(desk: Desk) -> None:
    async with desk.intake() as one, desk.intake() as other:

        async def shared() -> bool:
            return bool(heard_by(one) and heard_by(other) and not {*heard_by(one)} & {*heard_by(other)})

        await until(shared, what="both replicas having partners of their own")
        first, second = heard_by(one)[0], heard_by(other)[0]
        for n in range(ROUNDS):
            seen_at = f"2026-01-02T{n // 3600 + 1:02}:{n // 60 % 60:02}:{n % 60:02}Z"
            code = {"codice_fiscale": tax_code(n % FIRMS + 1)}
            await asyncio.gather(
                desk.say(first, seen(code | {"legal_form": f"F-{n}"}, observed_at=seen_at), id=f"e-{n}"),
                desk.say(second, seen(code | {"preferred_partner": "aice", "rea": f"R-{n}"}), id=f"e-{n}"),
            )

        async def consumed() -> bool:
            return (await desk.outcomes())["consumed"] == 2 * ROUNDS

        await until(consumed, limit=60.0, what="every record's end")
        answers = [len(await desk.receipts(partner, ROUNDS)) for partner in (first, second)]
    assert answers == [ROUNDS, ROUNDS]
    assert (await desk.outcomes())["applied"] == 2 * ROUNDS
    versions: dict[str, list[int]] = defaultdict(list)
    last: dict[str, Any] = {}
    for event in await desk.said():
        versions[event["firm_id"]].append(event["version"])
        last[event["firm_id"]] = event["profile"]
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in versions.values())
    said = {(profile["legal_form"], profile["rea"], profile["preferred_partner"]) for profile in last.values()}
    assert said == {(f"F-{n}", f"R-{n}", "aice") for n in range(ROUNDS - FIRMS, ROUNDS)}
