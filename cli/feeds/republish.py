"""A feed, or all feeds of a topic, published once more: the writer's cursor is set back, and its relay notices.

No number is given out anew; whoever has a number drops it.
"""

import re
from dataclasses import dataclass

from cli.feeds.stores import administrator, changing, declared, logs_of, note
from deploy.local.home import Home
from shared.contracts.topics import SERVICES
from shared.errors import Trouble
from shared.feeds.numbers import split_feed
from shared.postgres.pool import Connection

FEEDS = """SELECT r.feed, coalesce(f.sequence, 0) AS head, r.published, r.topic_id,
    (SELECT min(first) FROM outbox o WHERE o.feed = r.feed) AS kept
FROM relayed r LEFT JOIN feeds f USING (feed)
WHERE $1::text IS NULL OR r.feed = $1 OR regexp_replace(r.feed, '/[0-9]+$', '') = $1
ORDER BY regexp_replace(r.feed, '/[0-9]+$', ''), regexp_replace(r.feed, '^.*/', '')::int"""


@dataclass(frozen=True, slots=True)
class Again:
    """A feed that comes again: its numbers `first` to `published`, from this service."""

    feed: str
    service: str
    first: int
    published: int


@dataclass(frozen=True, slots=True)
class _Feed:
    name: str
    head: int
    published: int
    kept: int | None
    topic_id: str | None


async def republish(
    home: Home, name: str, first: int | None, *, by: str, rehearse: bool = False, prefix: str = ""
) -> list[Again]:
    """Set back the cursor of the feed `name`, or of every feed of the topic `name`, to before `first`; to before all
    that the journal has, where that is None. Raises `Trouble` where it cannot be done, and then changes nothing."""
    topic = declared(split_feed(name)[0] if re.search("/[0-9]+$", name) else name, prefix)
    if topic.writer not in SERVICES:
        raise Trouble(f"{name} is written by a partner, and only the partner can send it again")
    service = topic.writer
    async with changing(home, service, prefix, keep=not rehearse) as store:
        found = [
            _Feed(row["feed"], row["head"], row["published"], row["kept"], row["topic_id"])
            for row in await store.fetch(FEEDS, name)
        ]
        if not found:
            raise Trouble(f"{service} has published nothing on {name}: `portolano feeds show`")
        await _is_the_same_topic(home, found)
        again = _planned(service, name, found, first)
        await _set_back(store, again, by)
        return again


def _planned(service: str, name: str, found: list[_Feed], first: int | None) -> list[Again]:
    """What comes again. Of a whole topic, feeds on which there is nothing to repeat are left out."""
    again, gone = [], []
    for feed in found:
        begin = first if first is not None else feed.kept
        if begin is None or begin > feed.published:
            continue
        if feed.kept is None or begin < feed.kept:
            gone.append(feed)
            continue
        again.append(Again(feed.name, service, begin, feed.published))
    if gone:
        raise Trouble(f"the journal of {service} begins with number {gone[0].kept} of {gone[0].name}: {first} is gone")
    if not again:
        if first is None or len(found) > 1:
            raise Trouble(f"there is nothing of {name} to repeat: `portolano feeds show`")
        raise Trouble(
            f"{name} is published up to number {found[0].published}: there is nothing from {first} on to repeat"
        )
    return again


async def _is_the_same_topic(home: Home, found: list[_Feed]) -> None:
    topic, _ = split_feed(found[0].name)
    logs = await logs_of(administrator(home), topic)
    if not logs:
        raise Trouble(f"{topic} does not exist: run `portolano provision`, then accept it")
    for feed in found:
        log = logs.get(split_feed(feed.name)[1])
        if log is not None and feed.published > 0 and feed.topic_id not in (None, log.topic_id):
            raise Trouble(
                f"{topic} was deleted and made again: `portolano feeds accept {topic} --reason …` says that this is "
                "right, and publishes all of it again"
            )


async def _set_back(store: Connection, again: list[Again], by: str) -> None:
    # The relay compares before it moves its cursor and so notices.
    await store.execute(
        """UPDATE relayed r SET published = u.first - 1 FROM unnest($1::text[], $2::bigint[]) AS u(feed, first)
        WHERE r.feed = u.feed""",
        [one.feed for one in again],
        [one.first for one in again],
    )
    changed = {one.feed: {"from": one.first, "published": one.published} for one in again}
    await note(store, "republish", split_feed(again[0].feed)[0], changed, by)
    await store.execute("SELECT pg_notify('outbox', '')")
