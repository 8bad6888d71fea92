"""`portolano partner`: what a partner's engineer needs to connect with a client of their own."""

import asyncio
import json
import socket
from collections.abc import Mapping
from pathlib import Path

import click

from cli.output import emit, json_option, say
from cli.partner.logins import logins_of
from deploy.local.home import Home
from shared.agreement import load
from shared.contracts import topics
from shared.errors import Unreachable

FORMATS = ("properties", "librdkafka", "python")


@click.group(epilog="Example: portolano partner config cna --format librdkafka > cna.conf")
def command() -> None:
    """Connection settings of a partner, and a new password for it."""


_form_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="properties",
    show_default=True,
    help="A file for Java's tools; key=value lines for kcat and librdkafka; JSON for AIOKafkaProducer(**…).",
)


@command.command(epilog="Example: portolano partner config cna --format librdkafka > cna.conf")
@click.argument("code", metavar="CODE")
@_form_option
@json_option
def config(code: str, form: str, as_json: bool) -> None:
    """Print the settings with which partner CODE connects; they hold its password.

    stdout carries the settings alone, so that it can be sent into a file. With `--format python`, make an
    ssl.SSLContext of `ssl_cafile` and pass that as `ssl_context`.
    """
    _known(code)
    home = Home.from_environment()
    _show(home, code, form, as_json)
    own = topics.topics_of(code)
    say(
        f"{code} writes {', '.join(topic.name for topic in own if topic.writer == code)}; "
        f"reads {', '.join(topic.name for topic in own if code in topic.readers)}; "
        f"names its consumer groups {code}.…; only what is sent with acks=all has arrived"
    )


@command.command(
    epilog="Example: portolano partner rotate cna > cna.conf, and later: portolano partner rotate cna --finish"
)
@click.argument("code", metavar="CODE")
@click.option("--finish", "finishing", is_flag=True, help="All clients have the new settings: the old user goes.")
@_form_option
@json_option
def rotate(code: str, finishing: bool, form: str, as_json: bool) -> None:
    """Change the password of partner CODE without an interruption.

    The partner has two users with the same rights, CODE and CODE.b. The one that it does not use gets a new password,
    and its settings are printed as `partner config` does; both let in until `--finish`. Both steps can be given again.
    """
    from cli.partner.rotation import begin, finish  # Kafka's admin client; `config` does without

    _known(code)
    home = Home.from_environment()
    _address(home)
    if finishing:
        logins, gone = asyncio.run(finish(home, code))
        if as_json:
            emit({"current": logins.current, "gone": gone})
        elif gone is None:
            say(f"nothing to finish: {code} logs in as {logins.current}")
        else:
            say(f"{gone} is let in no longer; {code} logs in as {logins.current}. What is connected stays so")
        return
    logins, begun = asyncio.run(begin(home, code))
    _show(home, code, form, as_json)
    state = "lets in now" if begun else "was set up before"
    say(
        f"{logins.current} {state}, {logins.leaving} lets in as well. Give these settings to the clients of {code}; "
        f"when all have them: portolano partner rotate {code} --finish"
    )


def _known(code: str) -> None:
    partners = load().partners
    if code not in partners:
        raise click.UsageError(f"there is no partner {code!r}; the partners are {', '.join(partners)}")


def _show(home: Home, code: str, form: str, as_json: bool) -> None:
    """The settings of the user with which the partner logs in now, on stdout."""
    address = _address(home)
    user = logins_of(home, code).current
    settings = settings_of(form, user, home.kafka_password(user), address, home.partners_ca)
    if as_json:
        emit(settings)
    elif form == "python":
        click.echo(json.dumps(settings, indent=2))
    else:
        click.echo("\n".join(f"{name}={value}" for name, value in settings.items()))


def settings_of(form: str, user: str, password: str, address: str, authority: Path) -> Mapping[str, str]:
    """The settings of a partner's `user`, in the words of one client library; `form` is one of FORMATS.

    `authority` is the PEM file of the authority that signed the broker's certificate.
    """
    match form:
        case "properties":
            module = "org.apache.kafka.common.security.scram.ScramLoginModule"
            return {
                "bootstrap.servers": address,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.jaas.config": f'{module} required username="{user}" password="{password}";',
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(authority),
            }
        case "librdkafka":
            return {
                "bootstrap.servers": address,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": user,
                "sasl.password": password,
                "ssl.ca.location": str(authority),
            }
        case "python":
            return {
                "bootstrap_servers": address,
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": user,
                "sasl_plain_password": password,
                "ssl_cafile": str(authority),
                "acks": "all",  # aiokafka's own default, 1, loses what the broker has not yet written twice
            }
        case _:
            raise ValueError(f"{form!r} is none of {FORMATS}")


def _address(home: Home) -> str:
    """Where partners knock; Unreachable while nobody opens, because the settings would lead nowhere."""
    if home.is_made:
        host, port = "127.0.0.1", home.port("kafka_partners")
        try:
            with socket.create_connection((host, port), timeout=3):
                return f"{host}:{port}"
        except OSError:
            pass
    raise Unreachable("Kafka is not running: start the system with `portolano up`")
