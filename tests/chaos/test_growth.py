"""The internal topics get twice as many partitions while partners publish and processes die."""

from pathlib import Path

from tests.chaos.growing import Sizes, grow_under_traffic


async def test_topics_grow_under_traffic_while_processes_die_and_every_firm_keeps_its_order(tmp_path: Path) -> None:
    grown = await grow_under_traffic(tmp_path, Sizes(before=4, after=8, firms=30, rate=10.0))
    assert [str(finding) for finding in grown.findings] == []
    assert grown.ended == {}, "processes ended by themselves"
    for topic, firms in grown.moved.items():
        assert firms, f"no firm has changed its partition on {topic}"
    assert grown.on_new
