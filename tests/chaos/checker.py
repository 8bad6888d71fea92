"""The judge: what the partners' ledger, the topics and the stores say of each other once everything is at rest.

It knows the contract and the ledger, and nothing of the runtime. Each check gives back findings, none where all is
well: lost (something that should be is not), doubled (something is twice), inverted (out of a firm's order), gap (a
feed without one of its numbers), unaccounted (a record without exactly one outcome).
"""

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.chaos.evidence import SERVICES, Log, Place, Record, Row
from tests.chaos.ledger import Ledger

OPEN = frozenset({"requested", "received", "accepted", "in_progress", "on_hold"})
READS = {
    "classifier": ("intake.firms.v1",),
    "referral": ("classifier.assessments.v1", "notifier.deliveries.v1"),
    "notifier": ("referral.events.v1",),
}
DOORS = {"intake": ".firms.v1", "referral": ".updates.v1"}
OUTCOMES = ("applied", "repeated", "refused", "held", "discarded")


class Fault(StrEnum):
    LOST = "lost"
    DOUBLED = "doubled"
    INVERTED = "inverted"
    GAP = "gap"
    UNACCOUNTED = "unaccounted"


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.where}: {self.what}"


@dataclass(slots=True)
class Scene:
    """All that is judged. `mails`: how often each Message-ID lies in the partners' and firms' mailbox."""

    ledger: Ledger
    logs: Mapping[Place, Log]
    stores: Mapping[str, Mapping[str, list[Row]]]
    mails: Counter[str]

    def told(self, topic: str) -> Iterator[tuple[int, Record]]:
        """What a reader by the contract's rule takes from a topic of ours: each number once. Where the topic was given
        more partitions, all of before comes first: it was read before anything of after was written."""
        for _, partition, record in sorted(self._told(topic), key=lambda one: (*one[:2], one[2].number)):
            yield partition, record

    def _told(self, topic: str) -> Iterator[tuple[int, int, Record]]:
        """With how often the topic had grown when the record was written."""
        ends = [json.loads(growth["heads"]) for growth in self._growths(topic)]
        for (name, partition), log in self.logs.items():
            if name == topic:
                last = 0
                for record in log.records:
                    if record.number is not None and record.number > last:
                        last = record.number
                        grown = sum(record.number > heads.get(f"{topic}/{partition}", 0) for heads in ends)
                        yield grown, partition, record

    def _growths(self, topic: str) -> list[Row]:
        return self.stores.get(topic.partition(".")[0], {}).get("growths", [])

    def strayed(self, topic: str) -> Iterator[tuple[str, int, int]]:
        """Firms, each with the partition that it was found on and the number of partitions of that time, by which it
        belongs elsewhere."""
        growths = self._growths(topic)
        now = len([name for name, _ in self.logs if name == topic])
        spread = [growth["was"] for growth in growths] + [growths[-1]["partitions"] if growths else now]
        for grown, partition, record in self._told(topic):
            firm_id = record.data["firm_id"]
            if zlib.crc32(firm_id.encode()) % spread[grown] != partition:
                yield firm_id, partition, spread[grown]

    def partners(self) -> list[str]:
        return sorted(name.split(".")[1] for name, _ in self.logs if name.endswith(".receipts.v1"))


def judge(scene: Scene) -> list[Finding]:
    """Everything that is wrong."""
    return [finding for check in CHECKS for finding in check(scene)]


def feeds_have_no_gap(scene: Scene) -> Iterator[Finding]:
    """Numbers rise by one; what comes again is the same to the byte; a generation begins where it says that it
    forks off; the store's head is the last."""
    heads = {row["feed"]: row["sequence"] for tables in scene.stores.values() for row in tables["feeds"]}
    for (topic, partition), log in scene.logs.items():
        if topic.endswith(tuple(DOORS.values())) and topic.startswith("partners."):
            continue
        feed, last = f"{topic}/{partition}", 0
        seen: dict[int, bytes] = {}
        generation: bytes | None = None
        for record in log.records:
            if record.number is None:
                yield Finding(Fault.GAP, feed, f"offset {record.offset} has no number")
                continue
            if record.number > last + 1:
                yield Finding(Fault.GAP, feed, f"{record.number} follows {last}")
            if record.number <= last and seen.get(record.number) != record.value:
                yield Finding(Fault.INVERTED, feed, f"number {record.number} came again with another content")
            if record.number > last:
                fork = record.headers.get("ce_fork")
                if generation is not None and record.generation != generation and (not fork or int(fork) != last):
                    yield Finding(Fault.GAP, feed, f"number {record.number} is of another generation without a fork")
                generation = record.generation
            seen[record.number] = record.value
            last = max(last, record.number)
        if heads.get(feed, 0) != last:
            yield Finding(Fault.LOST, feed, f"the store has given out {heads.get(feed, 0)} numbers, {last} came")


