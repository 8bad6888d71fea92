"""librdkafka says on stderr what it thinks of a connection; a command tells that itself, in one line."""

import logging

LOGGER = logging.getLogger("portolano.partner.kafka")
LOGGER.addHandler(logging.NullHandler())
LOGGER.propagate = False

QUIET: dict[str, str | int | bool | object] = {
    "logger": LOGGER,
    "log_level": 0,
    "error_cb": lambda error: LOGGER.info(error.str()),
}
