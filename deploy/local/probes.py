"""Whether a server answers, asked with the first words of its own protocol: a stopped one still takes connections."""

import socket
import struct

from deploy.local import parts
from deploy.local.home import Home

PATIENCE = 2.0


def answers(home: Home, part: str) -> bool:
    """True for a part that has no probe: then only its process is known."""
    match part:
        case "postgres":
            # SSLRequest: any server says S or N before it asks who we are.
            return bool(_ask(home.port("postgres"), struct.pack("!ii", 8, 80877103)))
        case "kafka":
            # ApiVersions, version 0, without a client id: answered before a login.
            request = struct.pack("!hhih", 18, 0, 1, -1)
            return bool(_ask(home.port("kafka_internal"), struct.pack("!i", len(request)) + request))
        case "mail":
            return parts.fetch(home.port("mail_http"), "/api/count")[0] == 200
        case "zipkin":
            return parts.fetch(home.port("zipkin"), "/health")[0] == 200
        case "collector":
            # Our bridge and a collector answer this differently, but both answer.
            return parts.fetch(home.port("otlp"), "/readyz")[0] != 0
        case _:
            return True


def _ask(port: int, words: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            line.settimeout(PATIENCE)
            line.sendall(words)
            return line.recv(1)
    except OSError:
        return b""