def every_record_has_one_outcome(scene: Scene) -> Iterator[Finding]:
    """Readers stand at the end of what they read, and their outcomes add up to it."""
    for service in SERVICES:
        at = {(row["topic"], row["partition"]): row for row in scene.stores[service]["positions"]}
        for place, log in scene.logs.items():
            topic = place[0]
            heard = topic in READS.get(service, ()) or (
                topic.startswith("partners.") and service in DOORS and topic.endswith(DOORS[service])
            )
            row = at.get(place)
            if not heard or (row is None and log.end == 0):
                continue
            where = f"{service} at {topic}/{place[1]}"
            if row is None or row["next_offset"] != log.end:
                yield Finding(Fault.LOST, where, f"read to {row and row['next_offset']} of {log.end}")
            if row is not None and sum(row[one] for one in OUTCOMES) != row["next_offset"] - row["first_offset"]:
                yield Finding(Fault.UNACCOUNTED, where, f"{[row[one] for one in OUTCOMES]} of {row['next_offset']}")
        states = Counter(row["state"] for row in scene.stores[service]["held"])
        for state in states.keys() - {"redriven", "discarded"}:
            yield Finding(Fault.UNACCOUNTED, service, f"{states[state]} of the records set aside are {state}")
        counted = sum(row["discarded"] for row in at.values())
        if counted != states["discarded"]:
            yield Finding(Fault.UNACCOUNTED, service, f"{counted} are counted as discarded, {states['discarded']} are")


def what_was_acknowledged_lies_there(scene: Scene) -> Iterator[Finding]:
    """The broker has what it said that it has, once."""
    ids = {
        (topic, log.records[n].offset): log.records[n].headers["ce_id"]
        for (topic, _), log in scene.logs.items()
        if topic.endswith(tuple(DOORS.values())) and topic.startswith("partners.")
        for n in range(len(log.records))
    }
    if scene.ledger.failures:
        yield Finding(Fault.LOST, "partners", f"{scene.ledger.failures[:3]}")
    for entry in scene.ledger.entries:
        if entry.at is None or ids.pop((entry.topic, entry.at[1]), b"") != entry.event_id.encode():
            yield Finding(Fault.LOST, entry.topic, f"{entry.event_id} is not where it was acknowledged: {entry.at}")
    for (topic, offset), event_id in ids.items():
        yield Finding(Fault.DOUBLED, topic, f"{event_id!r} at {offset} was not sent")


FINAL = {
    "receipts": ("it.portolano.submission.accepted.v1", "it.portolano.submission.refused.v1"),
    "referrals": ("it.portolano.referral.update-recorded.v1", "it.portolano.referral.update-refused.v1"),
}


