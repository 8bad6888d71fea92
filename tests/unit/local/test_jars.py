"""The jars are trusted by their hashes alone; a repository on loopback stands for Maven Central."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import jars
from shared.errors import Trouble

GOOD, BAD = b"a good jar", b"a bad jar"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory served over HTTP, to which jgo is pointed by its own settings file."""
    root = tmp_path / "repository"
    root.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(root))  # type: ignore[arg-type]  # passed through as they came

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever).start()
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nhere = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        # Nothing of these tests may leave the machine, not even by mistake.
        monkeypatch.setattr(jars, "MAVEN_CENTRAL_URL", f"http://127.0.0.1:{server.server_port}")
        yield root
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "two.lock"
    digest = hashlib.sha256(GOOD).hexdigest()
    path.write_text(f"# two jars\norg.example:one:1.0 sha256:{digest}\norg.example.deep:two:2.0 sha256:{digest}\n")
    return path


def _publish(repository: Path, content: bytes, *coordinates: tuple[str, str, str], classifier: str = "") -> None:
    for group, artifact, version in coordinates:
        directory = repository.joinpath(*group.split("."), artifact, version)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{artifact}-{version}{classifier}.jar").write_bytes(content)


ONE, TWO = ("org.example", "one", "1.0"), ("org.example.deep", "two", "2.0")


def test_the_lock_of_the_project_names_92_different_jars() -> None:
    assert len({jar.name for jar in jars.locked()}) == 92


def test_zipkin_is_one_jar_apart_from_kafka_s() -> None:
    assert [jar.name for jar in jars.locked(jars.ZIPKIN_LOCK)] == ["zipkin-server-3.6.1-exec.jar"]


def test_a_jar_with_a_classifier_is_fetched_by_it(tmp_path: Path, repository: Path) -> None:
    lock = tmp_path / "three.lock"
    lock.write_text(f"org.example:one:1.0:exec sha256:{hashlib.sha256(GOOD).hexdigest()}\n")
    _publish(repository, BAD, ONE)
    _publish(repository, GOOD, ONE, classifier="-exec")
    assert (jars.ensure(tmp_path / "cache", lock) / "one-1.0-exec.jar").read_bytes() == GOOD


def test_all_are_fetched_and_nothing_else_stays_on_the_class_path(tmp_path: Path, repository: Path, lock: Path) -> None:
    _publish(repository, GOOD, ONE, TWO)
    directory = tmp_path / "cache" / "two"
    (directory / ".draft-of-a-crash").mkdir(parents=True)
    (directory / "stranger.jar").write_bytes(BAD)
    assert jars.ensure(tmp_path / "cache", lock) == directory
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == {"one-1.0.jar": GOOD, "two-2.0.jar": GOOD}


def test_a_jar_that_was_damaged_on_the_disk_is_fetched_again(tmp_path: Path, repository: Path, lock: Path) -> None:
    _publish(repository, GOOD, ONE, TWO)
    damaged = jars.ensure(tmp_path / "cache", lock) / "one-1.0.jar"
    damaged.write_bytes(BAD)
    jars.ensure(tmp_path / "cache", lock)
    assert damaged.read_bytes() == GOOD


def test_a_jar_with_another_hash_is_refused_and_does_not_stay(tmp_path: Path, repository: Path, lock: Path) -> None:
    _publish(repository, GOOD, ONE)
    _publish(repository, BAD, TWO)
    with pytest.raises(Trouble, match=r"two-2\.0\.jar \(its content is not what the lock says\)"):
        jars.ensure(tmp_path / "cache", lock)
    assert not (tmp_path / "cache" / "two" / "two-2.0.jar").exists()


def test_what_was_fetched_before_the_network_failed_is_kept(tmp_path: Path, repository: Path, lock: Path) -> None:
    _publish(repository, GOOD, ONE)
    with pytest.raises(Trouble, match=r"cannot fetch two-2\.0\.jar \(no repository has it\)"):
        jars.ensure(tmp_path / "cache", lock)
    _publish(repository, GOOD, TWO)
    (repository / "org/example/one/1.0/one-1.0.jar").unlink(missing_ok=True)
    jars.ensure(tmp_path / "cache", lock)
