"""One seed within the tests (`make chaos` runs many, and longer ones), and whether its judge would see a fault."""

import pytest
import pytest_asyncio

from tests.chaos.blows import Pace, What, unserved
from tests.chaos.checker import CHECKS, Fault, Scene
from tests.chaos.run import Result, run
from tests.chaos.tampering import TAMPERINGS, Tampering

FIRMS, LEAST_KILLS = 2000, 10
PACE = Pace(kills=(1.0, 4.0), others=(8.0, 24.0))
WEIGHTS = {What.LINK: 60, What.MAIL: 40}
"""Servers are killed, and processes stand still, in the long runs: each of those takes its time."""

Seed = tuple[Result, Scene]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seed() -> Seed:
    """The seed, run once, and all that it left."""
    scenes: list[Scene] = []
    result = await run(7, FIRMS, rate=30.0, pace=PACE, weights=WEIGHTS, partitions=4, rest=90.0, judged=scenes.append)
    return result, scenes[0]


async def test_two_thousand_firms_outlive_ten_kills_whole_and_in_order(seed: Seed) -> None:
    result, _ = seed
    print(f"{result.records} records of partners, {result.said} said; killed {[str(blow) for blow in result.kills]}")
    assert [str(finding) for finding in result.findings] == []
    assert len(result.kills) >= LEAST_KILLS, result.blows.struck
    assert unserved(result.kills) == []
    assert result.ended == {}, "processes ended by themselves"


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=[one.name for one in TAMPERINGS])
def test_the_judge_sees_what_was_tampered_with(seed: Seed, tampering: Tampering) -> None:
    assert tampering.found(seed[1]) != []


def test_every_kind_of_fault_and_every_check_of_the_judge_has_been_put_to_it() -> None:
    assert {one.fault for one in TAMPERINGS} == set(Fault)
    assert {one.check for one in TAMPERINGS} == set(CHECKS)
