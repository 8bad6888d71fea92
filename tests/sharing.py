"""Which tests one process runs, where several share them.

Those that use the servers of the run belong together, so that there is one broker and one database; those that bring up
whole systems of their own belong together, so that no two of these stand beside each other. Of the others each file
goes to whoever is free.
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

SERVED = "servers"
_SERVED = ("tests/component", "tests/e2e", "tests/chaos/controls")
_UNSERVED = ("tests/e2e/test_demo.py", "tests/e2e/test_observe.py")
_WORLDS = "tests/chaos"


def share(test: str) -> str:
    """The name of the share that a test is in; `test` is pytest's id of it, from the checkout."""
    path = PurePosixPath(test.partition("::")[0])
    if str(path) not in _UNSERVED:
        if any(path.is_relative_to(served) for served in _SERVED):
            return SERVED
        if path.is_relative_to(_WORLDS):
            return "worlds"
    return str(path)


class Shares(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    """Hands a share whole to one process, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