def every_record_of_a_partner_has_one_answer(scene: Scene) -> Iterator[Finding]:
    """One final answer each; a submission is accepted, its repeat is told to be one."""
    answers: dict[tuple[str, int], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for code in scene.partners():
        for topic, kinds in FINAL.items():
            for _, record in scene.told(f"partners.{code}.{topic}.v1"):
                if record.kind in kinds:
                    data = record.data
                    place = data["position"]
                    answers[place["topic"], place["offset"]].append((record.kind, data))
    for entry in scene.ledger.entries:
        if entry.at is None:
            continue
        given = answers.pop((entry.topic, entry.at[1]), [])
        if len(given) != 1:
            fault = Fault.DOUBLED if given else Fault.LOST
            yield Finding(fault, entry.topic, f"{entry.event_id} at {entry.at} has {len(given)} answers")
            continue
        kind, data = given[0]
        if entry.topic.endswith(".firms.v1"):
            if not kind.endswith("accepted.v1"):
                yield Finding(Fault.LOST, entry.topic, f"{entry.event_id} was refused: {data['problems']}")
            elif (data["outcome"] == "repeated") != entry.repeats:
                yield Finding(Fault.DOUBLED, entry.topic, f"{entry.event_id} is told {data['outcome']}")
    for place in answers:
        yield Finding(Fault.DOUBLED, place[0], f"an answer to {place}, which nobody sent")


def every_firm_has_arrived_everywhere(scene: Scene) -> Iterator[Finding]:
    """Stores have what was last said of each firm, in the chain's order: versions 1, 2, 3 … on the firm's partition."""
    firms = scene.ledger.firms
    codes = _codes(scene)
    if len(codes) != firms:
        yield Finding(Fault.LOST, "intake", f"{len(codes)} firms of {firms}")
    stands = {(row["firm_id"], row["partner"]): row["submission_id"] for row in scene.stores["intake"]["assertions"]}
    latest = scene.ledger.latest()
    if len(stands) != len(latest):
        yield Finding(Fault.LOST, "intake", f"{len(stands)} assertions of {len(latest)}")
    for (firm, partner), entry in latest.items():
        if stands.get((codes.get(firm, ""), partner)) != entry.event_id:
            yield Finding(Fault.LOST, "intake", f"of firm {firm} by {partner} another submission stands")
    said: dict[str, dict[str, int]] = {}
    for topic in ("intake.firms.v1", "classifier.assessments.v1"):
        for firm_id, partition, spread in scene.strayed(topic):
            yield Finding(Fault.INVERTED, topic, f"{firm_id} on partition {partition} of {spread}")
        last: dict[str, int] = defaultdict(int)
        for _, record in scene.told(topic):
            data = record.data
            firm_id = data["firm_id"]
            if record.kind.endswith("restated.v1"):  # what was said last, once more
                if data["state"]["version"] != last[firm_id]:
                    yield Finding(Fault.INVERTED, topic, f"{firm_id}: said anew after version {last[firm_id]}")
                continue
            version = data["version"]
            if version <= last[firm_id]:
                yield Finding(Fault.INVERTED, topic, f"{firm_id}: version {version} after {last[firm_id]}")
            if topic == "intake.firms.v1" and version > last[firm_id] + 1:
                yield Finding(Fault.LOST, topic, f"{firm_id}: version {version} after {last[firm_id]}")
            last[firm_id] = version
        said[topic] = last
    for service, table, topic in (
        ("intake", "profiles", "intake.firms.v1"),
        ("classifier", "assessments", "intake.firms.v1"),
        ("referral", "assessments", "classifier.assessments.v1"),
    ):
        rows = {row["firm_id"]: row["version"] for row in scene.stores[service][table]}
        for firm_id, version in said[topic].items():
            if rows.get(firm_id) != version:
                yield Finding(Fault.LOST, service, f"{firm_id}: stands at {rows.get(firm_id)}, said was {version}")


def every_referral_is_told_once(scene: Scene) -> Iterator[Finding]:
    """Each task is on its partner's topic once and first of all that concerns it; an open need has one responsible."""
    rows = {row["referral_id"]: row for row in scene.stores["referral"]["referrals"]}
    told: Counter[str] = Counter()
    for code in scene.partners():
        known: set[str] = set()
        for _, record in scene.told(f"partners.{code}.referrals.v1"):
            if not record.kind.startswith("it.portolano.referral."):
                continue
            kind, data = record.kind.removeprefix("it.portolano.referral."), record.data
            referral = str(data.get("referral_id", ""))
            if kind == "requested.v1":
                told[referral] += 1
                known.add(referral)
                if rows.get(referral, {}).get("partner") != code:
                    yield Finding(Fault.DOUBLED, code, f"was told of {referral}, which is not its own")
            elif referral and not kind.startswith("update-") and referral not in known:
                yield Finding(Fault.INVERTED, code, f"{kind} of {referral} before it was requested")
    yield from _each_once(told, rows, "partners' topics")
    opened: Counter[str] = Counter()
    status: dict[str, str] = {}
    for _, record in scene.told("referral.events.v1"):
        data = record.data
        if record.kind.endswith("referral.opened.v1"):
            opened[data["referral_id"]] += 1
            status[data["referral_id"]] = "requested"
        elif record.kind.endswith("referral.moved.v1"):
            if data["status"] in ("cancellation_requested",):
                continue
            if status.get(data["referral_id"]) != data["was"]:
                yield Finding(
                    Fault.INVERTED, "referral.events.v1", f"{data['referral_id']}: {data['was']} → {data['status']}"
                )
            status[data["referral_id"]] = data["status"]
    yield from _each_once(opened, rows, "referral.events.v1")
    for referral, row in rows.items():
        if status.get(referral) != row["status"]:
            yield Finding(Fault.LOST, "referral", f"{referral} is {row['status']}, said was {status.get(referral)}")
    yield from _needs(scene, rows)


def _needs(scene: Scene, rows: Mapping[str, Row]) -> Iterator[Finding]:
    responsible = Counter(r["need_id"] for r in rows.values() if r["role"] == "responsible" and r["status"] in OPEN)
    for need in scene.stores["referral"]["needs"]:
        wanted = 1 if need["state"] == "referred" else 0
        if responsible[need["need_id"]] != wanted:
            fault = Fault.DOUBLED if responsible[need["need_id"]] > wanted else Fault.LOST
            yield Finding(
                fault, "referral", f"need {need['need_id']}, {need['state']}: {responsible[need['need_id']]} at work"
            )
    codes, agreed = _codes(scene), scene.ledger.consents()
    fronts: dict[str, set[str]] = defaultdict(set)
    declared: dict[str, set[str]] = defaultdict(set)
    for need in scene.stores["referral"]["needs"]:
        fronts[need["firm_id"]].add(need["front"])
    for (firm, _), entry in scene.ledger.latest().items():
        told: Any = entry.data["firm"]
        declared[codes.get(firm, "")] |= {one["front"] for one in told["needs"]}
    for firm_id, wanted_fronts in declared.items():
        if missing := wanted_fronts - fronts[firm_id]:
            yield Finding(Fault.LOST, "referral", f"{firm_id}: no need for {sorted(missing)}")
    numbers = {firm_id: firm for firm, firm_id in codes.items()}
    for need in scene.stores["referral"]["needs"]:
        lets = agreed[numbers[need["firm_id"]]]
        if lets and need["state"] == "waiting_consent":
            yield Finding(Fault.LOST, "referral", f"need {need['need_id']} waits for a consent that was given")
    for row in rows.values():
        if row["status"] in ("requested", "received", "accepted") and not agreed[numbers[row["firm_id"]]]:
            yield Finding(Fault.LOST, "referral", f"{row['referral_id']} is {row['status']}: the consent was revoked")


def every_update_counts_once(scene: Scene) -> Iterator[Finding]:
    """Each answer of a partner stands once in the store."""
    stored = Counter((row["partner"], row["id"]) for row in scene.stores["referral"]["updates"])
    sent = Counter((e.partner, e.event_id) for e in scene.ledger.entries if e.topic.endswith(".updates.v1"))
    for key in stored.keys() | sent.keys():
        if stored[key] != sent[key]:
            fault = Fault.DOUBLED if stored[key] > sent[key] else Fault.LOST
            yield Finding(fault, "updates", f"{key} was sent {sent[key]} times and stands {stored[key]} times")


def every_mail_went_out(scene: Scene) -> Iterator[Finding]:
    """Each has ended, lies in the mailbox, and is told as delivered, once; nothing lies there that nobody decided."""
    rows = scene.stores["notifier"]["notifications"]
    asked = {row["referral_id"] for row in rows if (row["purpose"], row["recipient"]) == ("requested", "partner")}
    for row in scene.stores["referral"]["referrals"]:
        if row["referral_id"] not in asked:
            yield Finding(Fault.LOST, "notifier", f"no mail to the desk about {row['referral_id']}")
    delivered = {row["message_id"] for row in scene.stores["referral"]["deliveries"]}
    for row in rows:
        message = row["message_id"]
        if row["state"] not in ("sent", "no_address"):
            yield Finding(Fault.LOST, "notifier", f"{message} is {row['state']}")
        elif row["state"] == "sent" and not scene.mails[message]:
            yield Finding(Fault.LOST, "mailbox", f"{message} was sent and has not come")
        elif row["state"] == "sent" and message not in delivered:
            yield Finding(Fault.LOST, "referral", f"{message} is not known as delivered")
    told = Counter(
        record.data["message_id"]
        for _, record in scene.told("notifier.deliveries.v1")
        if record.kind.endswith("notification.delivered.v1")
    )
    for message, n in told.items():
        if n > 1:
            yield Finding(Fault.DOUBLED, "notifier.deliveries.v1", f"{message} was told as delivered {n} times")
    for message in scene.mails.keys() - {row["message_id"] for row in rows}:
        yield Finding(Fault.DOUBLED, "mailbox", f"{message} was never decided")


def _codes(scene: Scene) -> dict[int, str]:
    """The firm's number in the run -> its id. The number stands in the synthetic codice fiscale."""
    return {int(row["codice_fiscale"][:7]) - 1: row["firm_id"] for row in scene.stores["intake"]["profiles"]}


def _each_once(told: Counter[str], rows: Iterable[str], where: str) -> Iterator[Finding]:
    for referral in {*told, *rows}:
        if told[referral] != 1:
            fault = Fault.DOUBLED if told[referral] else Fault.LOST
            yield Finding(fault, where, f"{referral} was told {told[referral]} times")


CHECKS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    feeds_have_no_gap,
    every_record_has_one_outcome,
    what_was_acknowledged_lies_there,
    every_record_of_a_partner_has_one_answer,
    every_firm_has_arrived_everywhere,
    every_referral_is_told_once,
    every_update_counts_once,
    every_mail_went_out,
)
