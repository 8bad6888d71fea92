"""The home as a container sees it: servers by name, secrets as mounted files, and nothing that it could write."""

from collections.abc import Callable
from pathlib import Path

from deploy.local.home import DatabaseArguments, Home
from shared.errors import Trouble

SECRETS = Path("/run/secrets")
_KAFKA, _POSTGRES = "kafka:9092", ("postgres", 5432)


class Inside(Home):
    """A `Home` for what provisions from inside a container. Its secrets are those that compose has mounted."""

    def secret(self, name: str, make: Callable[[], str] | None = None) -> str:
        """The mounted secret `name`. It is never made: a password that only this container knew would let nobody in."""
        path = SECRETS / name
        try:
            return path.read_text()
        except OSError as missing:
            raise Trouble(f"{path}: {missing.strerror}; `make compose-secrets` makes what is missing") from missing

    def kafka_admin(self) -> dict[str, str]:
        return {
            "bootstrap.servers": _KAFKA,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": self.kafka_password("admin"),
        }

    def kafka_client(self, username: str) -> dict[str, str]:
        return {
            "bootstrap_servers": _KAFKA,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": username,
            "sasl_plain_password": self.kafka_password(username),
        }

    def admin_dsn(self, database: str = "postgres") -> DatabaseArguments:
        host, port = _POSTGRES
        password = self.secret("postgres/portolano")
        return {"host": host, "port": port, "user": "portolano", "password": password, "database": database}
