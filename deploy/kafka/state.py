"""The values in which a broker is described: what stands on it, or what ought to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TOPIC = "topic"
GROUP = "group"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One access rule: `user` may do `operation` (Kafka's name, `Read`) on a resource of the broker.

    Kafka lets Describe follow from Read and from Write, so no grant of ours says it. With `prefixed` the name is the
    beginning of the names it covers. `denies` and `host` exist because rules made by hand can have them.
    """

    user: str
    operation: str
    resource: str
    name: str
    prefixed: bool = False
    denies: bool = False
    host: str = "*"

    def __str__(self) -> str:
        origin = "" if self.host == "*" else f" from {self.host}"
        return f"{self.user} {self.operation} on {self.resource} {self.name}{'*' if self.prefixed else ''}{origin}"


@dataclass(frozen=True, slots=True)
class Layout:
    """A topic's number of partitions and its settings, as far as they are not the broker's own defaults."""

    partitions: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """Everything about a broker that provisioning looks at."""

    topics: Mapping[str, Layout] = field(default_factory=dict)
    users: frozenset[str] = frozenset()
    """Who has a SCRAM-SHA-512 credential."""
    locked_out: frozenset[str] = frozenset()
    """Users whom the password in this installation's secrets does not let in. Empty in a desired state."""
    grants: frozenset[Grant] = frozenset()
    quotas: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By user: quota name (`producer_byte_rate`, …) and value."""
