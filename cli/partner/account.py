"""Who a partner is on the broker, and where the broker is: what its own clients connect with."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import click

from cli.commands.partner import settings_of
from cli.partner.logins import logins_of
from deploy.local.home import Home
from shared.agreement import load
from shared.contracts import topics
from shared.errors import Unreachable

F = TypeVar("F", bound=Callable[..., object])
NOT_RUNNING = "Kafka is not running: start the system with `portolano up`"


@dataclass(frozen=True)
class Account:
    """A partner's login on the PARTNERS listener, and its four topics under `prefix` (empty in production)."""

    code: str
    settings: dict[str, str] = field(repr=False)
    """For any client of librdkafka: the very settings that `portolano partner config` gives to the partner."""
    prefix: str = ""

    @property
    def firms(self) -> str:
        return self.prefix + topics.firms(self.code)

    @property
    def updates(self) -> str:
        return self.prefix + topics.updates(self.code)

    @property
    def receipts(self) -> str:
        return self.prefix + topics.receipts(self.code)

    @property
    def referrals(self) -> str:
        return self.prefix + topics.referrals(self.code)


def sign_in(home: Home, code: str, prefix: str = "") -> Account:
    """The account of partner `code`. Raises `Unreachable` while nobody opens at the partners' door."""
    if not home.is_made:
        raise Unreachable(NOT_RUNNING)
    host, port = "127.0.0.1", home.port("kafka_partners")
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        raise Unreachable(NOT_RUNNING) from error
    user = logins_of(home, code).current
    settings = settings_of("librdkafka", user, home.kafka_password(user), f"{host}:{port}", home.partners_ca)
    return Account(code, dict(settings), prefix)


def partner_option(command: F) -> F:
    """Adds `--partner CODE`; the command receives `partner: str`, one of the signatories."""
    return click.option(
        "--partner", required=True, metavar="CODE", callback=_signatory, help="As which partner: cna, aice, …"
    )(command)


def _signatory(context: click.Context, option: click.Parameter, code: str) -> str:
    partners: Sequence[str] = load().partners
    if code not in partners:
        raise click.UsageError(f"there is no partner {code!r}; the partners are {', '.join(partners)}.", context)
    return code
