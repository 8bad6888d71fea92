"""Become another program that dies with its parent, if wanted under another user. Run by path, with the bare library.

    python -I -S tether.py PARENT-PID SIGNAL USER|- PROGRAM ARGUMENT…

Between fork and exec Python code is not safe in a process with threads, so the preparation has a program of its own,
which then turns into the wanted one and costs nothing more. The order matters: a change of user clears the death
signal, and a parent that died before the signal was ordered is noticed by asking who the parent is now.
"""

import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, death_signal: str, user: str, *command: str) -> None:
    if user != "-":
        entry = pwd.getpwnam(user)
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    # Elsewhere than on Linux nothing kills an orphan at once; the next start finds it by its pid file.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the process that wanted this one is gone")
    try:
        os.execv(command[0], command)
    except OSError as failed:
        sys.exit(f"cannot run {command[0]}: {failed.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
