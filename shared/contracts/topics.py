"""The topics: what each is called, who alone writes it, who reads it.

Kafka does not stamp the producer on a record, so the topic is the identity: a partner's two inbound topics are written
by that partner and nobody else, and the tenant is read from the topic's name, never from a payload. Everything else
about topics (partition counts, retention, rights) is derived from this table by `deploy.kafka`.

Names are `<owner>.<plural-noun>.v<N>`; a prefix, empty in production, sets apart the topics of tests. This module is
pure: all names are given without the prefix unless a parameter says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SERVICES = ("intake", "classifier", "referral", "notifier")
"""The four services, in the order in which a firm meets them; also their Kafka user names."""

INTAKE_FIRMS = "intake.firms.v1"
CLASSIFIER_ASSESSMENTS = "classifier.assessments.v1"
REFERRAL_EVENTS = "referral.events.v1"
NOTIFIER_DELIVERIES = "notifier.deliveries.v1"

_TAKEN = frozenset(
    {*SERVICES, "admin", "controller"}
)  # the broker knows these as users of ours, two of them all-powerful
_CODE = re.compile(r"[a-z][a-z0-9]{1,31}")
_PARTNERS_TOPIC = re.compile(r"partners\.([a-z][a-z0-9]{1,31})\.(?:firms|updates|receipts|referrals)\.v1")


class NotAPartnersTopic(ValueError):
    """The name is not that of a partner's topic under this prefix; it has no tenant."""


class Kind(StrEnum):
    """Which way a topic crosses the boundary."""

    INBOUND = "inbound"
    """A partner writes, a service reads. One partition: the order is the partner's own."""
    OUTBOUND = "outbound"
    """A service writes, one partner reads. One partition: one feed, checkable by its reader alone."""
    INTERNAL = "internal"
    """Between our own services. P partitions, chosen by the firm."""


class Partitions(StrEnum):
    """How many partitions a topic has: one, or the number that the agreement gives for internal topics."""

    ONE = "one"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name without prefix, its single writer, its readers (partner codes or names of services).

    Readers are those who consume it as input. A service may also read what it writes, because its relay looks at the
    last record of its own feed; that right is not listed here.
    """

    name: str
    kind: Kind
    writer: str
    readers: tuple[str, ...]

    @property
    def partitions(self) -> Partitions:
        return Partitions.INTERNAL if self.kind is Kind.INTERNAL else Partitions.ONE


def firms(code: str) -> str:
    """The topic on which the partner tells of firms."""
    return f"partners.{_checked(code)}.firms.v1"


def updates(code: str) -> str:
    """The topic on which the partner answers referrals and questions."""
    return f"partners.{_checked(code)}.updates.v1"


def receipts(code: str) -> str:
    """The topic on which intake answers every record of `firms(code)`."""
    return f"partners.{_checked(code)}.receipts.v1"


def referrals(code: str) -> str:
    """The topic on which the partner gets its referrals and the answers to its updates."""
    return f"partners.{_checked(code)}.referrals.v1"


def topics_of(code: str) -> tuple[Topic, ...]:
    """The four topics of one partner: two that it writes, two that it reads."""
    return (
        Topic(firms(code), Kind.INBOUND, writer=code, readers=("intake",)),
        Topic(updates(code), Kind.INBOUND, writer=code, readers=("referral",)),
        Topic(receipts(code), Kind.OUTBOUND, writer="intake", readers=(code,)),
        Topic(referrals(code), Kind.OUTBOUND, writer="referral", readers=(code,)),
    )


def internal_topics() -> tuple[Topic, ...]:
    """The topics between our own services, in the order of a firm's way."""
    return (
        Topic(INTAKE_FIRMS, Kind.INTERNAL, writer="intake", readers=("classifier",)),
        Topic(CLASSIFIER_ASSESSMENTS, Kind.INTERNAL, writer="classifier", readers=("referral",)),
        Topic(REFERRAL_EVENTS, Kind.INTERNAL, writer="referral", readers=("notifier",)),
        Topic(NOTIFIER_DELIVERIES, Kind.INTERNAL, writer="notifier", readers=("referral",)),
    )


def topics(partner_codes: Iterable[str]) -> tuple[Topic, ...]:
    """Every topic of the system: four for each partner, then the internal ones."""
    return tuple(topic for code in partner_codes for topic in topics_of(code)) + internal_topics()


def partner_of(topic_name: str, prefix: str = "") -> str:
    """The tenant: whose topic `topic_name` is, prefix included.

    Raises NotAPartnersTopic for everything that is not exactly `<prefix>partners.<code>.<noun>.v1`; a name that merely
    looks alike (`….firms.v1.dlq`, another prefix) has no tenant and never gets one by guessing.
    """
    matched = _PARTNERS_TOPIC.fullmatch(topic_name.removeprefix(prefix)) if topic_name.startswith(prefix) else None
    if matched is None:
        raise NotAPartnersTopic(f"{topic_name!r} is not a partner's topic under the prefix {prefix!r}")
    return matched[1]


def is_code(text: str) -> bool:
    """Whether `text` can be a partner's code: 2 to 32 lower-case letters and digits, since it stands in topic names.

    No punctuation, above all no dot: the dot ends the code in topic and group names, so that no partner's names can
    be the beginning of another's.
    """
    return _CODE.fullmatch(text) is not None and text not in SERVICES and text not in _TAKEN


def _checked(code: str) -> str:
    if not is_code(code):
        raise ValueError(f"{code!r} cannot be a partner's code: 2 to 32 lower-case letters and digits")
    return code
