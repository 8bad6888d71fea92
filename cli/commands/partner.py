"""`portolano partner`: what a partner's engineer needs to connect with a client of their own."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import click

from cli.output import emit, json_option, say
from deploy.local.home import Home
from shared.agreement import load
from shared.contracts import topics
from shared.errors import Unreachable

FORMATS = ("properties", "librdkafka", "python")


@click.group(epilog="Example: portolano partner config cna --format librdkafka > cna.conf")
def command() -> None:
    """Connection settings of a partner."""


@command.command(epilog="Example: portolano partner config cna --format librdkafka > cna.conf")
@click.argument("code", metavar="CODE")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="properties",
    show_default=True,
    help="A file for Java's tools; key=value lines for kcat and librdkafka; JSON for AIOKafkaProducer(**…).",
)
@json_option
def config(code: str, form: str, as_json: bool) -> None:
    """Print the settings with which partner CODE connects; they hold its password.

    stdout carries the settings alone, so that it can be sent into a file. With `--format python`, make an
    ssl.SSLContext of `ssl_cafile` and pass that as `ssl_context`.
    """
    partners = load().partners
    if code not in partners:
        raise click.UsageError(f"there is no partner {code!r}; the partners are {', '.join(partners)}")
    home = Home.from_environment()
    address = _address(home)
    settings = settings_of(form, code, home.kafka_password(code), address, home.partners_ca)
    if as_json:
        emit(settings)
    elif form == "python":
        click.echo(json.dumps(settings, indent=2))
    else:
        click.echo("\n".join(f"{name}={value}" for name, value in settings.items()))
    own = topics.topics_of(code)
    say(
        f"{code} writes {', '.join(topic.name for topic in own if topic.writer == code)}; "
        f"reads {', '.join(topic.name for topic in own if code in topic.readers)}; "
        f"names its consumer groups {code}.…; only what is sent with acks=all has arrived"
    )


def settings_of(form: str, code: str, password: str, address: str, authority: Path) -> Mapping[str, str]:
    """The settings of partner `code`, in the words of one client library; `form` is one of FORMATS.

    `authority` is the PEM file of the authority that signed the broker's certificate.
    """
    match form:
        case "properties":
            module = "org.apache.kafka.common.security.scram.ScramLoginModule"
            return {
                "bootstrap.servers": address,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.jaas.config": f'{module} required username="{code}" password="{password}";',
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(authority),
            }
        case "librdkafka":
            return {
                "bootstrap.servers": address,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": code,
                "sasl.password": password,
                "ssl.ca.location": str(authority),
            }
        case "python":
            return {
                "bootstrap_servers": address,
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": code,
                "sasl_plain_password": password,
                "ssl_cafile": str(authority),
                "acks": "all",  # aiokafka's own default, 1, loses what the broker has not yet written twice
            }
        case _:
            raise ValueError(f"{form!r} is none of {FORMATS}")


def _address(home: Home) -> str:
    """Where partners knock; Unreachable while nobody opens, because the settings would lead nowhere."""
    started = (home.root / "ports.json").exists()  # asked first: a look at an absent system must not make one
    if started:
        host, port = "127.0.0.1", home.port("kafka_partners")
        try:
            with socket.create_connection((host, port), timeout=3):
                return f"{host}:{port}"
        except OSError:
            pass
    raise Unreachable("Kafka is not running: start the system with `portolano up`")
