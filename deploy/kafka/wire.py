"""One authenticated connection to the broker, for the few requests that no client library can make.

aiokafka's connection and its protocol types are not a public interface; this module and `quotas` are the only places
that rest on them here, and a test that runs them against the real broker pins them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiokafka.conn import create_conn
from aiokafka.errors import AuthenticationFailedError, KafkaError, SaslAuthenticationFailed

from shared.errors import Trouble, Unreachable


class Wire(Protocol):
    """What a connection is good for: a request of the protocol goes in, its response comes out."""

    async def send(self, request: object) -> Any: ...


class LoginRefused(Trouble):
    """The broker does not know this user with this password."""


@asynccontextmanager
async def wire(client: Mapping[str, str]) -> AsyncIterator[Wire]:
    """Connect and log in with aiokafka's settings (`bootstrap_servers` with one address, `sasl_plain_username`, …).

    Raises LoginRefused, or Unreachable where nobody answers.
    """
    address, user = client["bootstrap_servers"], client["sasl_plain_username"]
    host, _, port = address.rpartition(":")
    try:
        connection = await create_conn(
            host,
            int(port),
            client_id="portolano-provision",
            request_timeout_ms=10_000,
            security_protocol=client["security_protocol"],
            sasl_mechanism=client["sasl_mechanism"],
            sasl_plain_username=user,
            sasl_plain_password=client["sasl_plain_password"],
        )
    except (AuthenticationFailedError, SaslAuthenticationFailed) as refused:
        why = "its password is not the one in the secrets"
        raise LoginRefused(f"Kafka at {address} refuses the login of {user}: {why}") from refused
    except (OSError, TimeoutError, KafkaError) as silent:
        raise Unreachable(f"Kafka does not answer at {address}: start it with `portolano up`") from silent
    try:
        yield connection
    except KafkaError as gone:
        raise Unreachable(f"Kafka at {address} went away in the middle: look at `portolano status`") from gone
    finally:
        connection.close()
