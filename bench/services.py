"""The contenders as four processes each."""

import sys
from functools import partial
from pathlib import Path

from bench.hops import SESSION_SECONDS, Hop
from deploy.local.home import SERVICES, Home
from deploy.local.parts import fetch
from deploy.local.ports import choose


def portolano(home: Home, prefix: str, *, mail: bool = False) -> list[Hop]:
    """The four services as they are shipped. Without `mail` nobody listens where mail is handed in: the gateway is
    away, messages are written and wait."""
    doors = choose(len(SERVICES) + 1, avoid=set())
    hops = []
    for service, port in zip(SERVICES, doors, strict=False):
        upper = service.upper()
        environment = home.service_environment(service, prefix)
        environment |= {f"{upper}_HTTP_PORT": str(port), f"{upper}_KAFKA_SESSION_SECONDS": str(SESSION_SECONDS)}
        if service == "notifier" and not mail:
            environment["NOTIFIER_SMTP_PORT"] = str(doors[-1])
        command = (sys.executable, "-m", f"services.{service}")
        hops.append(Hop(service, command, environment, partial(_answers, port)))
    return hops


def others(home: Home, contender: str, prefix: str) -> list[Hop]:
    """The four hops of `raw` or `typical`; they say `ready` when they have partitions to read."""
    environment = {"PORTOLANO_HOME": str(home.root)}
    return [
        Hop(service, (sys.executable, "-m", f"bench.{contender}", service, prefix), environment, _says_ready)
        for service in SERVICES
    ]


def _answers(port: int, _: Path) -> bool:
    return fetch(port, "/readyz")[0] == 200


def _says_ready(log: Path) -> bool:
    return "ready\n" in log.read_text("utf-8", "replace")
