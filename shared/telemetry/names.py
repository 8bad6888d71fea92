"""The register: every span, attribute and metric that the project writes, with what it means.

A test records what real services write and refuses what is not listed here. Attributes of OpenTelemetry's messaging
conventions keep their names; those of our own begin with `portolano.`. Values are ids, codes, places and counts. What a
stranger could have put words into is left out: the type of an event at a door unless the contract knows it, and its id
unless it is a UUID (a record at a door is always found by its place, which its receipt names).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Spans

PROCESS = "process"
"""`process <event>`: one record from the moment its batch was begun to the commit. Child of who published it."""
SEND = "send"
"""`send <event>`: one record of ours from being handed to the broker to its acknowledgement, by the relay."""
PROCESS_BATCH = "process batch"
"""One batch with all its tries, a trace of its own; the events' spans link to it."""
DELIVER = "deliver mail"
"""One message and the mail server's answer to it."""

_EVENT = r"[a-z-]+(?:\.[a-z-]+)*\.v\d+"
SPANS = re.compile(rf"(?:{PROCESS}|{SEND}) {_EVENT}|{PROCESS_BATCH}|{DELIVER}")
"""What a span may be called."""

RETRY = "retry"
"""Event on a batch's span: a try failed and another follows; `error.type` says why."""

# Attributes of the messaging conventions

SYSTEM = "messaging.system"
OPERATION = "messaging.operation.type"
DESTINATION = "messaging.destination.name"
PARTITION = "messaging.destination.partition.id"
OFFSET = "messaging.kafka.offset"
GROUP = "messaging.consumer.group.name"
MESSAGE_ID = "messaging.message.id"
MESSAGES = "messaging.batch.message_count"
ERROR = "error.type"

# Attributes of our own

EVENT = "portolano.event"
PLACE = "portolano.place"
SEQUENCE = "portolano.sequence"
PARTNER = "portolano.partner"
SUBMISSION = "portolano.submission_id"
FIRM = "portolano.firm_id"
NEED = "portolano.need_id"
REFERRAL = "portolano.referral_id"
REFERRALS = "portolano.referrals"
OUTCOME = "portolano.outcome"
TRIES = "portolano.tries"
ANSWER = "portolano.mail.answer"
CODE = "portolano.mail.code"
MAIL_ID = "portolano.mail.message_id"
JOINS = "portolano.joins"

ATTRIBUTES: Mapping[str, str] = {
    SYSTEM: "always kafka",
    OPERATION: "process or send",
    DESTINATION: "the topic, with its prefix",
    PARTITION: "the partition, as text",
    OFFSET: "the record's offset",
    GROUP: "the consumer group",
    MESSAGE_ID: "the id of an event of ours",
    MESSAGES: "records of a batch",
    ERROR: "the kind of a failure, never its words",
    EVENT: "the event's type without it.portolano",
    PLACE: "topic/partition@offset: what a receipt names as the position",
    SEQUENCE: "the record's number in its feed",
    PARTNER: "code of the partner whose topic it is",
    SUBMISSION: "id that a partner gave its event, where it is a UUID",
    FIRM: "the firm",
    NEED: "the need",
    REFERRAL: "the referral",
    REFERRALS: "how many referrals an event was about, where they are several",
    OUTCOME: "applied, repeated, refused, held",
    TRIES: "transactions that a batch took, failed ones included",
    ANSWER: "taken, putoff, refused, unreached",
    CODE: "the mail server's code",
    MAIL_ID: "the Message-ID without its brackets",
    JOINS: "on a link: what is joined, `batch` or `referral`",
}

DOOR_TYPES = frozenset(
    {
        "it.portolano.firm.submitted.v1",
        "it.portolano.firm.succeeded.v1",
        "it.portolano.consent.revoked.v1",
        "it.portolano.firm.erasure-requested.v1",
        "it.portolano.referral.updated.v1",
        "it.portolano.membership.answered.v1",
        "it.portolano.information.declined.v1",
    }
)
"""What a partner may write; any other type at a door is a stranger's word and is not repeated."""


def short(event_type: str) -> str:
    """An event's type as spans tell it."""
    return event_type.removeprefix("it.portolano.")


# Metrics


