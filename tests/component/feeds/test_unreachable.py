"""A person who gives a command on feeds where nothing runs is told so, and nothing is made."""

from pathlib import Path

import pytest

from deploy.local.home import Home
from shared.errors import Unreachable
from tests.component.feeds.ordering import order

ORDERS = (("republish", "intake.firms.v1"), ("accept", "intake.firms.v1"), ("grow", "3"), ("begin", "classifier"))


@pytest.mark.parametrize(("command", "what"), ORDERS)
async def test_where_no_system_is_none_is_made(tmp_path: Path, command: str, what: str) -> None:
    with pytest.raises(Unreachable, match="portolano up"):
        await order(Home(tmp_path / "nowhere"), "", command, what)
    assert not (tmp_path / "nowhere").exists()
