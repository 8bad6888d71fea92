"""What the notifier is told from outside, beside what every service is: the mail server, where the desks are, and where
firms reach their page."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.notifier.domain import Desks, is_address
from services.notifier.links import Links
from services.notifier.smtp import Server
from services.notifier.wording import Language
from shared.errors import Trouble
from shared.settings import ServiceSettings


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("not a plain mail address such as desk@example.org")
    return text


MailAddress = Annotated[str, AfterValidator(_address)]


class NotifierSettings(ServiceSettings):
    """`NOTIFIER_DESKS` is a JSON object of partner codes and addresses; codes not in it are
    `<code>@NOTIFIER_DESK_DOMAIN`. `NOTIFIER_DESK_LANGUAGES` is one of codes and `it` or `en`; codes not in it read
    Italian. `NOTIFIER_ESCALATIONS` is one of codes and addresses: who is told what the desk has left waiting; for codes
    not in it the desk is told again."""

    model_config = SettingsConfigDict(env_prefix="notifier_")

    smtp_host: str
    smtp_port: int = Field(ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    page_host: str = Field(default="127.0.0.1", description="where the firms' page listens; a container's is 0.0.0.0")
    page_port: int = Field(ge=1, le=65535)
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~-]+)*$",
        description="where firms reach the page; without it, this machine's loopback",
    )
    link_key: SecretStr = Field(min_length=32)
    link_key_before: SecretStr | None = Field(default=None, min_length=32, description="still believed, signs nothing")
    smtp_connections: int = Field(default=6, ge=1, le=64, description="mails on their way at once, in one process")
    sender: MailAddress = "hub@portolano.example"
    desk_domain: str = Field(default="partners.portolano.example", pattern=r"^([a-z0-9-]+\.)+[a-z0-9-]{2,}$")
    desks: dict[str, MailAddress] = Field(default_factory=dict)
    escalations: dict[str, MailAddress] = Field(default_factory=dict)
    desk_languages: dict[str, Language] = Field(default_factory=dict)

    def server(self) -> Server:
        """Where mail is handed in. Raises `Trouble` where of name and password only one is given."""
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise Trouble("NOTIFIER_SMTP_USERNAME and the secret notifier_smtp_password: give both or none.")
        return Server(
            host=self.smtp_host,
            port=self.smtp_port,
            sender=self.sender,
            security=self.smtp_security,
            username=self.smtp_username,
            password=self.smtp_password.get_secret_value() if self.smtp_password else None,
        )

    def links(self) -> Links:
        """Who signs the links that firms get."""
        keys = [key.get_secret_value().encode() for key in (self.link_key, self.link_key_before) if key is not None]
        return Links(self.public_url or f"http://127.0.0.1:{self.page_port}", keys)

    def where(self) -> Desks:
        """Where the partners' desks are."""
        return Desks(
            domain=self.desk_domain,
            addresses=self.desks,
            languages=self.desk_languages,
            escalations=self.escalations,
        )
