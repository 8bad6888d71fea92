"""As root: the server's user gets through to its directory, and nobody gets more than that."""

import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import passage
from shared.errors import Trouble

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="another user's server starts as that user")


@pytest.fixture
def deep() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portolano-passage-") as root:
        target = Path(root) / "closed" / "target"
        target.mkdir(parents=True)
        target.parent.chmod(0o700)
        target.chmod(0o700)
        yield target


def test_directories_on_the_way_may_be_passed_and_not_read_and_the_target_is_the_users_own(deep: Path) -> None:
    user = passage.user_for_servers()
    assert user is not None
    passage.open_way(deep, user, owned=True)
    modes = [stat.S_IMODE(directory.stat().st_mode) for directory in (deep.parent.parent, deep.parent, deep)]
    assert modes == [0o701, 0o701, 0o700]
    assert deep.stat().st_uid == pwd.getpwnam(user).pw_uid


def test_a_closed_directory_of_somebody_else_stays_closed_and_is_named(deep: Path) -> None:
    os.chown(deep.parent, pwd.getpwnam("daemon").pw_uid, -1)
    with pytest.raises(Trouble, match=f"{deep.parent} belongs to daemon and is closed to .*PORTOLANO_HOME"):
        passage.open_way(deep, str(passage.user_for_servers()), owned=True)
    assert stat.S_IMODE(deep.parent.stat().st_mode) == 0o700


def test_a_program_installed_under_a_closed_umask_is_named_with_the_command_that_opens_it(deep: Path) -> None:
    program = deep / "postgres"
    program.touch(0o700)
    with pytest.raises(Trouble, match=f"may not read {program}: run `chmod -R o"):
        passage.open_way(program, str(passage.user_for_servers()))
