"""Where the local system lives: its directories, its ports, its secrets, and what each part is told about them.

A `Home` is one directory (`var/` of the checkout, or `PORTOLANO_HOME`). Several homes run beside each other without
touching, which is how the tests get a broker and a database of their own. Ports are chosen once and remembered;
secrets are made when they are first asked for and never change by themselves.
"""

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deploy.local import ports
from shared.errors import Trouble

CHECKOUT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "classifier", "referral", "notifier")
MOVABLE = ("referral",)
"""Services whose time a demo moves: the one that has deadlines."""
_BROKER_USERS = ("admin", "controller")
_MOVABLE_CLOCK = "clock-may-be-moved"
_PORTS = "ports.json"
_SECRET_NAME = re.compile(r"[a-z0-9_.-]+(/[a-z0-9_.-]+)*")


class DatabaseArguments(TypedDict):
    """Keyword arguments of `asyncpg.connect`."""

    host: str
    port: int
    user: str
    password: str
    database: str


class Held(Exception):
    """Another process holds this lock."""


@dataclass(frozen=True)
class Home:
    """The state directory of one local system. Cheap to make; touches the disk only when asked for something."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """The directory in `PORTOLANO_HOME`, else `var/` of the checkout."""
        named = os.environ.get("PORTOLANO_HOME")
        return cls(Path(named).expanduser().resolve() if named else CHECKOUT / "var")

    @property
    def is_made(self) -> bool:
        """Whether a system was ever started here. To be asked before a look: asking on would choose ports and make
        directories and passwords of a system that nobody has."""
        return (self.root / _PORTS).exists()

    # Directories -----------------------------------------------------------------------------------------------

    @property
    def log(self) -> Path:
        return self._directory("log")

    @property
    def run(self) -> Path:
        return self._directory("run")

    @property
    def kafka(self) -> Path:
        return self._directory("kafka")

    @property
    def postgres(self) -> Path:
        return self._directory("postgres")

    @property
    def mail(self) -> Path:
        return self._directory("mail")

    @property
    def secrets(self) -> Path:
        return self._directory("secrets")

    @property
    def cache(self) -> Path:
        """Downloads. Shared by all homes of a checkout: they are the same files, checked by hash at every start."""
        named = os.environ.get("PORTOLANO_CACHE")
        return _make(Path(named).expanduser().resolve() if named else CHECKOUT / "var" / "cache", 0o755)

    # Time ------------------------------------------------------------------------------------------------------

    @property
    def clock_may_be_moved(self) -> bool:
        """Whether time may be moved in this home. Once it was, it must stay so: what its store knows of lies in the
        moved time, and a clock that went back would have it lie in the future."""
        return (self.root / _MOVABLE_CLOCK).exists()

    def let_clock_be_moved(self) -> None:
        """Allow it; counts from the next start of a part on."""
        _make(self.root, 0o755)
        (self.root / _MOVABLE_CLOCK).touch()

    def clock_was_moved(self) -> None:
        """Remember that it was, for good."""
        (self.root / _MOVABLE_CLOCK).write_text("moved\n")

    def keep_real_time(self) -> None:
        """Take the permission back, unless it has been used."""
        path = self.root / _MOVABLE_CLOCK
        if path.exists() and not path.read_text():
            path.unlink()

    def _directory(self, name: str) -> Path:
        _make(self.root, 0o755)
        return _make(self.root / name, 0o700)

    @contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Hold `run/<name>.lock` against every other process; `Held` where somebody has it and `wait` is false.

        The kernel lets go when the holder dies, and children do not inherit it.
        """
        with open(self.run / f"{name}.lock", "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Held(name) from None
            yield

    # Ports -----------------------------------------------------------------------------------------------------

    def port(self, name: str) -> int:
        """The TCP port of a part on 127.0.0.1 (names: `ports.NAMES`), chosen at the first question, then remembered."""
        remembered = self._ports()
        if name not in remembered:
            with self.lock("ports"):
                remembered = self._ports()
                missing = [wanted for wanted in ports.NAMES if wanted not in remembered]
                chosen = ports.choose(len(missing), avoid=set(remembered.values()))
                remembered |= dict(zip(missing, chosen, strict=True))
                write_whole(self.root / _PORTS, json.dumps(remembered, indent=2) + "\n")
        return remembered[name]

    def require_free(self, *names: str) -> None:
        """Raise a one-line `Trouble` when somebody else listens on one of these ports."""
        for name in names:
            number = self.port(name)
            if not ports.is_free(number):
                raise Trouble(
                    f"port {number} ({name}) is taken by {ports.holder(number)}: stop that, "
                    f"or delete the line {name} from {self.root / 'ports.json'} to have another one chosen"
                )

    def _ports(self) -> dict[str, int]:
        path = self.root / _PORTS
        try:
            found = json.loads(path.read_text())
            return {str(name): int(number) for name, number in found.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as unreadable:
            raise Trouble(f"{path} cannot be read ({unreadable}): delete it to have new ports chosen") from unreadable

    # Secrets ---------------------------------------------------------------------------------------------------

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """The secret in `secrets/<name>`, made by `make` when it is asked for the first time; mode 0600."""
        if not _SECRET_NAME.fullmatch(name) or ".." in name:
            raise ValueError(f"not the name of a secret: {name!r}")
        path = self.secrets / name
        if not path.exists():
            _make(path.parent, 0o700)
            with self.lock("secrets"):
                if not path.exists():
                    write_whole(path, make(), mode=0o600)
        return path.read_text()

    def kafka_password(self, username: str) -> str:
        """The broker password of `admin`, `controller`, a service, or a partner (`<code>`, `<code>.b`)."""
        if username in SERVICES:
            return self.secret(f"{username}/{username}_kafka_password")
        return self.secret(f"kafka/{username}" if username in _BROKER_USERS else f"partners/{username}")

    def database_password(self, service: str) -> str:
        """The password of a service's login role."""
        return self.secret(f"{service}/{service}_database_password")

    # What the parts are told -----------------------------------------------------------------------------------

    def kafka_admin(self) -> dict[str, str]:
        """Configuration for `confluent_kafka.admin.AdminClient` as the super user, on the internal listener."""
        return {
            "bootstrap.servers": f"127.0.0.1:{self.port('kafka_internal')}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": self.kafka_password("admin"),
        }

    def kafka_client(self, username: str) -> dict[str, str]:
        """Keyword arguments for aiokafka's clients on the internal listener."""
        return {
            "bootstrap_servers": f"127.0.0.1:{self.port('kafka_internal')}",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": username,
            "sasl_plain_password": self.kafka_password(username),
        }

    @property
    def partners_ca(self) -> Path:
        """The PEM file by which a partner recognises the broker. Exists once the broker has been started."""
        return self.secrets / "certificates" / "ca.pem"

    def admin_dsn(self, database: str = "postgres") -> DatabaseArguments:
        """Keyword arguments for `asyncpg.connect` as the administrator; no URL, so no password in a log."""
        return {
            "host": "127.0.0.1",
            "port": self.port("postgres"),
            "user": "portolano",
            "password": self.secret("postgres/portolano"),
            "database": database,
        }

    def service_environment(
        self, service: str, topic_prefix: str = "", database_prefix: str | None = None
    ) -> dict[str, str]:
        """The environment variables of a service's process; its secrets stay in files, made here when absent.

        Without a `database_prefix` the topic prefix serves for both, as `database_name` spells it.
        """
        self.kafka_password(service)
        self.database_password(service)
        prefix = topic_prefix if database_prefix is None else database_prefix
        settings = {
            "SECRETS": str(self.secrets / service),
            "KAFKA": f"127.0.0.1:{self.port('kafka_internal')}",
            "KAFKA_USERNAME": service,
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.port("postgres")),
            "DATABASE_NAME": database_name(service, prefix),
            "DATABASE_USERNAME": service,
            "TOPIC_PREFIX": topic_prefix,
            "HTTP_PORT": str(self.port(service)),
            "AGREEMENT": str(CHECKOUT / "agreement"),
        }
        if service == "intake":
            self.secret("intake/intake_firm_key", make=lambda: secrets.token_hex(32))
        if service in MOVABLE and self.clock_may_be_moved:
            settings["MOVED_CLOCK"] = "true"
        if service == "notifier":
            self.secret("notifier/notifier_link_key", make=lambda: secrets.token_hex(32))
            settings |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.port("smtp"))}
            settings |= {"PAGE_PORT": str(self.port("notifier_page"))}
        return {f"{service.upper()}_{name}": value for name, value in settings.items()}


def database_name(service: str, prefix: str = "") -> str:
    """A service's database; a topic prefix such as `t1.` becomes `t1_`."""
    return re.sub(r"[^a-z0-9]", "_", prefix.lower()) + service


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader, or a start after a crash, sees the old text or the new, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as failed:
        draft.unlink(missing_ok=True)
        raise Trouble(f"cannot write {path}: {failed.strerror}") from failed


def _make(path: Path, mode: int) -> Path:
    if not path.is_dir():
        try:
            path.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as failed:
            raise Trouble(
                f"cannot make {path}: {failed.strerror}; choose another place with PORTOLANO_HOME"
            ) from failed
    return path
