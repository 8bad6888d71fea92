"""Makes `.venv` from the hashed lock and installs the checkout into it, so that `.venv/bin/portolano` works.

Runs as a script, `python3 -I deploy/local/setup.py`, on the standard library alone and on any Python 3, if only to say
that it is too old: hence the old syntax and the `typing` names. It takes `uv` from the PATH if that is new enough;
otherwise it makes the environment with `venv`, lets pip fetch the `uv` of the lock, and goes on with that.

A stamp written last says for which Python, lock and checkout the environment was made. It stands: nothing to do. It is
missing: the last run did not get to its end, and the environment is made anew.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from typing import Dict, List, Optional

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "dev.lock"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "portolano-setup.json"
LOG = Path(os.environ.get("PORTOLANO_HOME") or ROOT / "var").expanduser().resolve() / "log" / "setup.log"

OLDEST_PYTHON = (3, 11)
OLDEST_UV = (0, 5)

# What a failed tool says, and what a person can do about it; the first that is found is told.
CAUSES = (
    (r"no space left on device|os error 28|errno 28|disk quota exceeded", "{full}"),
    (
        r"dns error|failed to lookup|name resolution|error sending request|failed to connect|connect error"
        r"|connection refused|network is unreachable|newconnectionerror|operation timed out|connection timed out",
        "The package index cannot be reached; the first run needs the network. Connect, then run make again.",
    ),
    (
        r"hash mismatch|do not match the hashes|hashes? .*(missing|required)",
        "A package is not the one that the lock names; nothing of it was installed. See what your index serves.",
    ),
    (
        r"no matching distribution|no wheels? with a matching|is not supported on this platform|failed to build",
        "A package has no ready build for Python {version} on this machine; name another: make PYTHON=python3.11",
    ),
    (
        r"permission denied|read-only file system|os error (13|30)|errno (13|30)",
        "{root} cannot be written; make it yours, then run make again.",
    ),
)


class Stop(Exception):
    """The set-up cannot go on; the message is the one line for the person."""


def main() -> int:
    """Exit code 0: the environment is as the lock says. 1: it is not, and one line has said why."""
    try:
        refuse_old_python()
        if not stamped():
            with_lock()
        return 0
    except Stop as stop:
        line = str(stop)
    except KeyboardInterrupt:
        say("Interrupted; the next run starts the set-up again.")
        return 130
    except OSError as error:
        line = cause(str(error)) or f"The set-up failed at {error.filename or ROOT}: {error.strerror or error}."
    say(line)
    return 1


def refuse_old_python() -> None:
    """Stop unless this Python is new enough for the project."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise Stop(
            f"Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer is needed; this is {version()} ({sys.executable})."
            " Install one, or name it: make PYTHON=…"
        )


def stamped() -> bool:
    """Whether the environment was made to its end, for this very lock and Python, and its Python still starts."""
    try:
        made = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(made == wanted()) and alive()


