"""A run of the tests that works on the servers of another run, beside it: how the one is told by the other.

Starting a broker takes as long as twenty tests. A run that starts others (`tests/chaos/controls`) provisions its
servers and names their home and a word of its own to each of them; every prefix of theirs then begins with that word,
so that their grounds never meet. Whoever lent the servers ends them.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.home import Home

_HOME, _NAME = "PORTOLANO_TESTS_LENT_HOME", "PORTOLANO_TESTS_LENT_NAME"


def lent() -> Home | None:
    """Where the servers are that somebody has lent to this run; None where it has its own."""
    root = os.environ.get(_HOME)
    return Home(Path(root)) if root else None


def name() -> str:
    """What every prefix of this run begins with; nothing where the servers are its own."""
    return os.environ.get(_NAME, "")


def lend(home: Home, name: str) -> Mapping[str, str]:
    """The environment that tells another run; `name` (small letters and digits) is that run's alone."""
    return {_HOME: str(home.root), _NAME: name}
