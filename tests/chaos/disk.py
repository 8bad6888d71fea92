"""A small disk: a tmpfs that can be filled to the last page and given room again."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


class Disk:
    """Mounted at `path`, of so many MiB. Raises `CalledProcessError` where that is not allowed."""

    def __init__(self, path: Path, mebibytes: int) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        options = f"size={mebibytes}m,mode=0755"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "portolano-test", str(path)], check=True, capture_output=True
        )

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"

    def fill(self) -> None:
        """Leave no page."""
        file = os.open(self._ballast, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            for piece in (1 << 20, 1 << 12):
                with _until_full():
                    while True:
                        os.write(file, b"\0" * piece)
        finally:
            os.close(file)

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)


@contextmanager
def _until_full() -> Iterator[None]:
    try:
        yield
    except OSError as full:
        if full.errno != errno.ENOSPC:
            raise


@contextmanager
def small_disks(mebibytes: Mapping[Path, int]) -> Iterator[list[Disk]]:
    """A disk at each of these paths, in their order; gone at the end."""
    disks: list[Disk] = []
    try:
        for path, size in mebibytes.items():
            disks.append(Disk(path, size))
        yield disks
    finally:
        for disk in disks:
            disk.unmount()


def why_not() -> str | None:
    """Why no small disk can be made here; None where it can."""
    with tempfile.TemporaryDirectory() as tried:
        try:
            disk = Disk(Path(tried), 1)
        except (OSError, subprocess.CalledProcessError):
            return "a small disk is a mounted tmpfs, and mounting is not allowed here (root is, as a rule)"
        with suppress(subprocess.CalledProcessError):
            disk.unmount()
    return None
