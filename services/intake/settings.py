"""What intake is told from outside: what every service is, and the key that firms are named with."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """`firm_key` makes a firm_id of a codice fiscale and is never changed: with another key every firm is a new one."""

    model_config = SettingsConfigDict(env_prefix="intake_")

    firm_key: Annotated[SecretStr, Field(min_length=32)]
