"""What the containers are given as files: `python -m deploy.compose.prepare` makes it, or mends what there is.

The directory (`PORTOLANO_COMPOSE_HOME`, else `var/compose`) is a `Home` like that of `portolano up`: `PORTOLANO_HOME`
set to it, the `portolano` command works against the containers. Nothing that exists is changed, except the permissions
and what is derived: the broker's settings and the ports.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.compose.ports import published
from deploy.kafka.settings import as_properties, server_settings
from deploy.local import certificates
from deploy.local.home import CHECKOUT, SERVICES, Home, write_whole
from shared.agreement import load
from shared.errors import Trouble

INSIDE = {"kafka": 9092, "kafka_partners": 9094, "kafka_operator": 9095, "postgres": 5432}
"""The ports inside the containers."""


def home_from_environment(environment: Mapping[str, str] = os.environ) -> Home:
    """The directory in `PORTOLANO_COMPOSE_HOME`, else `var/compose` of the checkout."""
    named = environment.get("PORTOLANO_COMPOSE_HOME")
    return Home(Path(named).expanduser().resolve() if named else CHECKOUT / "var" / "compose")


def prepare(home: Home, ports: Mapping[str, int]) -> None:
    """Passwords, keys, the partners' certificate, the broker's settings. `ports`: as `published` gives them."""
    home.secrets  # noqa: B018  # makes the directory, which only its owner may enter
    write_whole(home.root / "ports.json", json.dumps(dict(ports), indent=2) + "\n")
    home.secret("postgres/portolano")
    for service in SERVICES:
        home.service_environment(service)  # makes the secrets that it tells the places of
    for code in load().partners:
        home.kafka_password(code)
    certificates.ensure(home)
    write_whole(home.secrets / "kafka" / "server.properties", _broker(home), mode=0o600)
    _open_within(home.secrets)


def _broker(home: Home) -> str:
    """All but the addresses that clients are told: those depend on the published ports, and `start.sh` adds them."""
    settings = server_settings(
        doors={
            "INTERNAL": f"0.0.0.0:{INSIDE['kafka']}",
            "PARTNERS": f"0.0.0.0:{INSIDE['kafka_partners']}",
            "OPERATOR": f"0.0.0.0:{INSIDE['kafka_operator']}",
        },
        controller="127.0.0.1:9093",
        admin_password=home.kafka_password("admin"),
        controller_password=home.kafka_password("controller"),
        keystore="/run/secrets/certificates/server.pem",
        authority="/run/secrets/certificates/ca.pem",
        data="/var/lib/kafka/data/log",
    )
    return as_properties(settings)


def _open_within(secrets: Path) -> None:
    """Compose mounts a file with the owner and the permissions that it has here, and the processes in the containers
    are users of their own: so the files can be read by everybody who gets there. On this machine that is their owner
    alone, because nobody else can enter `secrets`; in a container there is only what was mounted."""
    secrets.chmod(0o700)
    for path in secrets.rglob("*"):
        if path.name != "ca-key.pem":  # the one that no container is given
            path.chmod(0o755 if path.is_dir() else 0o644)


def main() -> int:
    """Exit code 0: all is there. 1: one line has said why not."""
    try:
        home = home_from_environment()
        prepare(home, published())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    print(f"secrets and settings are in {home.root}; now: docker compose up --build --wait")
    return 0


if __name__ == "__main__":
    sys.exit(main())
