"""`portolano feeds` on a ground of a test's own, which the command's line has no word for:

python -m tests.component.feeds.ordering PREFIX republish TOPIC | accept TOPIC | grow PARTITIONS | begin READER
"""

import asyncio
import sys

from cli.feeds.accept import accept
from cli.feeds.baseline import begin_at_the_end
from cli.feeds.growing import growing
from cli.feeds.republish import republish
from deploy.local.home import Home
from shared.contracts.topics import internal_topics

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


if __name__ == "__main__":
    asyncio.run(order(Home.from_environment(), *sys.argv[1:4]))
