"""Whether this store was restored from an older copy. Kafka then holds numbers that the store does not know, or knows
otherwise, and whatever the store said next would be taken for a repeat by every reader.

Looked at before anything is heard and whenever a relay takes a feed: the highest number at the end of each partition
must have been given out, in a generation of ours, and where the journal still has it, it must be the same record. The
end of a log is searched for its highest number, because its very last record may be a repeat of an older one.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaException

from shared.errors import Trouble
from shared.feeds import recovered, store
from shared.feeds.kafka import Access, Topics, last_records
from shared.feeds.numbers import Layout, load_layout, split_feed
from shared.feeds.records import numbering_of
from shared.postgres.pool import Connection, Pool

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Top:
    """The highest number at the end of a partition, and the record that carries it."""

    number: int
    generation: str
    value: bytes | None


async def read_tops(access: Access, name: str, feeds: Collection[str]) -> dict[str, Top | None]:
    """The top of each feed, None where its partition is empty. A feed whose topic cannot be read is left out, so that
    one missing topic does not stop the others. Raises `ConnectionError` when the broker does not answer at all."""
    try:
        found = await last_records(access, name, [split_feed(feed) for feed in feeds])
    except ConnectionError:
        raise
    except Exception as error:
        if len(feeds) == 1:
            log.warning("%s cannot be read: %s", *feeds, type(error).__name__)
            return {}
        some = sorted(feeds)
        half = len(some) // 2
        return await read_tops(access, name, some[:half]) | await read_tops(access, name, some[half:])
    tops: dict[str, Top | None] = {}
    for feed in feeds:
        numbered = [
            Top(numbering.sequence, numbering.generation, record.value)
            for record in found.get(split_feed(feed), ())
            if (numbering := numbering_of(record.headers)) is not None
        ]
        tops[feed] = max(numbered, key=lambda top: top.number, default=None)
    return tops


async def judge(connection: Connection, tops: Mapping[str, Top | None]) -> dict[str, str]:
    """Feed → why Kafka and this store do not fit together; empty where they do. Read after the tops."""
    generations = {row["generation"] for row in await connection.fetch("SELECT generation FROM generations")}
    rows = await connection.fetch("SELECT feed, sequence FROM feeds WHERE feed = ANY($1)", list(tops))
    heads = {row["feed"]: row["sequence"] for row in rows}
    findings = {}
    for feed, top in tops.items():
        if top is None:
            continue
        head = heads.get(feed, 0)
        if top.generation not in generations or top.number > head:
            findings[feed] = f"{feed}: Kafka has number {top.number}, the store knows {head}"
            continue
        kept = await store.read_outbox(connection, {feed: top.number - 1}, rows=1)
        if kept and kept[0].first <= top.number <= kept[0].last:
            ours = kept[0].records[top.number - kept[0].first]
            if ours.value != top.value or kept[0].generation != top.generation:
                findings[feed] = f"{feed}: number {top.number} is another record in Kafka than in the store"
    return findings


async def beyond(access: Access, feeds: Collection[str]) -> list[str]:
    """The partitions of these feeds' topics that are none of the feeds: where the store is from before a growth, what
    it has said since may stand there alone. Raises `ConnectionError` where the broker does not answer."""
    topics = {split_feed(feed)[0] for feed in feeds}
    try:
        counts = await Topics(access).partitions(topics)
    except KafkaException as error:
        raise ConnectionError("Kafka does not answer") from error
    return sorted({f"{topic}/{k}" for topic, n in counts.items() for k in range(n)} - set(feeds))


async def refuse_if_restored(pool: Pool, access: Access, layout: Layout, feeds: Collection[str]) -> None:
    """Before anything is heard: a store that goes on deciding would give out numbers that Kafka has already. Raises
    `Trouble`, also where the store is being brought forward, or was since `layout` was read."""
    name = f"{layout.service}-start"
    tops = await read_tops(access, name, feeds)
    if more := await beyond(access, feeds):
        tops |= await read_tops(access, name, more)
    async with pool.acquire() as connection:
        findings = await judge(connection, tops)
        under_way = await recovered.under_way(connection)
        now = await load_layout(connection, layout.service, layout.prefix)
    if findings:
        raise Trouble(explained(findings, layout.service))
    if under_way is not None:
        told = "the store is being brought forward; nothing is heard or said until that has come to its end"
        raise Trouble(f"{told}: give `portolano recover {layout.service}` (again, where it was interrupted)")
    if now != layout:
        raise Trouble("the store was brought forward while this process began: it begins again")


def explained(findings: Mapping[str, str], service: str) -> str:
    """The findings as one line for a person, who is to bring the service's store forward."""
    first = next(iter(findings.values()))
    more = f" (and {len(findings) - 1} more feeds)" if len(findings) > 1 else ""
    advice = f"Nothing is heard or said until it is brought forward: `portolano recover {service} --dry-run`."
    return f"{first}{more}: the store was restored from an older copy. {advice}"
