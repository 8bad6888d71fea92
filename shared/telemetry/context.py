"""Trace contexts as they travel: the `traceparent` header of the W3C, read and made. Pure.

Where nobody brought one, the ids follow from the cause: deciding again, after a crash or by another process, gives the
same trace and the same span.
"""

import hashlib
import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class Context:
    """A span somewhere: 128 bits of trace, 64 bits of span, eight flags."""

    trace_id: int
    span_id: int
    flags: int

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.flags:02x}"

    @property
    def sampled(self) -> bool:
        return bool(self.flags & SAMPLED)


def read(traceparent: str | None) -> Context | None:
    """None where there is none, or where the W3C's rules make it none (zeros, version ff)."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return Context(int(match[1], 16), int(match[2], 16), int(match[3], 16)) if match else None


def trace_id_of(cause: str) -> int:
    """The trace that begins with this cause."""
    return int.from_bytes(hashlib.blake2b(cause.encode(), digest_size=16, person=b"trace").digest()) or 1


def span_id_of(service: str, cause: str) -> int:
    """The span in which a service processes this cause."""
    return int.from_bytes(hashlib.blake2b(f"{service}/{cause}".encode(), digest_size=8, person=b"span").digest()) or 1
