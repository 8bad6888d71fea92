"""A person who gives a command on feeds where nothing runs is told so, and nothing is made."""

import asyncio
import socket
from pathlib import Path

import pytest

from deploy.local.home import Home
from shared.errors import Unreachable
from tests.component.feeds.conftest import Stage, firm
from tests.component.feeds.ordering import order

ORDERS = (("republish", "intake.firms.v1"), ("accept", "intake.firms.v1"), ("grow", "3"), ("begin", "classifier"))


@pytest.mark.parametrize(("command", "what"), ORDERS)
async def test_where_no_system_is_none_is_made(tmp_path: Path, command: str, what: str) -> None:
    with pytest.raises(Unreachable, match="portolano up"):
        await order(Home(tmp_path / "nowhere"), "", command, what)
    assert not (tmp_path / "nowhere").exists()


class Deaf(Home):
    """A home whose broker is away, while its database is there."""

    def port(self, name: str) -> int:
        if not name.startswith("kafka"):
            return super().port(name)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            found: int = nobody.getsockname()[1]
            return found


async def test_where_the_broker_alone_is_away_each_says_so_and_changes_nothing(stage: Stage) -> None:
    async with stage.run("intake"):
        await stage.write(f"{firm()} 1")
        await stage.count("intake", 1)
    looked_at = "SELECT feed, published, topic_id FROM relayed ORDER BY feed"
    before = await stage.stores["intake"].fetch(looked_at)
    asked = (one for one in ORDERS if one[0] != "grow")
    refused = await asyncio.gather(
        *(order(Deaf(stage.home.root), stage.prefix, command, what) for command, what in asked), return_exceptions=True
    )
    assert [type(one) for one in refused] == [Unreachable] * 3, refused
    assert all(str(one).startswith("Kafka does not answer") for one in refused), refused
    assert await stage.stores["intake"].fetch(looked_at) == before
    assert await stage.stores["intake"].fetchval("SELECT count(*) FROM feed_orders") == 0
