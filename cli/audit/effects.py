"""Every event has its effect in the store that heard it, and every effect an event that explains it.

What a service heard is taken from Kafka, up to where its snapshot says it has read; what it said is taken from the
journal of that same snapshot (and from Kafka where the journal's keep is over). Both are then held against its
tables.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from cli.audit.evidence import Log, MadeAgain, Record, Store
from cli.audit.findings import Report
from cli.audit.inquiries import Asked, check_requests
from shared.agreement import day_of
from shared.contracts.classifier import AssessmentErased, FirmAssessed
from shared.contracts.intake import FirmErased, FirmRegistered
from shared.contracts.notifier import NotificationDelivered, OutcomesAnswered, PreferenceAnswered
from shared.contracts.referral import PreferenceAsked, ReferralAwaited, ReferralMoved, ReferralOpened
from shared.contracts.referrals import InformationRequested
from shared.feeds.records import Packed

Logs = Mapping[tuple[str, int], Log]


@dataclass(frozen=True, slots=True)
class Told:
    """An event as the auditor reads it: type, data, and the feed's name."""

    feed: str
    type: str
    data: Any


@dataclass(slots=True)
class Life:
    """One service: its snapshot, what it heard on internal feeds, what it said."""

    store: Store
    prefix: str
    logs: Logs
    growths: Sequence[Mapping[str, int]] = ()
    """For each time that a topic was given more partitions, the last numbers of its feeds before that."""

    def grown(self, feed: str, number: int) -> int:
        """Orders what was said of a firm before its topic grew, on one feed, and after it, perhaps on another."""
        return sum(number > heads.get(feed, 0) for heads in self.growths)

    def heard(self, topic: str) -> Iterator[tuple[str, Any]]:
        """Type and data of the events that the snapshot has consumed and not set aside, each number once."""
        aside = {
            (row["topic"], row["partition"], row["record_offset"])
            for row in self.store.held
            if row["state"] != "redriven"
        }
        found: list[tuple[int, Record]] = []
        for (name, partition), log in self.logs.items():
            position = self.store.positions.get((name, partition))
            if name != self.prefix + topic or position is None:
                continue
            copies: dict[int, list[Record]] = {}
            for record in log.records:
                if record.offset < position["next_offset"] and record.number is not None:
                    copies.setdefault(record.number, []).append(record)
            for number in sorted(copies):
                # Any copy may be the one that was set aside: a reader that waits for a missing number passes some over.
                if not any((name, partition, record.offset) in aside for record in copies[number]):
                    found.append((self.grown(f"{name}/{partition}", number), copies[number][0]))
        for _, record in sorted(found, key=lambda one: one[0]):
            yield record.attribute("type"), record.data()

    def consumed(self, topic: str) -> Iterator[tuple[str, int, int]]:
        """Topic, partition and offset of the records of a door that are there and that the snapshot has consumed."""
        for (name, partition), log in self.logs.items():
            position = self.store.positions.get((name, partition))
            if name == self.prefix + topic and position is not None:
                end = min(position["next_offset"], log.end)
                yield from ((name, partition, offset) for offset in range(log.begin, end))

    def said(self, topic: str) -> Iterator[Told]:
        """Everything that was said on a topic up to the snapshot, in the order of its feeds.

        What the journal lacks is taken from Kafka, so that one missing row is found as just that by the check of feeds.
        """
        found: list[tuple[int, Told]] = []
        for feed, head in self.store.heads.items():
            name, _, partition = feed.rpartition("/")
            if name != self.prefix + topic:
                continue
            told: dict[int, Told] = {}
            for row in self.store.journal.get(feed, ()):
                for number, packed in enumerate(row.records or (), row.first):
                    told[number] = _told(feed, packed)
            log = self.logs.get((name, int(partition)))
            for record in log.records if log else ():
                if record.number is not None and record.number <= head and record.number not in told:
                    told[record.number] = Told(feed, record.attribute("type"), record.data())
            found += [(self.grown(feed, number), told[number]) for number in sorted(told)]
        yield from (told for _, told in sorted(found, key=lambda one: one[0]))

    @property
    def firms_waiting(self) -> set[str]:
        return set(self.store.firms_held)


def _told(feed: str, packed: Packed) -> Told:
    kind = dict(packed.headers).get("ce_type")
    document = msgspec.json.decode(packed.value)
    return Told(feed, document["type"], document["data"]) if kind is None else Told(feed, kind.decode(), document)


