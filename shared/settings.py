"""What a service is told from outside: one frozen object, read once, secrets wrapped.

Environment variables are `<SERVICE>_<SETTING>`; secrets are files called `<service>_<setting>` in the directory that
`<SERVICE>_SECRETS` names. A value that does not fit stops the process at the start with the variable's name.
"""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Trouble
from shared.feeds.kafka import Access
from shared.postgres.pool import Address

S = TypeVar("S", bound="ServiceSettings")
AGREEMENT = Path(__file__).resolve().parent.parent / "agreement"
"""A directory with all versions; a setting may name a single one instead."""


class ServiceSettings(BaseSettings):
    """What every service needs. Subclasses set `env_prefix` to `<SERVICE>_` and add their own."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    kafka: str = Field(description="host:port of the internal listener")
    kafka_username: str
    kafka_password: SecretStr
    database_host: str
    database_port: int
    database_name: str
    database_username: str
    database_password: SecretStr
    http_port: int = Field(description="health door on loopback", ge=0, le=65535)
    kafka_session_seconds: float = Field(
        default=4.0, ge=1.0, description="how long a dead process keeps its partitions before another gets them"
    )
    topic_prefix: str = ""
    moved_clock: bool = Field(default=False, description="rows of clock_moves count: in tests and demonstrations alone")
    agreement: Path = AGREEMENT
    log_level: str = "INFO"

    def access(self) -> Access:
        return Access(self.kafka, self.kafka_username, self.kafka_password.get_secret_value())

    def address(self) -> Address:
        return Address(
            self.database_host,
            self.database_port,
            self.database_name,
            self.database_username,
            self.database_password.get_secret_value(),
        )


def read_settings(kind: type[S]) -> S:
    """Read the environment. Raises `Trouble` that names each variable or secret file that is missing or wrong."""
    prefix = kind.model_config.get("env_prefix", "").upper()
    secrets = os.environ.get(f"{prefix}SECRETS")
    if secrets is not None and not Path(secrets).is_dir():
        raise Trouble(f"{prefix}SECRETS names {secrets}, which is not a directory.")
    try:
        return kind(_secrets_dir=secrets)
    except ValidationError as error:
        wrong = "; ".join(f"{prefix}{'_'.join(map(str, e['loc'])).upper()}: {e['msg'].lower()}" for e in error.errors())
        raise Trouble(f"The settings do not fit: {wrong}.") from None
