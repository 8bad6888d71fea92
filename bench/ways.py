"""The four hops of a contender that is not ours, on our own topics and with our services' own rights. Pure.

So partition counts, settings, logins and authorisation are the same for all contenders.
"""

from shared.agreement import load
from shared.contracts import topics

OUTPUT = {
    "intake": topics.INTAKE_FIRMS,
    "classifier": topics.CLASSIFIER_ASSESSMENTS,
    "referral": topics.REFERRAL_EVENTS,
    "notifier": topics.NOTIFIER_DELIVERIES,
}
"""What each hop writes, in order."""


def inputs(service: str, prefix: str) -> list[str]:
    """What the hop reads: the topics of all partners, then what the hop before it wrote."""
    before = [*OUTPUT].index(service) - 1
    names = [OUTPUT[[*OUTPUT][before]]] if before >= 0 else [topics.firms(code) for code in load().partners]
    return [prefix + name for name in names]


def output(service: str, prefix: str) -> str:
    """What the hop writes: 12 partitions."""
    return prefix + OUTPUT[service]


def end(prefix: str) -> str:
    """Where a firm has passed all four hops."""
    return output([*OUTPUT][-1], prefix)