def check_intake(report: Report, life: Life, partners: Iterable[str]) -> None:
    """Each record at the door has one final answer; each firm's versions count 1, 2, 3 … up to its row's."""
    versions = _in_order(report, "intake", life.said("intake.firms.v1"), FirmRegistered.type)
    rows = {row["firm_id"]: row["version"] for row in life.store.tables["profiles"] if row["version"]}
    _same_versions(report, "intake's profiles", rows, versions, set())
    for code in partners:
        answers: Counter[tuple[str, int, int]] = Counter()
        for told in life.said(f"partners.{code}.receipts.v1"):
            if not told.type.endswith(".held.v1"):
                answers[_position(told.data)] += 1
        _one_answer_each(report, life, f"partners.{code}.firms.v1", answers)


def check_classifier(report: Report, life: Life) -> None:
    """The newest version heard of each firm is the one assessed; what was said answers what was heard, once."""
    heard: set[tuple[str, int]] = set()
    newest: dict[str, int] = {}
    for kind, data in life.heard("intake.firms.v1"):
        if kind == FirmRegistered.type:
            heard.add((data["firm_id"], data["version"]))
            newest[data["firm_id"]] = data["version"]
        elif kind == FirmErased.type:
            newest.pop(data["firm_id"], None)
    report.looked_at["assessments"] += len(heard)
    said: Counter[tuple[str, int]] = Counter()
    for told in life.said("classifier.assessments.v1"):
        if told.type == FirmAssessed.type:
            said[told.data["firm_id"], told.data["version"]] += 1
    _once(report, "an assessment", said)
    for firm_id, version in said.keys() - heard:
        report.find("effects", f"firm {firm_id}", f"version {version} was assessed and never heard")
    rows = {row["firm_id"]: row["version"] for row in life.store.tables["assessments"]}
    _same_versions(report, "the classifier's assessments", rows, newest, life.firms_waiting)


def check_referral(report: Report, life: Life, partners: Iterable[str]) -> None:
    """Each referral was opened once and told once to its partner, and stands where its last move left it."""
    newest: dict[str, int] = {}
    for kind, data in life.heard("classifier.assessments.v1"):
        if kind == FirmAssessed.type:
            newest[data["firm_id"]] = data["version"]
        elif kind == AssessmentErased.type:
            newest.pop(data["firm_id"], None)
    rows = {row["firm_id"]: row["version"] for row in life.store.tables["assessments"]}
    _same_versions(report, "referral's assessments", rows, newest, life.firms_waiting)
    opened: Counter[str] = Counter()
    status: dict[str, str] = {}
    moved: dict[str, tuple[str, datetime]] = {}
    partner: dict[str, str] = {}
    for told in life.said("referral.events.v1"):
        if told.type not in (ReferralOpened.type, ReferralMoved.type):
            continue
        referral_id = told.data["referral_id"]
        partner[referral_id] = told.data["partner"]
        if told.type == ReferralOpened.type:
            opened[referral_id] += 1
            status.setdefault(referral_id, "requested")
        elif told.data["status"] != "cancellation_requested":
            # By time and not by feed alone: a referral that follows its firm's successor goes on on another feed.
            at = datetime.fromisoformat(told.data["at"])
            feed, before = moved.get(referral_id, (told.feed, at))
            if feed == told.feed or at >= before:
                status[referral_id], moved[referral_id] = told.data["status"], (told.feed, at)
    requested: Counter[tuple[str, str]] = Counter()
    inquired: Counter[Asked] = Counter()
    for code in partners:
        answers: Counter[tuple[str, int, int]] = Counter()
        for told in life.said(f"partners.{code}.referrals.v1"):
            if told.type == "it.portolano.referral.requested.v1":
                requested[code, told.data["referral_id"]] += 1
            elif told.type == InformationRequested.type:
                inquired[Asked(code, told.data["request_id"], told.data["firm_id"])] += 1
            elif told.type.endswith((".update-recorded.v1", ".update-refused.v1")):
                answers[_position(told.data)] += 1
        _one_answer_each(report, life, f"partners.{code}.updates.v1", answers)
    referrals = {row["referral_id"]: row for row in life.store.tables["referrals"]}
    report.looked_at["referrals"] += len(referrals.keys() | opened.keys())
    _once(report, "the opening of referral", opened)
    for referral_id in opened.keys() - referrals.keys():
        report.find("effects", f"referral {referral_id}", f"was told to {partner[referral_id]} and is not in the store")
    for referral_id, row in referrals.items():
        where = f"referral {referral_id}"
        if referral_id not in opened:
            report.find("effects", where, "is in the store and was never said")
        if requested[row["partner"], referral_id] != 1:
            report.find("effects", where, f"{row['partner']} was asked {requested[row['partner'], referral_id]} times")
        if status.get(referral_id, row["status"]) != row["status"]:
            report.find("effects", where, f"stands as {row['status']}, its last move said {status[referral_id]}")
    for code, referral_id in requested.keys() - {(row["partner"], key) for key, row in referrals.items()}:
        report.find(
            "effects", f"referral {referral_id}", f"{code} was asked, but the store has no such referral of theirs"
        )
    delivered = Counter(
        _key(d) for kind, d in life.heard("notifier.deliveries.v1") if kind == NotificationDelivered.type
    )
    _same_rows(report, "a delivery", delivered, Counter(_key(row) for row in life.store.tables["deliveries"]), life)
    _heard_answers(report, life, referrals)
    tables = life.store.tables
    erased = {row["firm_id"] for row in tables["erasures"]}
    cut = {code for code in partners if _begin(life, f"partners.{code}.referrals.v1") > 0}
    check_requests(report, tables["information_requests"], inquired, erased, cut)


