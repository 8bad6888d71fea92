"""A user for servers that refuse to run as root, and the way for it to its files.

On the way directories get `o+x`: whoever knows a name may pass through, nobody may look around. Directories that are
not ours stay as they are, and are named instead.
"""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from shared.errors import Trouble

_CANDIDATES = ("postgres", "portolano")


def user_for_servers() -> str | None:
    """None where we are not root; else a system user, made when there is none."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        if _exists(name):
            return name
    wanted = _CANDIDATES[-1]
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is not None:
        options = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        made = subprocess.run([useradd, *options, wanted], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if made.returncode == 0 or _exists(wanted):
            return wanted
    raise Trouble(f"PostgreSQL does not run as root: work as another user, or make a system user named {wanted}")


def group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def open_way(target: Path, user: str, *, owned: bool = False) -> None:
    """Let `user` reach `target` and read it; with `owned`, give it the directory itself."""
    entry = pwd.getpwnam(user)
    if owned and target.stat().st_uid != entry.pw_uid:
        os.chown(target, entry.pw_uid, entry.pw_gid)
    if not owned and not stat.S_IMODE(target.stat().st_mode) & stat.S_IROTH:
        # Installed under a closed umask: a whole tree of files, which we do not open by ourselves.
        raise Trouble(f"{user} may not read {target}: run `chmod -R o+rX {target.parents[1]}`, or work as another user")
    for directory in reversed(target.resolve().parents):
        if _may_pass(directory, entry):
            continue
        status = directory.stat()
        if status.st_uid != os.geteuid():
            owner = _name(status.st_uid)
            raise Trouble(
                f"{directory} belongs to {owner} and is closed to {user}, under which PostgreSQL runs as we are root: "
                "work as that user, or put the state elsewhere with PORTOLANO_HOME"
            )
        try:
            directory.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
        except OSError as failed:
            raise Trouble(f"{user} must be able to pass through {directory}: {failed.strerror}") from failed


def _may_pass(directory: Path, entry: pwd.struct_passwd) -> bool:
    status = directory.stat()
    if status.st_uid == entry.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in os.getgrouplist(entry.pw_name, entry.pw_gid):
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
