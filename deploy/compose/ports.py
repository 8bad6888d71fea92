"""On which ports of 127.0.0.1 the containers are reached, and by which variables another port is chosen."""

import os
from collections.abc import Mapping

from shared.errors import Trouble

PUBLISHED = {
    "kafka_partners": ("PORTOLANO_PARTNERS_PORT", 29094),
    "kafka_internal": ("PORTOLANO_OPERATOR_PORT", 29092),
    "postgres": ("PORTOLANO_POSTGRES_PORT", 25432),
    "mail_http": ("PORTOLANO_MAIL_PORT", 28025),
    "notifier_page": ("PORTOLANO_PAGE_PORT", 28080),
}
"""A port's name in `deploy.local.ports` → its variable and what it is without. `docker-compose.yml` says the same."""


def published(environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Each port by name. Raises `Trouble` where a variable holds no port."""
    found = {}
    for name, (variable, default) in PUBLISHED.items():
        given = environment.get(variable) or str(default)  # compose's `:-` takes an empty one for absent, too
        if not given.isdecimal() or not 0 < int(given) < 65536:
            raise Trouble(f"{variable}={given!r} is no port: give 1 to 65535")
        found[name] = int(given)
    return found
