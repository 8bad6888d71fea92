"""What ends the recovery of a store before it has begun: signs, in what Kafka has beyond the copy, that to decide it
again would come to something else."""

from collections.abc import Sequence

from shared.errors import Trouble
from shared.feeds import store
from shared.feeds.numbers import partition_of, split_feed
from shared.feeds.records import Arrived, numbering_of
from shared.feeds.script import Own
from shared.postgres.pool import Connection


async def same_life(connection: Connection, feed: str, head: int, records: Sequence[Arrived]) -> None:
    """Raises `Trouble` where number `head` is another record in Kafka than in the journal."""
    kept = await store.read_outbox(connection, {feed: head - 1}, rows=1) if head else []
    if not kept or not kept[0].first <= head <= kept[0].last:
        return
    ours = kept[0].records[head - kept[0].first]
    for record in records:
        numbering = numbering_of(record.headers)
        if numbering is not None and numbering.sequence == head and record.value != ours.value:
            told = f"{feed}: number {head} is another record in Kafka than in the store"
            raise Trouble(f"{told}: this store has spoken since it was restored; put the copy back")


_DISCARDED = b'"rule":"discarded"'


def refuse_discarded(own: Sequence[Own]) -> None:
    """Raises `Trouble` where a person gave a record up: nothing in Kafka says which held record they looked at, and the
    partner has its final answer."""
    for one in own:
        if one.to and _DISCARDED in one.data:
            told = f"{one.feed}: number {one.sequence} tells that a person discarded a record since the copy"
            raise Trouble(f"{told}; that cannot be done again by itself: put a newer copy in place")


def refuse_moved(own: Sequence[Own], partitions: int) -> None:
    """Raises `Trouble` where something was said of a firm on another partition than the store, which has so many, would
    say it on."""
    for one in own:
        if one.to or one.firm_id is None:
            continue
        if partition_of(one.firm_id, partitions) != split_feed(one.feed)[1]:
            told = f"{one.feed}: number {one.sequence} would be said elsewhere with the {partitions} partitions"
            raise Trouble(f"{told} of this copy: they grew since it was made; put one of afterwards in place")
