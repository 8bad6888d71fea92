"""`portolano feeds` on a ground of a test's own, which the command's line has no word for:

python -m tests.component.feeds.ordering PREFIX republish TOPIC | accept TOPIC | grow PARTITIONS | begin READER
"""

import asyncio
import sys

import asyncpg

from cli.feeds.accept import accept
from cli.feeds.baseline import begin_at_the_end
from cli.feeds.growing import growing
from cli.feeds.republish import republish
from deploy.local.home import Home, database_name
from shared.contracts.topics import SERVICES, internal_topics
from shared.feeds.growth import partitions_of

BY = "somebody"


async def order(home: Home, prefix: str, command: str, what: str) -> None:
    """Carry it out; raises what the command does."""
    if command == "republish":
        await republish(home, prefix + what, None, by=BY, prefix=prefix)
    elif command == "accept":
        await accept(home, prefix + what, "a test", by=BY, prefix=prefix)
    elif command == "grow":
        async with growing(home, prefix) as it:
            await it.grow(int(what), by=BY, within=20.0)
    else:
        (topic,) = [one for one in internal_topics() if what in one.readers][:1]
        await begin_at_the_end(home, topic, what, prefix)


async def growths(home: Home, prefix: str) -> dict[str, tuple[int, int]]:
    """Each store's number of partitions, and how often it has grown."""
    grown = {}
    for service in SERVICES:
        store = await asyncpg.connect(**home.admin_dsn(database_name(service, prefix)))
        try:
            n = await store.fetchval("SELECT count(*) FROM growths")
            grown[service] = await partitions_of(store), n
        finally:
            await store.close()
    return grown


if __name__ == "__main__":
    asyncio.run(order(Home.from_environment(), *sys.argv[1:4]))
