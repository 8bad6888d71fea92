"""Partitions with a backlog are read in turns, not one to its end after the other."""

from shared.agreement import load
from tests.component.feeds.conftest import Stage, firm

PARTNERS = tuple(load().partners)[:5]
LINES, LONG, LONGEST = 300, 3_000, 250_000
"""Records of each backlog and bytes of each record: nearly a megabyte lies in each partition. One that is longer than
a turn ends one of them."""
SOON = 600
"""Records of 1,500 among which each partition must have had its turn. A turn is 85 of them, so that the last of five
comes after 340 at most; with turns twice as long it would come after 680."""


async def test_each_of_several_backlogs_has_its_turn_before_any_of_them_is_read_to_its_end(
    stage: Stage,
) -> None:
    firms = {partner: firm() for partner in PARTNERS}
    for partner, firm_id in firms.items():
        await stage.flood(partner, [f"{firm_id}{n:{LONG}}" for n in range(LINES)])
    await stage.write(f"{firms[PARTNERS[0]]}{LINES:{LONGEST}}", partner=PARTNERS[0])
    async with stage.run("intake"):
        await stage.count("intake", LINES * len(PARTNERS) + 1, limit=60.0)
    order = await stage.stores["intake"].fetch("SELECT firm_id::text, n FROM effects ORDER BY id")
    first = {row["firm_id"]: at for at, row in reversed(list(enumerate(order)))}
    assert len(order) == LINES * len(PARTNERS) + 1
    assert max(first.values()) < SOON