def alive() -> bool:
    """Whether the environment's Python starts: the one that it was made from may have been removed."""
    try:
        return subprocess.run([str(PYTHON), "-I", "-S", "-c", ""], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def wanted() -> Dict[str, str]:
    """What the environment depends on: another Python or another place makes it anew, another lock brings it up."""
    import tomllib  # there since 3.11, and nothing older comes this far

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    installed = json.dumps([project["build-system"], project["project"], project["tool"]["hatch"]], sort_keys=True)
    return {
        "python": f"{version()} {sys.executable}",
        "checkout": str(ROOT),
        "lock": hashlib.sha256(LOCK.read_bytes() + installed.encode()).hexdigest(),
    }


def with_lock() -> None:
    """Make the environment; a second set-up of the same checkout waits for the first and finds its work done.

    The tools inherit the lock: one that outlives a killed set-up is waited for too.
    """
    checkout = os.open(str(ROOT), os.O_RDONLY)
    os.set_inheritable(checkout, True)
    try:
        fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up of this checkout is running; waiting for it.")
        fcntl.flock(checkout, fcntl.LOCK_EX)
    if not stamped():
        make(Log())


def make(log: "Log") -> None:
    """Make the environment or bring it up to the lock, and stamp it last of all."""
    say(f"Setting up .venv with Python {version()} (once; about 130 MB are fetched, unless cached)")
    uv = uv_on_path()
    if renewable():
        STAMP.unlink()
    else:
        remove_environment()
        create_environment(uv, log)
    uv = uv or uv_of_the_lock(log)
    run([uv, "pip", "sync", "--require-hashes", "--python", str(PYTHON), str(LOCK)], "install", log)
    editable = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    run([uv, "pip", "install", "--python", str(PYTHON), *editable], "install", log)
    unfinished = STAMP.with_suffix(".new")
    unfinished.write_text(json.dumps(wanted(), indent=1) + "\n", encoding="utf-8")
    unfinished.replace(STAMP)
    say("Done: .venv/bin/portolano is there.")


def renewable() -> bool:
    """Whether a finished environment of this Python and place stands, so that only its packages have to change."""
    try:
        made = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    now = wanted()
    return all(made.get(name) == now[name] for name in ("python", "checkout")) and alive()


def remove_environment() -> None:
    """Remove an environment that is half made, dead, or another Python's."""
    import shutil

    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(str(VENV))


def create_environment(uv: Optional[str], log: "Log") -> None:
    """An empty environment of this Python: with uv, else with the standard library and its bundled pip."""
    if uv:
        run([uv, "venv", "--no-project", "--python", sys.executable, str(VENV)], "make the environment", log)
        return
    from importlib.util import find_spec

    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise Stop(
            f"Python {version()} ({sys.executable}) has no venv module and there is no uv. Install one of them"
            " (Debian, Ubuntu: apt-get install python3-venv), then run make again."
        )
    run([sys.executable, "-I", "-m", "venv", str(VENV)], "make the environment", log)


def uv_on_path() -> Optional[str]:
    """The `uv` of the PATH, if it is new enough to be trusted with the lock."""
    import shutil

    found = shutil.which("uv")
    if not found:
        return None
    try:
        answer = subprocess.run([found, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    numbers = re.match(rb"uv (\d+)\.(\d+)", answer.stdout)
    return found if numbers and (int(numbers.group(1)), int(numbers.group(2))) >= OLDEST_UV else None


def uv_of_the_lock(log: "Log") -> str:
    """The `uv` that the lock names, fetched by pip with its hash checked."""
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        only = VENV / "uv.lock"
        only.write_text(locked("uv"), encoding="utf-8")
        pip = [str(PYTHON), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        run([*pip, "--no-deps", "--require-hashes", "--progress-bar", "off", "-r", str(only)], "fetch uv", log)
    return str(uv)


def locked(package: str) -> str:
    """The lock's entry for `package`: the pinned version and its hashes."""
    entry = re.search(rf"^{package}==(?:.*\\\n)*.*\n", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if not entry:
        raise Stop(f"{LOCK.relative_to(ROOT)} does not name {package}; make it anew with make lock.")
    return entry.group(0)


def run(command: List[str], purpose: str, log: "Log") -> None:
    """Run `command`, its words to the log and the telling ones to the person; Stop with the cause when it fails."""
    log.write("$ " + " ".join(command) + "\n")
    said: List[str] = []
    # "never": a Python that uv fetches for itself is not the one that the person chose.
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never", PYTHONUTF8="1")
    environment.pop("VIRTUAL_ENV", None)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd=str(ROOT),
        close_fds=False,
    ) as process:
        assert process.stdout is not None
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            said.append(line)
            log.write(line + "\n")
            if re.match(r"\s*(Downloading|Downloaded|Building|Prepared|Installed|Collecting)\b", line):
                say("  " + line.strip())
    if process.returncode:
        last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
        raise Stop((cause("\n".join(said)) or f"Could not {purpose}: {last}") + log.hint())


def cause(text: str) -> Optional[str]:
    """The line for the person that fits what a tool said, or None."""
    for pattern, line in CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return line.format(full=full_disk(), version=version(), root=ROOT)
    return None


def full_disk() -> str:
    """Which of the places that are written to has the least room."""
    import shutil

    cache = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    places = [place for place in (ROOT, cache, Path(os.environ.get("TMPDIR") or "/tmp")) if place.exists()]
    free, place = min((shutil.disk_usage(str(place)).free, str(place)) for place in places)
    return f"The disk is full: {free // 1_000_000} MB are left for {place}. Make about 2 GB free, then run make again."


def version() -> str:
    """This Python's version, as people write it."""
    return ".".join(str(number) for number in sys.version_info[:3])


def say(line: str) -> None:
    """One line for the person."""
    print(line, file=sys.stderr, flush=True)


class Log:
    """`setup.log` of the state directory; a place that cannot be written is no reason not to set up."""

    def __init__(self) -> None:
        self.file: Optional[RawIOBase] = None
        with suppress(OSError):
            LOG.parent.mkdir(parents=True, exist_ok=True)
            self.file = LOG.open("wb", buffering=0)  # nothing left over that a full disk could refuse at the end

    def write(self, text: str) -> None:
        """Append `text`. A full disk is told by the tool that fails on it."""
        with suppress(OSError):
            if self.file:
                self.file.write(text.encode())

    def hint(self) -> str:
        """The end of an error line: where the details are."""
        if not self.file:
            return ""
        return f" (details in {LOG.relative_to(ROOT) if ROOT in LOG.parents else LOG})"


if __name__ == "__main__":
    sys.exit(main())
