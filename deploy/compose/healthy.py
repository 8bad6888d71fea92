"""Asks a door on this container's loopback: `python -I -S deploy/compose/healthy.py PORT PATH`; exit 0 for a 200.

A health check is a new process every few seconds, so this one imports nothing but the socket.
"""

import socket
import sys


def main(port: str, path: str) -> int:
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=4) as door:
            door.settimeout(4)
            door.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while more := door.recv(4096):
                answer += more
    except OSError as silent:
        print(f"no answer: {silent}")
        return 1
    head, _, body = answer.partition(b"\r\n\r\n")
    print(body[:500].decode("utf-8", "replace"))  # kept by the engine: why it is not ready
    return 0 if head.split(b" ")[1:2] == [b"200"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
