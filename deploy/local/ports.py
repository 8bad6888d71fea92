"""TCP ports on 127.0.0.1: which the system has, how free ones are found, who holds one."""

import random
import socket
from collections.abc import Collection
from pathlib import Path

import psutil

from shared.errors import Trouble

NAMES = (
    "kafka_internal",
    "kafka_partners",
    "kafka_controller",
    "postgres",
    "smtp",
    "mail_http",
    "intake",
    "classifier",
    "referral",
    "notifier",
    "notifier_page",
    "zipkin",
    "otlp",
    "collector_health",
)
_LOWEST = 20_000


def choose(count: int, avoid: Collection[int] = ()) -> list[int]:
    """That many free ports, below the range from which the kernel serves outgoing connections.

    A port that the kernel gives away by itself (bind to 0) could belong to somebody's client at the next start.
    """
    candidates = list(range(_LOWEST, _first_ephemeral()))
    random.SystemRandom().shuffle(candidates)
    chosen: list[int] = []
    for number in candidates:
        if len(chosen) == count:
            break
        if number not in avoid and is_free(number):
            chosen.append(number)
    if len(chosen) < count:
        raise Trouble(f"no {count} free ports between {_LOWEST} and {_first_ephemeral()} on 127.0.0.1: stop something")
    return chosen


def is_free(number: int) -> bool:
    """Whether a server could listen on this port now; connections that are winding down do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def holder(number: int) -> str:
    """Who listens there, in words: `nginx (pid 4711)`, or `another program` where the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.pid and address and address.port == number and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def _first_ephemeral() -> int:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        first = 32_768
    return first if first >= _LOWEST + 1_000 else 65_536
