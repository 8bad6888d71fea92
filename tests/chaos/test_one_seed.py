"""One seed within the tests; `make chaos` runs many, and longer ones."""

from tests.chaos.blows import Pace, What, unserved
from tests.chaos.run import run

FIRMS, LEAST_KILLS = 2000, 10
WEIGHTS = {What.KILL: 80, What.LINK: 12, What.MAIL: 8}
"""Servers are killed, and processes stand still, in the long runs: each of those takes its time."""


async def test_two_thousand_firms_outlive_ten_kills_whole_and_in_order() -> None:
    result = await run(7, FIRMS, rate=30.0, pace=Pace(between=(1.0, 4.0)), weights=WEIGHTS, partitions=4, rest=240.0)
    print(f"{result.records} records of partners, {result.said} said; killed {[str(blow) for blow in result.kills]}")
    assert [str(finding) for finding in result.findings] == []
    assert len(result.kills) >= LEAST_KILLS, result.blows.struck
    assert unserved(result.kills) == []
    assert result.ended == {}, "processes ended by themselves"
