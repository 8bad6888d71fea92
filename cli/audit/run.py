"""The whole audit: snapshots from the end of the chain to its beginning, then the topics, then every check."""

from datetime import timedelta

from cli.audit import effects, erasures, feeds, readers
from cli.audit.effects import Life
from cli.audit.evidence import Store, read_store, read_topics
from cli.audit.findings import Report
from deploy.local.home import Home
from shared.agreement import Agreement, load
from shared.contracts.topics import SERVICES, Kind, topics

TABLES = {
    "intake": ("profiles",),
    "classifier": ("assessments",),
    "referral": (
        "assessments",
        "referrals",
        "deliveries",
        "decisions",
        "membership_queries",
        "information_requests",
        "erasures",
    ),
    "notifier": ("notifications", "questions"),
}


async def audit(home: Home, prefix: str = "") -> Report:
    """Compare stores and topics of the system in `home`. Raises `Unreachable` when a part does not answer."""
    agreement = load()
    # What a downstream snapshot has heard, an upstream one taken later must have said.
    stores = {service: await read_store(home, service, prefix, TABLES[service]) for service in reversed(SERVICES)}
    declared = topics(agreement.partners)
    doors = [prefix + topic.name for topic in declared if topic.kind is Kind.INBOUND]
    logs = await read_topics(home, [prefix + topic.name for topic in declared if topic.kind is not Kind.INBOUND], doors)
    report = Report()
    for topic in declared:
        keep = _keep(agreement, topic.kind)
        mine = {key: log for key, log in logs.items() if key[0] == prefix + topic.name}
        if not mine:
            report.find("topics", prefix + topic.name, "does not exist: run `portolano provision`")
        for key, log in mine.items():
            if topic.writer in stores:
                feeds.check_feed(report, stores[topic.writer], f"{key[0]}/{key[1]}", log, keep)
            for reader in topic.readers:
                if reader in stores:
                    readers.check_reader(report, stores[reader], *key, log)
    for store in stores.values():
        readers.check_held(report, store)
    _effects(report, stores, prefix, logs, agreement)
    return report


def _effects(report: Report, stores: dict[str, Store], prefix: str, logs: effects.Logs, agreement: Agreement) -> None:
    growths = [heads for store in stores.values() for heads in store.growths]
    lives = {service: Life(store, prefix, logs, growths) for service, store in stores.items()}
    effects.check_intake(report, lives["intake"], agreement.partners)
    effects.check_classifier(report, lives["classifier"])
    effects.check_referral(report, lives["referral"], agreement.partners)
    effects.check_notifier(report, lives["notifier"])
    erasures.check_erasures(report, lives, agreement.partners)


def _keep(agreement: Agreement, kind: Kind) -> timedelta:
    days = agreement.topics.keep_days
    return timedelta(days=days.internal if kind is Kind.INTERNAL else days.partners)
