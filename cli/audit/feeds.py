"""Continuity: in each feed every number stands once, and journal and topic say the same.

Three things are compared per feed: the numbers that the store gave out (`feeds`), the journal's rows, and the records
in Kafka. A record may stand in Kafka several times, since a relay repeats a suffix after a crash; then the copies
must be equal, and a reader who waits for what is missing must get every number in order. What its keep has ended may
be missing at the beginning, nothing else may.
"""

from datetime import UTC, datetime, timedelta

from cli.audit.evidence import JournalRow, Log, Record, Store
from cli.audit.findings import Report
from shared.feeds.records import Packed

JOURNAL_KEEP = timedelta(days=7)
SLACK = timedelta(hours=1)
"""Nothing is expected to be removed to the second."""


def check_feed(report: Report, store: Store, feed: str, log: Log, keep: timedelta) -> None:
    """`log` is the feed's partition, read after the store's snapshot; `keep` is the topic's."""
    head, published = store.heads.get(feed, 0), store.published.get(feed, 0)
    rows = store.journal.get(feed, [])
    if published > head:
        report.find("numbers", feed, f"published up to {published}, but only {head} numbers were given out")
    in_kafka = _numbers_in_kafka(report, feed, log, store.generations)
    _check_journal(report, store, feed, rows, head, in_kafka)
    _check_topic(report, store, feed, log, rows, in_kafka, head, published, keep)
    _compare(report, feed, rows, in_kafka, published)
    report.looked_at["records of feeds"] += len(log.records)
    report.looked_at["journal rows"] += len(rows)
    report.waiting["unpublished"] += max(head - published, 0)


def _numbers_in_kafka(report: Report, feed: str, log: Log, generations: list[str]) -> dict[int, Record]:
    """The record that a reader takes for each number. Order, repeats and strange generations are judged here.

    A reader that meets a number too high reads on until the missing one comes, and takes from there: what was published
    again after a loss stands behind what came later. So only a number that never comes is missing.
    """
    taken: dict[int, Record] = {}
    ahead: dict[int, Record] = {}
    for record in log.records:
        if record.number is None or record.generation not in generations:
            report.find("numbers", feed, f"offset {record.offset} carries no number of this store")
            continue
        known = taken.get(record.number) or ahead.get(record.number)
        if known is not None and (known.value, _payload(known)) != (record.value, _payload(record)):
            report.find(
                "repeats", feed, f"number {record.number} stands at {known.offset} and {record.offset} differently"
            )
        if record.number in taken:
            continue
        last = next(reversed(taken)) if taken else record.number - 1
        if record.number == last + 1:
            taken[record.number] = record
            ahead.pop(record.number, None)
        elif record.number > last:
            ahead.setdefault(record.number, record)
        else:
            report.find("continuity", feed, f"number {record.number} follows {last} at offset {record.offset}")
    if ahead:
        last, (number, first) = next(reversed(taken)), min(ahead.items())
        report.find("continuity", feed, f"number {number} follows {last} at offset {first.offset}")
    return {**taken, **ahead}


def _payload(record: Record) -> list[tuple[str, bytes | None]]:
    return [
        (name, value)
        for name, value in record.headers
        if not name.startswith(("ce_sequence", "ce_generation", "ce_fork"))
    ]


def _check_journal(
    report: Report, store: Store, feed: str, rows: list[JournalRow], head: int, in_kafka: dict[int, Record]
) -> None:
    expected = rows[0].first if rows else head + 1
    for row in rows:
        if row.first > expected:
            report.find("journal", feed, f"numbers {expected} to {row.first - 1} have no outbox row")
        elif row.first < expected:
            report.find("journal", feed, f"numbers {row.first} to {min(row.last, expected - 1)} have two outbox rows")
        if row.records is None or len(row.records) != row.n:
            report.find(
                "journal", feed, f"the outbox row of number {row.first} cannot be unpacked into its {row.n} records"
            )
        expected = max(expected, row.last + 1)
    if expected != head + 1:
        report.find("journal", feed, f"numbers {expected} to {head} were given out and have no outbox row")
    begins = rows[0].first if rows else head + 1
    young = store.taken_at - JOURNAL_KEEP + SLACK
    lost = [n for n, record in in_kafka.items() if n < begins and _at(record) > young]
    if lost:
        report.find(
            "journal", feed, f"numbers {min(lost)} to {max(lost)} have no outbox row before the journal's keep is over"
        )
    elif begins > 1 and not in_kafka and rows:
        report.find("journal", feed, f"the journal begins with number {begins} and Kafka holds none before it")


def _check_topic(
    report: Report,
    store: Store,
    feed: str,
    log: Log,
    rows: list[JournalRow],
    in_kafka: dict[int, Record],
    head: int,
    published: int,
    keep: timedelta,
) -> None:
    if in_kafka and max(in_kafka) > head and _at(in_kafka[max(in_kafka)]) < store.taken_at:
        report.find(
            "numbers",
            feed,
            f"Kafka has number {max(in_kafka)}, the store gave out {head}: restored from an older copy?",
        )
    begins = min(in_kafka, default=head + 1)
    kept = store.taken_at - keep + SLACK
    early = [row for row in rows if row.first < begins and row.first <= published and row.said_at > kept]
    if early:
        last = min(begins - 1, published)
        report.find(
            "keep",
            feed,
            f"numbers {early[0].first} to {last} were removed from the topic before their keep of {keep.days} days "
            f"was over (the log begins at offset {log.begin})",
        )
    missing = [n for n in range(begins, published + 1) if n not in in_kafka]
    if missing:
        report.find(
            "published", feed, f"number {missing[0]} is marked as published and is not in Kafka ({len(missing)} in all)"
        )


def _compare(report: Report, feed: str, rows: list[JournalRow], in_kafka: dict[int, Record], published: int) -> None:
    for row in rows:
        for number, packed in enumerate(row.records or [], row.first):
            record = in_kafka.get(number)
            if record is None:
                continue
            if not _same(packed, record) or record.generation != row.generation:
                report.find("published", feed, f"number {number} reads otherwise in Kafka than in the journal")


def _same(packed: Packed, record: Record) -> bool:
    return packed.value == record.value and packed.key == record.key and list(packed.headers) == _payload(record)


def _at(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