@dataclass(frozen=True, slots=True)
class Metric:
    """One series: Prometheus name, kind, meaning, labels beside `service`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


RECORDS = Metric("portolano_records_total", "counter", "Records consumed, by how they ended.", ("source", "outcome"))
BATCH_RECORDS = Metric("portolano_batch_records", "histogram", "Records of a batch.")
BATCH_SECONDS = Metric("portolano_batch_seconds", "histogram", "Seconds from a batch's begin to its commit.")
FAILURES = Metric(
    "portolano_batch_failures_total", "counter", "Tries of a batch that failed and came again.", ("kind",)
)
BACKOFF = Metric("portolano_backoff_seconds_total", "counter", "Seconds paused between such tries.")
GAPS_MET = Metric("portolano_gaps_met_total", "counter", "Gaps that were seen twice and so believed.", ("source",))
PUBLISHED = Metric("portolano_relay_published_total", "counter", "Records that the broker acknowledged.")
PUBLISH_FAILURES = Metric("portolano_relay_failures_total", "counter", "Sendings that failed, one per feed.", ("kind",))
FENCED = Metric(
    "portolano_fenced_total",
    "counter",
    "Work that came too late and was left: somebody else had it in hand already, or an unanswered commit had done it.",
    ("as",),
)
"""`as`: reader (a partition's records), relay (a feed), timer (a clock), notifier (a message)."""
MAILS = Metric("portolano_mails_total", "counter", "Answers of the mail server.", ("answer",))
PAGES = Metric("portolano_pages_total", "counter", "Requests at the firms' page, by what was shown.", ("sight",))
SPANS_DROPPED = Metric("portolano_spans_dropped_total", "counter", "Spans that were not recorded or not taken.")

LAG_RECORDS = Metric("portolano_lag_records", "gauge", "Records not yet consumed.", ("source",))
LAG_SECONDS = Metric("portolano_lag_seconds", "gauge", "Age of the oldest of them, to about 3 s.", ("source",))
OUTBOX_RECORDS = Metric("portolano_outbox_records", "gauge", "Records committed and not yet acknowledged.")
OUTBOX_SECONDS = Metric("portolano_outbox_seconds", "gauge", "Age of the oldest of them.")
RELAY_FEEDS = Metric("portolano_relay_feeds", "gauge", "Feeds that this process relays, or has set aside.", ("state",))
RELAY_IDLE = Metric("portolano_relay_stuck_seconds", "gauge", "Seconds that something has waited and nothing went.")
GAPS = Metric("portolano_gaps", "gauge", "Partitions that wait for a missing number.")
STOPPED = Metric("portolano_stopped", "gauge", "Partitions that only a person can set going again.")
BROKEN = Metric("portolano_breakers", "gauge", "Those of them stopped because too many of their records failed.")
HELD = Metric("portolano_held_records", "gauge", "Records set aside, and those that wait behind them.", ("state",))
DELIVERIES = Metric("portolano_deliveries", "gauge", "Messages by state, what was sent apart.", ("state",))
TIMERS_FIRED = Metric("portolano_timers_fired_total", "counter", "Clocks that were heard, each once.")
TIMERS_DUE = Metric("portolano_timers_due", "gauge", "Clocks that fall due within 24 hours, overdue ones included.")
TIMERS_OVERDUE = Metric(
    "portolano_timers_overdue_seconds",
    "gauge",
    "By how much the oldest is overdue, those of firms with held records apart.",
)
ALARMS = Metric("portolano_alarms", "gauge", "What a person must look at.")
READY = Metric("portolano_ready", "gauge", "1 where /readyz says yes.")
UNREAD = Metric("portolano_scrape_failed", "gauge", "1 where a part did not answer this scrape in time.", ("part",))

METRICS: tuple[Metric, ...] = (
    RECORDS,
    BATCH_RECORDS,
    BATCH_SECONDS,
    FAILURES,
    BACKOFF,
    GAPS_MET,
    PUBLISHED,
    PUBLISH_FAILURES,
    FENCED,
    MAILS,
    PAGES,
    SPANS_DROPPED,
    LAG_RECORDS,
    LAG_SECONDS,
    OUTBOX_RECORDS,
    OUTBOX_SECONDS,
    RELAY_FEEDS,
    RELAY_IDLE,
    GAPS,
    STOPPED,
    BROKEN,
    HELD,
    DELIVERIES,
    TIMERS_FIRED,
    TIMERS_DUE,
    TIMERS_OVERDUE,
    ALARMS,
    READY,
    UNREAD,
)
