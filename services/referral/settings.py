"""What referral is told from outside: nothing but what every service is."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class ReferralSettings(ServiceSettings):
    """Environment variables begin with `REFERRAL_`."""

    model_config = SettingsConfigDict(env_prefix="referral_")
