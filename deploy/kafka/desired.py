"""What ought to stand on the broker, derived from the agreement; and which part of what stands there is ours. Pure.

Rights are the least that work. A partner writes its two inbound topics, reads its two outbound ones and uses groups
that begin with `<code>.`: a code has no dot in it, so no partner's groups begin like another's. It has no right on the
cluster (an idempotent producer needs none since Kafka 3.0) and no transactional id, whose markers would use up
offsets. The user `<code>.b` has the same rights, so that a password can be changed without an interruption.
A service writes and reads its own topics, the latter because its relay looks at the last record; it reads its inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from deploy.kafka.state import GROUP, TOPIC, Grant, Layout, State
from shared.agreement import Agreement
from shared.contracts.topics import SERVICES, Kind, Topic, internal_topics, is_code, topics, topics_of

MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Kafka's limit counts the batch, not the record; 256 KiB here would refuse librdkafka's ordinary batches of small
records. The limit of one record, 256 KiB, is checked by intake."""

_PREFIX = re.compile(r"(?:[a-z0-9][a-z0-9.-]{0,62})?")
_OURS = re.compile(
    r"(?P<prefix>.*?)(?:partners\.(?P<code>[a-z][a-z0-9]{1,31})\.(?:firms|updates|receipts|referrals)\.v1|"
    + "|".join(re.escape(topic.name) for topic in internal_topics())
    + ")"
)
_SERVICES_GROUP = re.compile(rf"(?P<prefix>.*?)(?:{'|'.join(SERVICES)})")
_HOUR = 3_600_000
_DAY = 24 * _HOUR


def desired(
    agreement: Agreement,
    *,
    prefix: str = "",
    partitions: int | None = None,
    stored: Mapping[str, int] = MappingProxyType({}),
) -> State:
    """The broker as the agreement wants it. `prefix` goes before topics and services' groups; users are shared.

    `partitions` replaces the agreement's number for internal topics (tests take two). `stored`: how many the store of
    a service says that its topics have; what it says holds, the agreement's number is what a new store begins with.
    Raises ValueError for a prefix that could not be told apart from a name.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"the topic prefix {prefix!r}: small letters, digits, dots and hyphens only")
    count = partitions or agreement.topics.internal_partitions
    everything = topics(agreement.partners)
    return State(
        topics={
            prefix + topic.name: Layout(
                stored.get(topic.writer, count) if topic.kind is Kind.INTERNAL else 1, _settings(topic, agreement)
            )
            for topic in everything
        },
        users=frozenset({*SERVICES, *agreement.partners}),
        grants=grants(agreement.partners, prefix),
        quotas={user: _quota(agreement) for code in agreement.partners for user in users_of(code)},
    )


def users_of(code: str) -> tuple[str, str]:
    """The two users of a partner, one of which at least always works while a password is changed."""
    return code, f"{code}.b"


@cache
def grants(partners: tuple[str, ...], prefix: str) -> frozenset[Grant]:
    """Every right of every user of ours under this prefix, and nothing that is not used."""
    return frozenset(_grants(partners, prefix))


def _grants(partners: tuple[str, ...], prefix: str) -> Iterator[Grant]:
    for topic in topics(partners):
        for user in _users(topic.writer):
            yield Grant(user, "Write", TOPIC, prefix + topic.name)
        for reader in (*topic.readers, *({topic.writer} & {*SERVICES})):
            for user in _users(reader):
                yield Grant(user, "Read", TOPIC, prefix + topic.name)
    for service in SERVICES:
        yield Grant(service, "Read", GROUP, prefix + service)
    for code in partners:
        for user in users_of(code):
            yield Grant(user, "Read", GROUP, f"{code}.", prefixed=True)


def ours(actual: State, agreement: Agreement, *, prefix: str = "") -> State:
    """The part of an actual state for which this agreement and prefix answer; the rest is somebody else's.

    Topics: those of this prefix. Rights: all of our users' except what another prefix rightly gives them; and what a
    body that has left still holds on its former topics and groups. Rules for any other user are left alone.
    """
    here = {*SERVICES, *(user for code in agreement.partners for user in users_of(code))}
    gone = {grant.user for grant in actual.grants if _on_own_topic(grant, prefix)} - here
    return State(
        topics={name: layout for name, layout in actual.topics.items() if _prefix_of(name) == prefix},
        users=actual.users,
        locked_out=actual.locked_out,
        grants=frozenset(
            grant
            for grant in actual.grants
            if (grant.user in here and not _elsewhere(grant, agreement, prefix))
            or (grant.user in gone and (_on_own_topic(grant, prefix) or _on_own_groups(grant)))
        ),
        quotas={user: values for user, values in actual.quotas.items() if user in here},
    )


def _on_own_topic(grant: Grant, prefix: str) -> bool:
    """Whether the user would be a partner by the names of its topics, be it one of the agreement's or not."""
    code = grant.user.removesuffix(".b")
    own = {prefix + topic.name for topic in topics_of(code)} if is_code(code) else set()
    return grant.resource == TOPIC and grant.name in own


def _on_own_groups(grant: Grant) -> bool:
    return grant.resource == GROUP and grant.name == f"{grant.user.removesuffix('.b')}."


def _elsewhere(grant: Grant, agreement: Agreement, prefix: str) -> bool:
    """Whether another prefix, that of a test perhaps, gives exactly this right."""
    other = _prefix_of(grant.name, _SERVICES_GROUP if grant.resource == GROUP else _OURS)
    return other is not None and other != prefix and grant in grants(agreement.partners, other)


def _prefix_of(name: str, pattern: re.Pattern[str] = _OURS) -> str | None:
    matched = pattern.fullmatch(name)
    return matched["prefix"] if matched else None


def _users(name: str) -> tuple[str, ...]:
    return (name,) if name in SERVICES else users_of(name)


def _settings(topic: Topic, agreement: Agreement) -> dict[str, str]:
    keep = agreement.topics.keep_days
    return {
        "cleanup.policy": "delete",
        "retention.ms": str((keep.internal if topic.kind is Kind.INTERNAL else keep.partners) * _DAY),
        "segment.ms": str(agreement.topics.segment_hours * _HOUR),
        "max.message.bytes": str(MAX_BATCH_BYTES),
        # The broker's time of arrival is what counts for deadlines and for the keep, not a clock of the writer's.
        "message.timestamp.type": "LogAppendTime",
        # Inbound: the broker unpacks and so checks the true size; a bomb of 60 MiB is 60 KB on the wire, and clients
        # unpack without a limit. What we write ourselves stays as our producer packed it.
        "compression.type": "uncompressed" if topic.kind is Kind.INBOUND else "producer",
    }


def _quota(agreement: Agreement) -> dict[str, float]:
    quota = agreement.quotas
    return {
        "producer_byte_rate": float(quota.producer_bytes_per_second),
        "consumer_byte_rate": float(quota.consumer_bytes_per_second),
        "request_percentage": float(quota.request_percent),
    }