def _begin(life: Life, topic: str) -> int:
    """The first offset that lies on a topic of one partition."""
    log = life.logs.get((life.prefix + topic, 0))
    return log.begin if log else 0


def _heard_answers(report: Report, life: Life, referrals: Mapping[str, Any]) -> None:
    """What firms answered stands with their referrals; that of an erased firm may stand as unanswered."""
    for kind, data in life.heard("notifier.deliveries.v1"):
        if kind != OutcomesAnswered.type:
            continue
        row = referrals.get(data["referral_id"])
        said = "yes" if data["confirmed"] else "disputed"
        if row is None or row["status"] != "completed" or row["answer_by"] is None:
            continue
        if row["confirmed_by_firm"] != said:
            stands = row["confirmed_by_firm"]
            report.find(
                "effects", f"referral {data['referral_id']}", f"the firm's answer is {said}, the store says {stands}"
            )


TOLD_OF_A_MOVE = {
    "accepted": [("firm", "accepted")],
    "completed": [("firm", "completed")],
    "failed": [("firm", "failed")],
    "cancellation_requested": [("partner", "cancellation_requested")],
    "cancelled": [("partner", "cancelled"), ("firm", "cancelled")],
    "entered_in_error": [("partner", "cancelled"), ("firm", "cancelled")],
}
"""A referral's new status -> recipient and purpose of each message."""
TOLD_OF_A_STEP = {"reminded": ("partner", "reminded"), "escalated": ("partner", "escalated")}
"""A step of the ladder -> recipient and purpose; what is awaited, and until when, makes it another message."""
NOT_FOR_THE_FIRM = frozenset(
    {"duplicate", "firm_erased", "firm_merged", "membership_changed", "no_response", "superseded"}
)
"""Why a referral was cancelled, where the partner alone is told."""


def check_notifier(report: Report, life: Life) -> None:
    """One message for each that was to be told, neither more nor less; each that was sent was said once."""
    expected: dict[tuple[str, ...], int] = {}
    supporting: set[str] = set()
    for kind, data in life.heard("referral.events.v1"):
        if kind == PreferenceAsked.type:
            expected[data["question_id"], "mail", "firm", "preference"] = 1
        if kind not in (ReferralOpened.type, ReferralMoved.type, ReferralAwaited.type):
            continue
        told: Iterable[tuple[str, str]] = ()
        if kind == ReferralOpened.type:
            told = (("partner", "requested"), ("firm", "requested"))
            if data["role"] == "supporting":
                supporting.add(data["referral_id"])
        elif kind == ReferralMoved.type:
            told = TOLD_OF_A_MOVE.get(data["status"], ())
        elif kind == ReferralAwaited.type:
            recipient, purpose = TOLD_OF_A_STEP[data["step"]]
            told = ((recipient, "/".join([purpose, data["awaits"], *_day_of(data.get("due_by"))])),)
        silent = data["referral_id"] in supporting or (
            data.get("status") == "cancelled" and data.get("reason") in NOT_FOR_THE_FIRM
        )
        for recipient, purpose in told:
            if recipient == "partner" or not silent:
                expected[data["referral_id"], "mail", recipient, purpose] = 1
    rows = life.store.tables["notifications"]
    report.looked_at["notifications"] += len(rows)
    _same_rows(report, "a message", expected, Counter(_key(row) for row in rows), life)
    sent = Counter(_key(row) for row in rows if row["state"] == "sent")
    said = Counter(_key(t.data) for t in life.said("notifier.deliveries.v1") if t.type == NotificationDelivered.type)
    for key in sent.keys() | said.keys():
        if sent[key] != said[key]:
            report.find(
                "effects", f"message {'/'.join(key)}", f"is marked sent {sent[key]} times and said {said[key]} times"
            )
    answered = Counter(row["id"] for row in life.store.tables["questions"] if row["answer"] is not None)
    told = Counter(
        t.data["referral_id"] for t in life.said("notifier.deliveries.v1") if t.type == OutcomesAnswered.type
    )
    for id in answered.keys() | told.keys():
        if told[id] > 1 or answered[id] > told[id]:  # an erased firm's question is gone, what was said of it is not
            counts = f"the firm's answer stands {answered[id]} times and was said {told[id]} times"
            report.find("effects", f"question {id}", counts)
    report.waiting["mails to be sent"] += sum(row["state"] == "pending" for row in rows)


