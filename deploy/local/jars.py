"""Jars, fetched from Maven's repositories by their locked coordinates and trusted by their hashes alone.

`kafka-4.3.1.lock` and `zipkin-3.6.1.lock` list every jar with its SHA-256. jgo fetches them one by one: asked for the
whole set it would mediate versions (and choose another client than the broker's), so it never sees more than one
coordinate. A jar is downloaded into a draft directory, hashed, and moved to its place; what lies there is hashed again
at every start.
"""

import concurrent.futures
import errno
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from deploy.local.progress import bar
from shared.errors import Trouble

LOCK = Path(__file__).with_name("kafka-4.3.1.lock")
ZIPKIN_LOCK = Path(__file__).with_name("zipkin-3.6.1.lock")
_MEGABYTES = {LOCK.name: 60, ZIPKIN_LOCK.name: 140}
_AT_ONCE = 8
_ATTEMPTS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Jar:
    """One line of a lock. `classifier` tells apart several jars of the same version; mostly there is none."""

    group: str
    artifact: str
    version: str
    sha256: str
    classifier: str = ""

    @property
    def name(self) -> str:
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + ".jar"


def locked(path: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of the lock, in its order."""
    jars = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        coordinate, _, digest = line.partition(" sha256:")
        parts = coordinate.split(":")
        if len(parts) not in (3, 4) or len(digest) != 64:
            form = "group:artifact:version[:classifier] sha256:<64 hex digits>"
            raise Trouble(f"{path}, line {number}: not of the form {form}")
        group, artifact, version, *classifier = parts
        jars.append(Jar(group, artifact, version, digest, *classifier))
    return tuple(jars)


def ensure(cache: Path, lock: Path = LOCK) -> Path:
    """The directory that holds exactly the locked jars, all of them verified; fetches what is missing or damaged."""
    directory = cache / lock.stem
    jars = locked(lock)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Two starts at once: the second waits here, then finds everything in place.
        with open(cache / f"{lock.stem}.lock", "a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            missing = [jar for jar in jars if not _is_sound(directory / jar.name, jar)]
            if missing:
                _fetch_all(missing, directory, _product(lock))
            _remove_strangers(directory, {jar.name for jar in jars})
    except OSError as failed:
        raise _disk_trouble(failed, cache, lock) from failed
    return directory


def _product(lock: Path) -> str:
    return lock.stem.partition("-")[0].capitalize()


def _is_sound(path: Path, jar: Jar) -> bool:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def _remove_strangers(directory: Path, names: set[str]) -> None:
    # The class path takes the directory as a whole, so nothing else may lie in it; drafts of a crash go too.
    for path in directory.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _fetch_all(jars: list[Jar], directory: Path, product: str) -> None:
    given_up = threading.Event()
    with (
        bar(f"fetching {product}'s jars", len(jars)) as advance,
        tempfile.TemporaryDirectory(prefix=".draft-", dir=directory) as drafts,
        concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        tasks = [pool.submit(_fetch, jar, directory, Path(drafts), given_up, advance) for jar in jars]
        try:
            for task in concurrent.futures.as_completed(tasks):
                task.result()
        except BaseException:
            given_up.set()
            raise
        finally:
            for task in tasks:
                task.cancel()


def _fetch(jar: Jar, directory: Path, drafts: Path, given_up: threading.Event, advance: Callable[[], None]) -> None:
    failure = "its content is not what the lock says"
    for attempt in range(1, _ATTEMPTS + 1):
        if given_up.is_set():
            return
        draft_repository = drafts / f"{jar.name}.{attempt}"
        try:
            draft = _download(jar, draft_repository)
        except (requests.RequestException, RuntimeError) as failed:
            _log.info("%s, attempt %d: %s", jar.name, attempt, failed)
            failure = _words(failed)
            continue
        if _is_sound(draft, jar):
            with open(draft, "rb") as file:
                os.fsync(file.fileno())
            draft.replace(directory / jar.name)
            shutil.rmtree(draft_repository)
            advance()
            return
        failure = "its content is not what the lock says"
    raise Trouble(
        f"cannot fetch {jar.name} ({failure}): jars come from Maven Central on the first run; "
        "check the network (or jgo's settings, where a mirror is used) and start again, what was fetched is kept"
    )


def _download(jar: Jar, repository: Path) -> Path:
    """Fetch one artifact with jgo into a repository of its own: jgo would take a broken file of an earlier attempt."""
    configured = GlobalSettings.load().repositories or {}
    context = MavenContext(repo_cache=repository, remote_repos={**configured, "central": MAVEN_CENTRAL_URL}, timeout=30)
    return context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier).resolve()


def _words(failed: Exception) -> str:
    match failed:
        case requests.exceptions.ProxyError():
            return "the proxy does not answer"
        case requests.exceptions.SSLError():
            return "the server's certificate is not trusted"
        case requests.exceptions.Timeout():
            return "no answer in time"
        case requests.exceptions.ConnectionError():
            return "no connection"
        case RuntimeError():
            return "no repository has it"
        case _:
            return type(failed).__name__


def _disk_trouble(failed: OSError, cache: Path, lock: Path) -> Trouble:
    product = _product(lock)
    if failed.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = f"{_MEGABYTES.get(lock.name, 100)} MB for {product}'s jars"
        return Trouble(f"the disk is full: {cache} needs {needed}; make room, or set PORTOLANO_CACHE")
    return Trouble(f"cannot keep {product}'s jars in {cache}: {failed.strerror or failed}; set PORTOLANO_CACHE")