def _day_of(at: str | None) -> list[str]:
    return [day_of(datetime.fromisoformat(at)).isoformat()] if at is not None else []


_ANSWERS = (OutcomesAnswered.type, PreferenceAnswered.type)


def _asked_for(data: Any) -> str:
    """What a firm was asked about: a referral, or a wish of its own."""
    return str(data["referral_id"] if "referral_id" in data else data["question_id"])


def _key(row: Any) -> tuple[str, ...]:
    return row["referral_id"], row["channel"], row["recipient"], row["purpose"]


def _position(data: Any) -> tuple[str, int, int]:
    at = data["position"]
    return at["topic"], at["partition"], at["offset"]


def _in_order(report: Report, who: str, told: Iterable[Told], kind: str) -> dict[str, int]:
    """The last version said of each firm; they must come as 1, 2, 3 …"""
    last: dict[str, int] = {}
    for one in told:
        if one.type != kind:
            continue
        firm_id, version = one.data["firm_id"], one.data["version"]
        if (firm_id in last and version != last[firm_id] + 1) or (firm_id not in last and version != 1):
            report.find("order", f"{who}, firm {firm_id}", f"version {version} follows {last.get(firm_id, 'nothing')}")
        last[firm_id] = version
    report.looked_at["firms"] += len(last)
    return last


def _same_versions(
    report: Report, who: str, rows: Mapping[str, int], expected: Mapping[str, int], waiting: set[str]
) -> None:
    for firm_id in (rows.keys() | expected.keys()) - waiting:
        if rows.get(firm_id) != expected.get(firm_id):
            report.find(
                "effects",
                f"{who}, firm {firm_id}",
                f"the row says version {rows.get(firm_id, 'none')}, the events say {expected.get(firm_id, 'none')}",
            )


def _once(report: Report, what: str, counts: Mapping[Any, int]) -> None:
    for key, n in counts.items():
        if n != 1:
            report.find("effects", f"{what} {key}", f"was said {n} times")


def _one_answer_each(report: Report, life: Life, topic: str, answers: Mapping[tuple[str, int, int], int]) -> None:
    aside = {
        (r["topic"], r["partition"], r["record_offset"]) for r in life.store.held if r["state"] in ("held", "queued")
    }
    consumed = set(life.consumed(topic))

    def before(topic: str) -> MadeAgain:
        return life.store.made_again.get(topic, MadeAgain())

    report.looked_at["records at the doors"] += len(consumed)
    for at in consumed:
        wanted = 0 if at in aside else 1
        # A topic that was made again gives its offsets out once more: who was answered there before counts as well.
        if not wanted <= answers.get(at, 0) <= wanted + before(at[0]).times:
            report.find(
                "answers", f"{at[0]}/{at[1]}@{at[2]}", f"has {answers.get(at, 0)} final answers instead of {wanted}"
            )
    begins = {key: log.begin for key, log in life.logs.items()}
    for at in answers.keys() - consumed:
        if at[2] >= max(begins.get((at[0], at[1]), 0), before(at[0]).read):
            report.find("answers", f"{at[0]}/{at[1]}@{at[2]}", "was answered and never consumed")


def _same_rows(report: Report, what: str, expected: Mapping[Any, int], rows: Mapping[Any, int], life: Life) -> None:
    for key in expected.keys() | rows.keys():
        if expected.get(key, 0) != rows.get(key, 0):
            report.find(
                "effects",
                f"{what} {'/'.join(key)}",
                f"stands {rows.get(key, 0)} times in the store of {life.store.service}, "
                f"the events ask for {expected.get(key, 0)}",
            )
